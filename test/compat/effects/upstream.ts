import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { bodyOf } from "../../http/upstream-server.ts";

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Whatever a gateway may have behind it: an HTTP server, a model and an MCP server in one, which remembers what it was asked.
 * Below /slow it answers after 200 ms, below /fail with 500.
 */
export class Upstream {
  readonly seen: Seen[] = [];
  /** Connections open at the moment. */
  connections = 0;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        const url = request.url ?? "";
        this.seen.push({ method: request.method ?? "", url, headers: request.headers, body });
        setTimeout(() => answer(url, body, response), url.startsWith("/slow") ? 200 : 0);
      });
    });
    this.server.keepAliveTimeout = 60_000;
    this.server.on("connection", (socket) => {
      this.connections += 1;
      socket.on("close", () => (this.connections -= 1));
    });
  }

  static async start(): Promise<Upstream> {
    const upstream = new Upstream();
    await new Promise<void>((resolve) => upstream.server.listen(0, "127.0.0.1", resolve));
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get last(): Seen {
    const last = this.seen.at(-1);
    if (last === undefined) throw new Error("nothing arrived at the upstream");
    return last;
  }

  /** The last request's body, JSON. */
  get lastJson(): Record<string, unknown> {
    return JSON.parse(this.last.body) as Record<string, unknown>;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

function answer(url: string, body: string, response: ServerResponse): void {
  const call = rpcCall(body);
  if (call !== undefined) return answerCall(call, response);
  const text = JSON.stringify({ model: "answering", usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } });
  response.writeHead(url.startsWith("/fail") ? 500 : 200, { "content-type": "application/json", "x-from": "upstream" }).end(text);
}

interface RpcCall {
  readonly id?: number | string;
  readonly method: string;
}

function rpcCall(body: string): RpcCall | undefined {
  if (!body.includes('"jsonrpc"')) return undefined;
  return JSON.parse(body) as RpcCall;
}

/** An MCP server with one tool. */
function answerCall({ id, method }: RpcCall, response: ServerResponse): void {
  if (id === undefined) {
    response.writeHead(202).end();
    return;
  }
  const results: Readonly<Record<string, unknown>> = {
    initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } },
    "tools/list": { tools: [{ name: "echo", inputSchema: { type: "object" } }] },
    "tools/call": { content: [{ type: "text", text: "done" }] },
  };
  const headers = { "content-type": "application/json", ...(method === "initialize" ? { "mcp-session-id": "upstream-session" } : {}) };
  response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: "2.0", id, result: results[method] ?? {} }));
}
