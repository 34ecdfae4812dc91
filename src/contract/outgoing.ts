import type { Readable } from "node:stream";
import { HeaderList } from "../base/headers.ts";
import { isHopByHop } from "../base/hop-by-hop.ts";
import type { Exchange, RequestHead } from "./exchange.ts";
import type { Reply } from "./reply.ts";

/** What the request is for: the `kind` and `subtype` labels of upstream metrics. */
export interface OutgoingPurpose {
  readonly kind: "Primary" | "Policy" | "Mirror";
  readonly subtype: "Http" | "Llm" | "Mcp" | "Guardrail";
}

/** The bytes to send: none, in memory, or streamed from the client. */
export type OutgoingBody = null | Uint8Array | Readable;

/**
 * One HTTP request to a backend: one attempt of a plain exchange, or one leg of an MCP fan-out. Backend policies may
 * change its head; every attempt gets a fresh one, so that a retry never applies a change twice.
 */
export interface Outgoing {
  readonly exchange: Exchange;
  readonly purpose: OutgoingPurpose;
  readonly backend: BackendNames;
  readonly head: RequestHead;
  /** False once a policy chose the authority itself: then the backend's host name must not replace it. */
  rewriteAuthority: boolean;
  body: OutgoingBody;
  /** The caller's own Authorization field, where it does not go along in any case: backendAuth.passthrough may send it. */
  callerAuthorization?: string | undefined;
  /** True once backendAuth put the credential where the configuration says: a provider must then leave it there. */
  credentialPlaced: boolean;
  /** Milliseconds until response headers, 0 = no limit; on expiry the call fails with `upstream_timeout`. */
  timeoutMs: number;
  /** Upgrade token of the client (`websocket`), asked of the upstream too. */
  readonly upgrade: string | undefined;
}

/** CEL `backend.*` and the `backend` label. */
export interface BackendNames {
  readonly name: string;
  /** `static`, `mcp`, `ai`, `internal`, ... */
  readonly type: string;
  readonly protocol: "http" | "mcp" | "llm";
  /** Host that is connected to, where that is one and known at load. */
  readonly host?: string;
  /** Of an MCP server: its address as MCP clients know it, whatever path a single request has. */
  readonly url?: string;
}

/** Sends one request and answers with the reply's head as soon as it is there; the body follows as a ReplyStream. */
export type Send = (outgoing: Outgoing) => Promise<Reply>;

/** A destination with its connections. Errors: `upstream_failed`, `upstream_timeout`, `upgrade_failed`. */
export interface Upstream {
  /** host:port, for telemetry. */
  readonly endpoint: string;
  readonly send: Send;
  /** Ends idle connections now, the others when their request is over. */
  close(): void;
}

export interface OutgoingSettings {
  readonly purpose: OutgoingPurpose;
  readonly backend: BackendNames;
  readonly body: OutgoingBody;
  /** The backend's own limit (`http.requestTimeout`), which goes before the route's; 0 = the route's, if it has one. */
  readonly timeoutMs: number;
}

/**
 * A request to a backend made from the exchange's request as the policies left it: same method, path, query and fields,
 * less the hop-by-hop ones (RFC 9110 section 7.6.1) and the framing, which the upstream sets itself.
 */
export function createOutgoing(exchange: Exchange, settings: OutgoingSettings): Outgoing {
  const { method, scheme, authority, path, search, headers } = exchange.request;
  return {
    exchange,
    purpose: settings.purpose,
    backend: settings.backend,
    head: { method, scheme, authority, path, search, headers: withoutHopByHop(headers) },
    rewriteAuthority: exchange.rewriteAuthority,
    body: settings.body,
    callerAuthorization: undefined,
    credentialPlaced: false,
    timeoutMs: settings.timeoutMs === 0 ? exchange.backendTimeoutMs : settings.timeoutMs,
    upgrade: exchange.upgrade,
  };
}

/** A copy without hop-by-hop fields, those that Connection names, Host and Content-Length. */
function withoutHopByHop(headers: HeaderList): HeaderList {
  const listed = headers.get("connection");
  const named = listed === undefined ? undefined : namedByConnection(listed);
  const kept: string[] = [];
  const { flat } = headers;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (isHopByHop(name) || name === "host" || name === "content-length") continue;
    if (named?.has(name)) continue;
    kept.push(name, flat[i + 1] as string);
  }
  return new HeaderList(kept);
}

function namedByConnection(listed: string): Set<string> | undefined {
  if (listed === "keep-alive" || listed === "close") return undefined;
  return new Set(listed.split(",").map((name) => name.trim().toLowerCase()));
}
