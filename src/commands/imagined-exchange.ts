import { Readable } from "node:stream";
import { HeaderList } from "../base/headers.ts";
import { normalisePath } from "../base/path.ts";
import type { RequestBody } from "../contract/body.ts";
import { GatewayError } from "../contract/errors.ts";
import { Exchange } from "../contract/exchange.ts";

/** A request as the command line describes it. */
export interface ExplainedRequest {
  /** `POST http://localhost:3000/mcp`; without a method GET. */
  readonly request: string | undefined;
  /** `name: value`. */
  readonly headers: readonly string[];
  readonly body: string | undefined;
  /** JSON of the claims that the caller's token would have. */
  readonly claims: string | undefined;
}

/** Bytes that may be read of a body; the default of frontendPolicies.http.maxBufferSize. */
const maxBufferSize = 2_097_152;

/**
 * An exchange for a request that nobody sent.
 * @throws Error with what is wrong with the description
 */
export function imagineExchange({ request, headers, body, claims }: ExplainedRequest): { exchange: Exchange; port: number } {
  const [, method = "GET", target] = /^(?:([A-Z]+)\s+)?(\S+)$/.exec(request?.trim() ?? "") ?? [];
  const url = target === undefined ? null : URL.parse(target);
  if (url === null) throw new Error('--request takes a method and a URL, such as "POST http://localhost:3000/mcp"');
  const path = normalisePath(url.pathname);
  if (path === undefined) throw new Error("--request has a path that the gateway refuses with 400");
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const list = new HeaderList(["host", url.host]);
  // what clients of models and MCP servers send; --header replaces them
  list.add("accept", "application/json, text/event-stream");
  if (body !== undefined) list.add("content-type", "application/json");
  for (const header of headers) {
    const colon = header.indexOf(":");
    if (colon < 1) throw new Error(`--header takes "name: value", not ${JSON.stringify(header)}`);
    list.set(header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim());
  }
  const exchange = new Exchange({
    connection: { remoteAddress: "127.0.0.1", remotePort: 0, localAddress: "127.0.0.1", localPort: port },
    listener: { bind: "", gateway: "", listener: "" },
    request: { method, scheme: url.protocol === "https:" ? "https" : "http", authority: url.host, path, search: url.search, headers: list },
    body: new TextBody(body ?? ""),
    httpVersion: "1.1",
    limits: { maxBufferSize },
    startedAt: 0,
    startedMonotonic: 0,
  });
  if (claims !== undefined) exchange.identity.jwt = { claims: parseClaims(claims), token: "" };
  return { exchange, port };
}

function parseClaims(text: string): Readonly<Record<string, unknown>> {
  const claims: unknown = JSON.parse(text);
  if (typeof claims !== "object" || claims === null || Array.isArray(claims)) throw new Error("--claims takes a JSON object");
  return claims as Record<string, unknown>;
}

/** A body that is all there from the start. */
class TextBody implements RequestBody {
  collected: Buffer;
  readonly recorded = undefined;

  constructor(text: string) {
    this.collected = Buffer.from(text);
  }

  get length(): number {
    return this.collected.length;
  }

  collect(limit: number): Promise<Buffer> {
    return this.collected.length > limit ? Promise.reject(new GatewayError("body_too_large")) : Promise.resolve(this.collected);
  }

  record(): void {}

  stream(): Readable {
    return Readable.from([this.collected]);
  }

  replace(bytes: Buffer): void {
    this.collected = bytes;
  }
}
