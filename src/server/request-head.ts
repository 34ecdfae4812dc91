import type { IncomingMessage } from "node:http";
import { HeaderList } from "../base/headers.ts";
import { normalisePath } from "../base/path.ts";
import { GatewayError } from "../contract/errors.ts";
import type { RequestHead } from "../contract/exchange.ts";

export interface ReadHead {
  readonly head: RequestHead;
  /** Bytes of body announced; undefined = until the end of the stream. */
  readonly bodyLength: number | undefined;
  /** Set when the request must not be served: ambiguous or malformed. It is still logged. */
  readonly refusal: GatewayError | undefined;
}

/**
 * Reads what node's parser (strict llhttp) let through, and refuses what two parsers could still read in two ways:
 * several Host fields, odd authorities, targets that are no path. RFC 9112 sections 3.2, 6.3 and 11.2.
 */
export function readHead(message: IncomingMessage, scheme: "http" | "https", maxHeaders: number): ReadHead {
  const headers = HeaderList.fromRaw(message.rawHeaders);
  const method = message.method ?? "GET";
  const target = splitTarget(message.url ?? "/");
  const host = headers.get("host");
  const authority = (target.authority ?? host ?? "").toLowerCase();
  const path = method === "OPTIONS" && target.path === "*" ? "/" : normalisePath(target.path);
  const head: RequestHead = { method, scheme, authority, path: path ?? "/", search: target.search, headers };
  const framing = readFraming(headers);
  return { head, bodyLength: framing.length, refusal: refusalOf() };

  function refusalOf(): GatewayError | undefined {
    if (headers.flat.length / 2 > maxHeaders) return new GatewayError("headers_too_large", { detail: `more than ${maxHeaders} fields` });
    if (framing.problem !== undefined) return new GatewayError("invalid_request", { detail: framing.problem });
    if (countOf(headers, "host") > 1) return new GatewayError("invalid_request", { detail: "more than one Host field" });
    if (authority !== "" && !validAuthority.test(authority)) return new GatewayError("invalid_request", { detail: "malformed Host" });
    if (path === undefined) return new GatewayError("invalid_request", { detail: "malformed path" });
    return undefined;
  }
}

/** Host with optional port; no user info, no escapes, nothing that a URL parser would read differently. */
const validAuthority = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

interface Target {
  readonly path: string;
  readonly search: string;
  readonly authority: string | undefined;
}

/** Origin form, or absolute form whose authority then counts instead of Host (RFC 9112 section 3.2.2). */
function splitTarget(target: string): Target {
  let rest = target;
  let authority: string | undefined;
  if (!target.startsWith("/")) {
    const absolute = /^https?:\/\/([^/?#]*)(.*)$/is.exec(target);
    if (absolute !== null) {
      authority = absolute[1];
      rest = absolute[2] === "" ? "/" : (absolute[2] as string);
    }
  }
  const query = rest.indexOf("?");
  if (query < 0) return { path: rest, search: "", authority };
  return { path: query === 0 ? "/" : rest.slice(0, query), search: rest.slice(query), authority };
}

/** The body's length from the fields; llhttp refused most conflicts already, the rest is refused here. */
function readFraming(headers: HeaderList): { length: number | undefined; problem: string | undefined } {
  const lengths = countOf(headers, "content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== undefined) {
    if (lengths > 0) return { length: undefined, problem: "both Content-Length and Transfer-Encoding" };
    if (coding.toLowerCase() !== "chunked" || countOf(headers, "transfer-encoding") > 1) {
      return { length: undefined, problem: "unsupported Transfer-Encoding" };
    }
    return { length: undefined, problem: undefined };
  }
  if (lengths === 0) return { length: 0, problem: undefined };
  const text = headers.get("content-length") as string;
  if (lengths > 1 || !/^\d{1,15}$/.test(text)) return { length: 0, problem: "malformed Content-Length" };
  return { length: Number(text), problem: undefined };
}

function countOf(headers: HeaderList, name: string): number {
  let count = 0;
  for (let i = 0; i < headers.flat.length; i += 2) if (headers.flat[i] === name) count++;
  return count;
}
