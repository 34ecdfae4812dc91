import { Pool } from "undici";
import type { RequestHead } from "../contract/exchange.ts";
import type { Outgoing, Upstream } from "../contract/outgoing.ts";
import { type Propagation, propagate, recordSpan } from "../contract/propagation.ts";
import type { Reply } from "../contract/reply.ts";
import type { UpstreamAddress } from "../contract/runtime.ts";
import { type HeadObserver, UpstreamCall } from "./call.ts";
import { connector } from "./connect.ts";
import { DisposablePool } from "./disposable-pool.ts";
import { upstreamFailure } from "./failure.ts";
import type { PoolDeps, PoolSettings } from "./pool-settings.ts";

/** Larger response heads than this are refused: bytes. */
const maxResponseHeaderSize = 65_536;

/** A connection pool to one backend. All of undici is in this folder, so that the transport can be changed here alone. */
export function createUpstream(address: UpstreamAddress, settings: PoolSettings, deps: PoolDeps): Upstream {
  const { host, port, tls } = address;
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const endpoint = `${bracketed}:${port}`;
  const scheme = tls === undefined ? "http" : "https";
  // as many requests at a time keep their connections, those beyond close theirs: so no more than these are ever idle
  const { maxIdle } = settings;
  const authority = port === (tls === undefined ? 80 : 443) ? bracketed : endpoint;
  const openPool = (): Pool =>
    new Pool(`${scheme}://${endpoint}`, { ...poolOptions(settings), connect: connector(address, settings, deps) });
  const pool = new DisposablePool(openPool);
  // the pool looks for a free connection one by one: thousands held by silent event streams would slow down every request
  const streams = new DisposablePool(openPool);

  function send(outgoing: Outgoing): Promise<Reply> {
    const { head, exchange, body } = outgoing;
    if (outgoing.rewriteAuthority) head.authority = authority;
    head.scheme = scheme;
    const propagation = propagate(exchange);
    const headers = fieldsOf(outgoing, propagation);
    if (outgoing.purpose.kind === "Primary") {
      const attempt = exchange.attempts.at(-1);
      if (attempt !== undefined) attempt.endpoint = endpoint;
    }
    const call = new UpstreamCall(outgoing, endpoint, observer(outgoing, propagation, { address, deps }));
    const reply = call.head();
    try {
      (isEventStream(head) ? streams : pool).current.dispatch(
        {
          path: head.path + head.search,
          method: head.method,
          headers,
          body: asBuffer(body),
          upgrade: outgoing.upgrade ?? null,
          reset: maxIdle !== undefined && outgoing.upgrade === undefined && pool.current.stats.size >= maxIdle,
        },
        call,
      );
    } catch (cause) {
      call.cancel(upstreamFailure(cause, endpoint)); // undici throws on arguments that it does not accept
    }
    return reply;
  }

  return { endpoint, send, close: () => [pool, streams].forEach((one) => one.close()) };
}

interface ObservedPool {
  readonly address: UpstreamAddress;
  readonly deps: PoolDeps;
}

/** What is noted when the head is there: timings, the metric and the span. */
function observer(
  outgoing: Outgoing,
  propagation: Propagation | undefined,
  { address, deps: { clock, metrics } }: ObservedPool,
): HeadObserver {
  const { exchange, purpose, head } = outgoing;
  const startedAt = clock.monotonic();
  if (exchange.upstreamStartedAt === 0) exchange.upstreamStartedAt = startedAt;
  return (status, failure) => {
    const now = clock.monotonic();
    if (purpose.kind === "Primary") exchange.upstreamHeadersAt = now;
    metrics.upstreamCalled(purpose, now - startedAt);
    if (propagation === undefined) return;
    const endedAt = clock.wall();
    recordSpan(exchange, propagation, {
      name: `${head.method} ${outgoing.backend.name}`,
      startedAt: endedAt - (now - startedAt),
      endedAt,
      attributes: {
        "agentgateway.outbound.kind": purpose.kind,
        "agentgateway.outbound.subtype": purpose.subtype,
        "http.request.method": head.method,
        "http.response.status_code": status,
        "server.address": address.host,
        "server.port": address.port,
      },
      error: failure?.message,
    });
  };
}

/** A request for server-sent events that may stay open for hours. */
function isEventStream({ method, headers }: RequestHead): boolean {
  return method === "GET" && headers.get("accept")?.includes("text/event-stream") === true;
}

function poolOptions(settings: PoolSettings): Pool.Options {
  return {
    connections: null,
    pipelining: 1,
    allowH2: false,
    // our own timers bound the wait for headers; a stream may be silent for as long as its client stays
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: settings.idleTimeoutMs,
    keepAliveMaxTimeout: settings.idleTimeoutMs,
    maxHeaderSize: maxResponseHeaderSize,
  };
}

function fieldsOf(outgoing: Outgoing, propagation: Propagation | undefined): string[] {
  const { head, body, exchange } = outgoing;
  const fields = ["host", head.authority];
  const { flat } = head.headers;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (propagation !== undefined && (name === "traceparent" || name === "tracestate")) continue;
    fields.push(name, flat[i + 1] as string);
  }
  if (propagation !== undefined) {
    fields.push("traceparent", propagation.traceparent);
    if (propagation.tracestate !== undefined) fields.push("tracestate", propagation.tracestate);
  }
  // a forwarded stream keeps its announced length; bytes in memory are counted by undici
  if (body !== null && !(body instanceof Uint8Array) && exchange.body.length !== undefined) {
    fields.push("content-length", String(exchange.body.length));
  }
  return fields;
}

/** undici knows Buffers and streams; a plain Uint8Array is viewed as a Buffer, not copied. */
function asBuffer(body: Outgoing["body"]): Buffer | Exclude<Outgoing["body"], Uint8Array> {
  if (!(body instanceof Uint8Array) || Buffer.isBuffer(body)) return body;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
