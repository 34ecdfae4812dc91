import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import * as z from "zod";

/** A stateless MCP server, made with the official SDK: one tool, `search`. */
export interface ToolServer {
  readonly port: number;
  /** Fields of every request that it got. */
  readonly seen: IncomingHttpHeaders[];
  close(): Promise<void>;
}

/** @param answer what `search` says before it repeats the question */
export async function startToolServer(answer: string): Promise<ToolServer> {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    const mcp = new McpServer({ name: answer, version: "1.0.0" });
    const inputSchema = { query: z.string(), product: z.string().optional() };
    mcp.registerTool("search", { description: `Searches ${answer}`, inputSchema }, ({ query }) => ({
      content: [{ type: "text", text: `${answer}: ${query}` }],
    }));
    const transport = new StreamableHTTPServerTransport({}); // no session ids: stateless
    response.once("close", () => void transport.close());
    void mcp.connect(transport as Transport).then(() => transport.handleRequest(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
