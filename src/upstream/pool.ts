import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { Pool } from "undici";
import type { Outgoing, Upstream } from "../contract/outgoing.ts";
import type { Reply } from "../contract/reply.ts";
import type { UpstreamAddress, UpstreamTls } from "../contract/runtime.ts";
import { type CallObserver, UpstreamCall } from "./call.ts";
import { upstreamFailure } from "./failure.ts";

export interface PoolSettings {
  /** Milliseconds to a TCP (and TLS) connection. */
  readonly connectTimeoutMs: number;
  /** Milliseconds an idle connection is kept; a shorter `Keep-Alive: timeout` of the backend wins. */
  readonly idleTimeoutMs: number;
  /** Connections per backend; undefined = no limit. */
  readonly maxConnections: number | undefined;
}

export interface PoolHooks {
  readonly observe: CallObserver;
  /** Trace context for the outgoing request; undefined when the exchange is not traced. */
  readonly propagate: (outgoing: Outgoing) => TraceFields | undefined;
}

export interface TraceFields {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** Larger response heads than this are refused: bytes. */
const maxResponseHeaderSize = 65_536;

/** A connection pool to one backend. Everything undici is in this folder, so that the transport can be changed here alone. */
export function createUpstream(address: UpstreamAddress, settings: PoolSettings, hooks: PoolHooks): Upstream {
  const { host, port, tls } = address;
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const endpoint = `${bracketed}:${port}`;
  const scheme = tls === undefined ? "http" : "https";
  const authority = port === (tls === undefined ? 80 : 443) ? bracketed : endpoint;
  const pool = new Pool(`${scheme}://${endpoint}`, {
    connections: settings.maxConnections ?? null,
    pipelining: 1,
    allowH2: false,
    // our own timers bound the wait for headers; a stream may be silent for as long as its client stays
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: settings.idleTimeoutMs,
    keepAliveMaxTimeout: Math.max(settings.idleTimeoutMs, 600_000),
    maxHeaderSize: maxResponseHeaderSize,
    connect: { timeout: address.connectTimeoutMs ?? settings.connectTimeoutMs, ...(tls === undefined ? {} : tlsOptions(tls, host)) },
  });

  function send(outgoing: Outgoing): Promise<Reply> {
    const { head, exchange } = outgoing;
    if (outgoing.rewriteAuthority) head.authority = authority;
    head.scheme = scheme;
    const headers = ["host", head.authority, ...head.headers.flat];
    const trace = hooks.propagate(outgoing);
    if (trace !== undefined) setTrace(headers, trace);
    const { body } = outgoing;
    // a forwarded stream keeps its announced length; bytes in memory are counted by undici
    if (body !== null && !(body instanceof Uint8Array) && exchange.body.length !== undefined) {
      headers.push("content-length", String(exchange.body.length));
    }
    const attempt = exchange.attempts.at(-1);
    if (attempt !== undefined) attempt.endpoint = endpoint;

    const call = new UpstreamCall(outgoing, endpoint, hooks.observe);
    const reply = call.head();
    try {
      pool.dispatch({ path: head.path + head.search, method: head.method, headers, body: asBuffer(body), upgrade: outgoing.upgrade ?? null }, call);
    } catch (cause) {
      call.cancel(upstreamFailure(cause, endpoint)); // undici throws on arguments it does not accept
    }
    return reply;
  }

  return { endpoint, send, close: () => void pool.close().catch(() => {}) };
}

/** undici knows Buffers and streams; a plain Uint8Array is viewed as a Buffer, not copied. */
function asBuffer(body: Outgoing["body"]): Buffer | Exclude<Outgoing["body"], Uint8Array> {
  if (body instanceof Uint8Array) return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return body;
}

function setTrace(headers: string[], trace: TraceFields): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i] === "traceparent" || headers[i] === "tracestate") headers.splice(i, 2);
  }
  headers.push("traceparent", trace.traceparent);
  if (trace.tracestate !== undefined) headers.push("tracestate", trace.tracestate);
}

function tlsOptions(tls: UpstreamTls, host: string): Record<string, unknown> {
  const options: Record<string, unknown> = { servername: tls.serverName ?? (isIpAddress(host) ? "" : host) };
  if (tls.ca !== undefined) options["ca"] = tls.ca;
  if (tls.cert !== undefined) options["cert"] = tls.cert;
  if (tls.key !== undefined) options["key"] = tls.key;
  if (tls.alpn !== undefined) options["ALPNProtocols"] = tls.alpn;
  if (tls.insecure === true) options["rejectUnauthorized"] = false;
  if (tls.insecureHost === true) options["checkServerIdentity"] = () => undefined;
  else if (tls.subjectAltNames !== undefined) options["checkServerIdentity"] = anyOfNames(tls.subjectAltNames);
  return options;
}

/** The certificate must be for one of the names given, not for the host. */
function anyOfNames(names: readonly string[]): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (_host, certificate) => {
    let refused: Error | undefined;
    for (const name of names) {
      refused = checkServerIdentity(name, certificate);
      if (refused === undefined) return undefined;
    }
    return refused;
  };
}

function isIpAddress(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
