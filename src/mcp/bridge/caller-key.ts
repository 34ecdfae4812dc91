import { createHash } from "node:crypto";
import type { Exchange } from "../../contract/exchange.ts";
import { principalOf } from "../../contract/principal.ts";

/**
 * Names whoever a request is sent for, by everything of it that a server could tell callers apart by: who (or where) they are, and all
 * header fields that could go along with it; cookies too, which a target's policies may send. Requests with the same key may
 * share a session at a server. The digest is no secret and tells nothing.
 */
export function callerKey(exchange: Exchange): string {
  // people without a name are told apart by where they are
  const hash = createHash("sha256").update(principalOf(exchange.identity) ?? `\0${exchange.connection.remoteAddress}`);
  const { flat } = exchange.request.headers;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (!isAboutRequest(name)) hash.update(`\0${name}\0${flat[i + 1]}`);
  }
  return hash.digest("base64url");
}

/** Fields that are another in every request of one caller, or about the connection. */
function isAboutRequest(name: string): boolean {
  switch (name) {
    case "accept":
    case "accept-encoding":
    case "b3":
    case "baggage":
    case "cf-ray":
    case "connection":
    case "content-encoding":
    case "content-length":
    case "content-type":
    case "date":
    case "expect":
    case "host":
    case "keep-alive":
    case "last-event-id":
    case "traceparent":
    case "tracestate":
    case "transfer-encoding":
    case "user-agent":
    case "x-amzn-trace-id":
    case "x-cloud-trace-context":
    case "x-correlation-id":
    case "x-request-id":
      return true;
    default:
      return name.startsWith("mcp-") || name.startsWith("x-b3-");
  }
}
