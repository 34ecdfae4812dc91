import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { redactSecrets } from "../base/redact.ts";
import type { Log } from "../contract/runtime.ts";
import { type AdminReply, type Endpoint, textReply } from "./endpoint.ts";
import { refusalOf } from "./guard.ts";

export interface AdminServerSettings {
  readonly endpoints: readonly Endpoint[];
  /** Keep web pages out: undefined for servers that anybody may ask. */
  readonly guard: { readonly loopback: boolean } | undefined;
  readonly log: Log;
}

/** Connections at a time; scrapers and operators are few. */
const maxConnections = 128;

/** A server for some endpoints, not listening yet. */
export function createAdminServer({ endpoints, guard, log }: AdminServerSettings): Server {
  async function answer(request: IncomingMessage): Promise<AdminReply> {
    const refusal = guard && refusalOf(request.headers, guard.loopback);
    if (refusal !== undefined) return textReply(403, refusal);
    const { path, query } = split(request.url ?? "/");
    const here = endpoints.filter((endpoint) => endpoint.path === path);
    if (here.length === 0)
      return textReply(404, `no endpoint ${JSON.stringify(path)}; this address serves ${endpoints.map((one) => one.path).join(", ")}`);
    const method = request.method === "HEAD" ? "GET" : request.method;
    const endpoint = here.find((one) => one.method === method);
    if (endpoint === undefined) return textReply(405, `${path} takes ${here.map((one) => one.method).join(", ")}`);
    try {
      return await endpoint.handle({ query });
    } catch (error) {
      log.error("admin endpoint failed", { path, error });
      return textReply(500, `${path} failed: ${redactSecrets(error instanceof Error ? error.message : String(error))}; the log has it too`);
    }
  }

  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, maxHeaderSize: 16_384 },
    (request, response) => {
      request.resume(); // no endpoint takes a body
      void answer(request).then((reply) => write(response, reply, request.method === "HEAD"));
    },
  );
  server.maxConnections = maxConnections;
  return server;
}

function write(response: ServerResponse, { status, contentType, body }: AdminReply, headOnly: boolean): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(headOnly ? undefined : body);
}

/** Path and query of a request target, whatever was sent. */
function split(target: string): { path: string; query: URLSearchParams } {
  const at = target.indexOf("?");
  return at === -1
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, at), query: new URLSearchParams(target.slice(at)) };
}
