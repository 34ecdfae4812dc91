import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { FakeIdentityProvider, type ProviderOptions } from "./fake-identity-provider.ts";

/** An MCP server with three tools that notes which credentials reach it. */
export interface ToolServer {
  readonly port: number;
  readonly authorizations: (string | undefined)[];
  readonly headers: IncomingHttpHeaders[];
  close(): void;
}

/** @param inputSchema of all tools */
export async function startToolServer(inputSchema: object = { type: "object" }): Promise<ToolServer> {
  const authorizations: (string | undefined)[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    authorizations.push(request.headers.authorization);
    headers.push(request.headers);
    let body = "";
    for await (const chunk of request) body += String(chunk);
    if (request.method !== "POST") return void response.writeHead(405).end();
    const { id, method, params } = JSON.parse(body) as {
      id?: number;
      method: string;
      params?: { protocolVersion?: string; name?: string };
    };
    if (id === undefined) return void response.writeHead(202).end();
    const results: Record<string, unknown> = {
      initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "tools", version: "1" } },
      "tools/list": { tools: ["read", "write"].map((name) => ({ name, inputSchema })) },
      "tools/call": { content: [{ type: "text", text: `called ${params?.name}` }] },
    };
    const result = results[method];
    const answer = result === undefined ? { error: { code: -32601, message: "no such method" } } : { result };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    authorizations,
    headers,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export interface Rig {
  readonly provider: FakeIdentityProvider;
  readonly gateway: TestGateway;
  readonly tools: ToolServer;
  readonly origin: string;
  /** What the gateway was started with. */
  readonly config: string;
  close(): Promise<void>;
}

/** Identity provider, gateway and MCP server; the gateway's `issuer` is the provider's. */
export async function startRig(options: ProviderOptions, mcpAuthentication: Readonly<Record<string, unknown>>): Promise<Rig> {
  const provider = await new FakeIdentityProvider(options).start();
  const tools = await startToolServer();
  const wellKnown = ["oauth-protected-resource", "oauth-authorization-server"];
  const route = {
    // below these, the gateway adds the paths that belong to /mcp
    matches: [{ pathPrefix: "/mcp" }, ...wellKnown.map((name) => ({ exact: `/.well-known/${name}` }))].map((path) => ({ path })),
    policies: { mcpAuthentication: { issuer: provider.issuer, audiences: ["api://mcp"], resourceMetadata: {}, ...mcpAuthentication } },
    backends: [{ mcp: { targets: [{ name: "tools", mcp: { host: `http://127.0.0.1:${tools.port}/mcp` } }] } }],
  };
  const config = JSON.stringify({ binds: [{ port: 0, listeners: [{ routes: [route] }] }] });
  const gateway = await startTestGateway(config);
  return {
    config,
    provider,
    gateway,
    tools,
    origin: gateway.url(),
    async close() {
      await gateway.close();
      provider.close();
      tools.close();
    },
  };
}
