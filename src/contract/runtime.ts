import type { Clock } from "../base/clock.ts";
import type { Connection, Exchange, ExchangeLimits, ListenerNames } from "./exchange.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { BackendNames, Send, Upstream } from "./outgoing.ts";
import type { Next, Reply } from "./reply.ts";
import type { Resources } from "./resources.ts";
import type { Stores } from "./stores.ts";

/** Policies composed into one function at load. Never rejects. */
export type Chain = (exchange: Exchange, next: Next) => Promise<Reply>;

/** A backend as a route uses it: its policies are inside `call`. */
export interface CompiledBackend {
  readonly name: string;
  readonly call: (exchange: Exchange) => Promise<Reply>;
}

/** A policy in effect, for explain: where it was written, and what its schema made of it. */
export interface PlacedPolicy {
  readonly stage: "gateway" | "admission" | "route" | "backend";
  readonly name: string;
  readonly path: string;
  readonly config: unknown;
}

export interface CompiledRoute {
  /** Config key, for explain and telemetry. */
  readonly name: string;
  /** Where the route was written: `binds[0].listeners[0].routes[1]`. */
  readonly path: string;
  /** Its policies in the order in which they run. */
  readonly policies: readonly PlacedPolicy[];
  /** Policies that run before the body is read. */
  readonly admission: Chain;
  /** Reads and understands the body where the route needs that; fills exchange.llm or exchange.mcp. */
  readonly decode: (exchange: Exchange) => void | Promise<void>;
  /** Policies that run after it. */
  readonly chain: Chain;
  readonly pick: (exchange: Exchange) => CompiledBackend;
}

export interface CompiledListener {
  readonly names: ListenerNames;
  readonly path: string;
  readonly policies: readonly PlacedPolicy[];
  /** Gateway-phase policies. */
  readonly chain: Chain;
  /** Finds the route and notes in `exchange.route` what matched. */
  readonly match: (exchange: Exchange) => CompiledRoute | undefined;
}

/** What a policy, backend or provider gets to compile itself: everything with side effects comes from here. */
export interface CompileContext {
  /** Where in the configuration this stands, for messages: `binds[0].listeners[0].routes[1].policies.cors`. */
  readonly path: string;
  /** Of a policy around requests to one host: where they go, `https://host:port`, whatever a client or a policy makes of the authority. */
  readonly destination?: string;
  readonly clock: Clock;
  /** Things that outlive a reload: connection pools, key sets, token buckets, child processes. */
  readonly resources: Resources;
  readonly stores: Stores;
  readonly log: Log;
  readonly metrics: GatewayMetrics;
  /** The content of a file named in the configuration, UTF-8; relative paths are relative to the working directory. */
  readonly readFile: (path: string) => string;
  /** The process's environment, for credentials that are found by it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A connection pool to a host; the same settings give the same pool, also across reloads. */
  readonly upstream: (address: UpstreamAddress) => Upstream;
  /** A way to send to a host through backend policies (parsed configs by policy name; backendTLS decides about TLS). */
  readonly send: (address: UpstreamAddress, policies: Readonly<Record<string, unknown>>) => Send;
  /** A backend named or written inline in a policy (requestMirror, ...), with its own backend policies around it, and `own` around those. */
  readonly backend: (reference: unknown, own?: OwnPolicies) => NamedBackend;
  /**
   * Names something remote (a key set) that the configuration needs. Serving starts without it; `--validate-only` waits
   * for it and fails with its error.
   */
  readonly expect: (ready: Promise<void>) => void;
  /** Reports what deserves a warning at load, with its path. */
  readonly warn: (message: string) => void;
  /**
   * Serves pages for browsers below a path, on every listener and before any policy: who opens them has no credential for
   * the gateway. Of several at one path the first that answers does.
   * @param prefix ends with "/"
   */
  readonly pages: (prefix: string, page: Page) => void;
  /** Says that anonymous callers have no use for this; it is warned of on routes where nobody can say who they are. */
  readonly needsCaller: () => void;
}

