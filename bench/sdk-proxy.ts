import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
// the SDK calls Server deprecated because McpServer is simpler; McpServer cannot hand on tools that it did not define
// oxlint-disable-next-line typescript/no-deprecated
import { isInitializeRequest, Server } from "@modelcontextprotocol/server";

/**
 * Several MCP servers as one on the official SDK, as one writes it by hand in an afternoon: a low-level Server for each
 * session, whose handlers forward to one Client for each target; names get the target's in front where there are several.
 * Nothing is logged, checked or counted. A yardstick, not a product.
 * Usage: sdk-proxy.ts <port> <json or sse: how it replies> <name=URL of a target>...
 */
const [port, form, ...targets] = process.argv.slice(2);

const clients = new Map<string, Client>();
await Promise.all(
  targets.map(async (target) => {
    const [name, url] = target.split("=") as [string, string];
    const client = new Client({ name: "sdk-proxy", version: "1.0.0" });
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    clients.set(name, client);
  }),
);
const prefixed = clients.size > 1;

function newServer(): Server {
  const server = new Server({ name: "sdk-proxy", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", async (_, { mcpReq: { signal } }) => {
    const lists = await Promise.all(
      Array.from(clients, async ([target, client]) => {
        // not kept: nobody asks this client twice within a time to live
        const { tools } = await client.listTools(undefined, { signal, cacheMode: "bypass" });
        return prefixed ? tools.map((tool) => ({ ...tool, name: `${target}_${tool.name}` })) : tools;
      }),
    );
    return { tools: lists.flat() };
  });
  server.setRequestHandler("tools/call", ({ params }, { mcpReq: { signal } }) => {
    const at = prefixed ? params.name.indexOf("_") : -1;
    const client = prefixed ? clients.get(params.name.slice(0, at)) : clients.values().next().value;
    if (client === undefined) throw new Error(`no target for tool "${params.name}"`);
    return client.callTool({ ...params, name: params.name.slice(at + 1) }, { signal });
  });
  return server;
}

/** The sessions, by id. */
const transports = new Map<string, NodeStreamableHTTPServerTransport>();

async function newSession(): Promise<NodeStreamableHTTPServerTransport> {
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: form === "json",
    onsessioninitialized: (id) => void transports.set(id, transport),
    onsessionclosed: (id) => void transports.delete(id),
  });
  await newServer().connect(transport);
  return transport;
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const message: unknown = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
  const id = request.headers["mcp-session-id"];
  const known = typeof id === "string" ? transports.get(id) : undefined;
  const transport = known ?? (isInitializeRequest(message) ? await newSession() : undefined);
  if (transport === undefined) response.writeHead(404).end();
  else await transport.handleRequest(request, response, message);
}

const server = createServer({ keepAliveTimeout: 600_000, noDelay: true }, (request, response) => {
  serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
});
server.listen(Number(port), "127.0.0.1");
