import type { HeaderList } from "../base/headers.ts";
import type { RequestBody } from "./body.ts";
import type { GatewayError } from "./errors.ts";
import type { Identity } from "./identity.ts";
import type { LlmCall } from "./llm.ts";
import type { McpCall } from "./mcp.ts";
import type { SpanContext, SpanRecord } from "./span.ts";

/** The head of a request: what routing and policies look at. */
export interface RequestHead {
  method: string;
  scheme: "http" | "https";
  /** Host and, where it was given, port, as in the Host field. */
  authority: string;
  /** Normalised (RFC 3986 section 6.2.2 and dot segments removed), always starting with "/". */
  path: string;
  /** The query with its "?", or "". Forwarded byte for byte. */
  search: string;
  headers: HeaderList;
}

/** The connection a request came on. */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Set on TLS connections. */
  readonly tls?: {
    readonly serverName: string | undefined;
    readonly subject: string | undefined;
    readonly subjectAltNames: readonly string[];
  };
}

/** Names for telemetry, as in the reference's labels. */
export interface ListenerNames {
  /** `port/namespace`-like key of the bind. */
  readonly bind: string;
  readonly gateway: string;
  readonly listener: string;
}

export interface RouteNames {
  readonly route: string;
  readonly routeRule: string | undefined;
  /** The path pattern that matched, for span names; undefined for a regular expression. */
  readonly pathPattern: string | undefined;
  /** Bytes of the request path that a `pathPrefix` match covers (urlRewrite replaces these); undefined for other matches. */
  readonly matchedPrefix: string | undefined;
}

/** One try at a backend. */
export interface Attempt {
  /** Backend name, as in the `backend` label. */
  readonly backend: string;
  /** host:port that was called, once known. */
  endpoint: string | undefined;
  /** HTTP status; 0 while there is none. */
  status: number;
}

/** Limits of the listener that the exchange came through. */
export interface ExchangeLimits {
  /** Bytes a policy or decoder may buffer of a request or a response body. */
  readonly maxBufferSize: number;
}

export interface ExchangeStart {
  readonly connection: Connection;
  readonly listener: ListenerNames;
  readonly request: RequestHead;
  readonly body: RequestBody;
  readonly httpVersion: string;
  readonly upgrade?: string | undefined;
  readonly limits: ExchangeLimits;
  readonly recordsResponse?: boolean;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Monotonic milliseconds. */
  readonly startedMonotonic: number;
}

/**
 * One request in flight: everything that is known of it, written by the stages it passes, read by policies and, when it
 * is over, by the sinks. A class so that every exchange has one hidden shape.
 */
export class Exchange {
  readonly connection: Connection;
  readonly listener: ListenerNames;
  readonly httpVersion: string;
  readonly limits: ExchangeLimits;
  readonly startedAt: number;
  readonly startedMonotonic: number;

  /** The head as the client sent it; telemetry reads this one. Its headers are shared with `request` until somebody edits. */
  readonly incoming: Readonly<RequestHead>;
  /** The head as the policies so far have made it; backends forward this one. Edit headers through `editHeaders()`. */
  readonly request: RequestHead;
  readonly body: RequestBody;
  /** Upgrade token the client asked for (`websocket`), undefined for ordinary requests. */
  readonly upgrade: string | undefined;

  route: RouteNames | undefined = undefined;
  /** False once a policy chose the forwarded authority itself: then a backend's host name does not replace it. */
  rewriteAuthority = true;
  /** Milliseconds each upstream call has until its response headers; 0 = no limit. Set by the timeout policy. */
  backendTimeoutMs = 0;
  readonly identity: Identity = {};
  /** Whether a `cors` policy allows the Origin that the client sent. */
  originAllowed = false;
  /** CEL `metadata.*`: set by transformations. */
  metadata: Record<string, unknown> | undefined = undefined;
  /** CEL `mcpGuardrails.*`: what the processors of mcpGuardrails told of the request. */
  mcpGuardrails: Readonly<Record<string, unknown>> | undefined = undefined;
  llm: LlmCall | undefined = undefined;
  mcp: McpCall | undefined = undefined;
  /** `http`, `llm`, `mcp`: the `protocol` label. */
  protocol: "http" | "llm" | "mcp" = "http";
  readonly attempts: Attempt[] = [];
  /** Route groups passed through, so that a circle ends. */
  delegations = 0;

  /** Status sent to the client; 0 while nothing was. */
  status = 0;
  /** Headers of the reply as sent, for CEL `response.headers`. */
  responseHeaders: HeaderList | undefined = undefined;
  /** Whether telemetry reads the reply's body: its beginning, up to maxBufferSize, is then kept while it passes. */
  readonly recordsResponse: boolean;
  /** Set by a policy that read the whole reply, or from what was recorded. */
  responseBody: Uint8Array | undefined = undefined;
  /** Bytes of the reply's body sent to the client. */
  responseBytes = 0;
  /** The gateway's own failure, if it made the reply. */
  error: GatewayError | undefined = undefined;
  /** A body that broke off after the headers: too late for another status, so it is recorded here. */
  streamError: Error | undefined = undefined;
  /** Reason label for replies that are neither an error nor from an upstream, e.g. `DirectResponse`. */
  reason: string | undefined = undefined;

  /**
   * Monotonic milliseconds; 0 = not reached. First upstream request sent, headers of the last upstream reply received,
   * the policies done with the reply and its head on the way to the client, last byte sent or client gone.
   */
  upstreamStartedAt = 0;
  upstreamHeadersAt = 0;
  repliedAt = 0;
  finishedAt = 0;

  trace: SpanContext | undefined = undefined;
  readonly spans: SpanRecord[] = [];

  /** The CEL view of this exchange, made once by cel/environment.ts. */
  view: unknown = undefined;

  /** The client left or the whole request timed out. */
  aborted: Error | undefined = undefined;
  private ownHeaders = false;
  private abortHooks: Set<(reason: Error) => void> | undefined = undefined;

  constructor(start: ExchangeStart) {
    this.connection = start.connection;
    this.listener = start.listener;
    this.httpVersion = start.httpVersion;
    this.limits = start.limits;
    this.startedAt = start.startedAt;
    this.startedMonotonic = start.startedMonotonic;
    this.incoming = start.request;
    const { method, scheme, authority, path, search, headers } = start.request;
    this.request = { method, scheme, authority, path, search, headers };
    this.body = start.body;
    this.upgrade = start.upgrade;
    this.recordsResponse = start.recordsResponse ?? false;
  }

  /** The forwarded headers, safe to change: the first call copies them, so that telemetry still sees what came in. */
  editHeaders(): HeaderList {
    if (!this.ownHeaders) {
      this.request.headers = this.request.headers.clone();
      this.ownHeaders = true;
    }
    return this.request.headers;
  }

  /** Registers what to stop when the exchange is aborted; runs at once if it already was. Returns how to unregister. */
  onAbort(hook: (reason: Error) => void): () => void {
    if (this.aborted !== undefined) {
      hook(this.aborted);
      return () => {};
    }
    const hooks = (this.abortHooks ??= new Set());
    hooks.add(hook);
    return () => hooks.delete(hook);
  }

  /** Stops everything that is under way for this exchange. */
  abort(reason: Error): void {
    if (this.aborted !== undefined) return;
    this.aborted = reason;
    const hooks = this.abortHooks;
    this.abortHooks = undefined;
    if (hooks !== undefined) for (const hook of hooks) hook(reason);
  }
}