/** Backend policies for the calls that a policy makes: parsed configs by policy name, and where they are written. */
export interface OwnPolicies {
  readonly path: string;
  readonly policies: Readonly<Record<string, unknown>>;
}
/** Answers a request below its prefix. @param rest the path behind it. @returns undefined when it is none of its own */
export type Page = (exchange: Exchange, rest: string) => Promise<Reply> | undefined;

/** A backend that a policy refers to. */
export interface NamedBackend {
  readonly names: BackendNames;
  readonly send: Send;
  /** Address and policies of its calls, parsed: who keeps answers tells by it whether they are still the same server's. */
  readonly settings: unknown;
}

export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** Present = TLS. Paths are already read: PEM text. */
  readonly tls?: UpstreamTls;
  /** Milliseconds; the defaults are `config.backend`'s. */
  readonly connectTimeoutMs?: number;
  /** In place of `config.backend`'s. */
  readonly keepAlive?: TcpKeepAlive | "off";
}

/** Probes on an idle TCP connection, by which a peer that is gone is noticed. */
export interface TcpKeepAlive {
  /** Milliseconds of silence before the first probe; whole seconds count. */
  readonly timeMs: number;
  /** Milliseconds between probes; whole seconds count. */
  readonly intervalMs: number;
  /** Unanswered probes after which the connection is dead. */
  readonly probes: number;
}

export interface UpstreamTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** SNI and name to check, when it is not the host. */
  readonly serverName?: string;
  /** No verification at all. */
  readonly insecure?: boolean;
  /** The chain is verified, the name is not. */
  readonly insecureHost?: boolean;
  readonly subjectAltNames?: readonly string[];
}

/** Structured log of the gateway itself (not the access log). Fields must hold no secrets. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Receives every exchange exactly once, after its last byte or on disconnect. Decides nothing. */
export interface Sink {
  readonly name: string;
  record(exchange: Exchange): void;
}

/** A port of the configuration, compiled. */
export interface CompiledBind {
  /** Names the bind over reloads: the same key keeps its open port. */
  readonly key: string;
  readonly host: string;
  readonly port: number;
  /** What the open port depends on; when more of it than the certificates differs after a reload, the port is opened anew. */
  readonly socket: BindSocket;
  readonly limits: ExchangeLimits;
  /** The listener for a host name and, on TLS, the server name of the handshake. Throws GatewayError when none serves it. */
  readonly pick: (authority: string, serverName: string | undefined) => CompiledListener;
  /** Names for requests that no listener serves. */
  readonly names: ListenerNames;
  /** Whether a connection may be served at all (frontendPolicies.networkAuthorization). */
  readonly admits: ((connection: Connection) => boolean) | undefined;
}

/** Settings of an open port. */
export interface BindSocket {
  readonly maxHeaders: number;
  /** Milliseconds. */
  readonly idleTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** Milliseconds a connection may live; the request in flight is finished. undefined = no limit. */
  readonly maxConnectionMs: number | undefined;
  /** Undefined = no probes. */
  readonly keepAlive: TcpKeepAlive | undefined;
  readonly tls: BindTls | undefined;
}

export interface BindTls {
  /** In order of precedence; the first whose name fits serves the handshake. */
  readonly certificates: readonly BindCertificate[];
  readonly handshakeTimeoutMs: number;
}

export interface BindCertificate {
  /** Exact name or `*.suffix`; undefined = any name. */
  readonly hostname: string | undefined;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the CAs for client certificates; present = clients must show one. */
  readonly clientCa: string | undefined;
  readonly minVersion: "TLSv1.2" | "TLSv1.3" | undefined;
  readonly maxVersion: "TLSv1.2" | "TLSv1.3" | undefined;
  /** OpenSSL names. */
  readonly ciphers: string | undefined;
}

/** A configuration, compiled. Immutable: a reload compiles another one, and exchanges keep the one they started with. */
export interface Runtime {
  readonly binds: ReadonlyMap<string, CompiledBind>;
  /** Settles when everything remote has been fetched once; rejects with the first failure. Serving does not wait for it. */
  readonly remotesReady: Promise<void>;
  /** Lets go of what it held; called once, after its last exchange. */
  readonly release: () => void;
}
