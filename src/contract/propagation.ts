import { formatTraceParent, newSpanId } from "../base/trace-context.ts";
import type { Exchange } from "./exchange.ts";
import type { SpanRecord } from "./span.ts";

/** The trace context of one outgoing call, and the id under which its span is to be recorded. */
export interface Propagation {
  /** Field values for the outgoing request; they replace what the client sent under these names. */
  readonly traceparent: string;
  readonly tracestate: string | undefined;
  readonly spanId: string;
}

/**
 * The trace context for a call that is about to be made for this exchange.
 * @returns undefined when the exchange is not sampled: then the client's own trace fields go on as they came.
 */
export function propagate(exchange: Exchange): Propagation | undefined {
  const { trace } = exchange;
  if (trace === undefined || !trace.sampled) return undefined;
  const spanId = newSpanId();
  return { traceparent: formatTraceParent(trace.traceId, spanId, true), tracestate: trace.traceState, spanId };
}

/** Trace context inside an MCP message (`params._meta`, SEP-414): unprefixed keys, absent ones left out. */
export interface MetaTraceContext {
  traceparent?: string;
  tracestate?: string;
  baggage?: string;
}

/**
 * What an MCP relay puts into `params._meta`: the context of `propagation` where there is one, else what the client sent
 * as header fields. `baggage` is always the client's.
 */
export function traceMeta(exchange: Exchange, propagation: Propagation | undefined): MetaTraceContext {
  const { headers } = exchange.incoming;
  const meta: MetaTraceContext = {};
  const traceparent = propagation === undefined ? headers.get("traceparent") : propagation.traceparent;
  const tracestate = propagation === undefined ? headers.get("tracestate") : propagation.tracestate;
  const baggage = headers.get("baggage");
  if (traceparent !== undefined) meta.traceparent = traceparent;
  if (tracestate !== undefined) meta.tracestate = tracestate;
  if (baggage !== undefined) meta.baggage = baggage;
  return meta;
}

/** Spans kept per exchange; an MCP session stream may make calls for hours. */
const maxSpans = 256;

/** The parts of a finished call's span that its caller knows. */
export type FinishedCall = Omit<SpanRecord, "spanId" | "parentSpanId">;

/** Records the span of a finished call. Does nothing when the exchange is not sampled. */
export function recordSpan(exchange: Exchange, propagation: Propagation | undefined, call: FinishedCall): void {
  if (propagation === undefined || exchange.trace === undefined || exchange.spans.length >= maxSpans) return;
  const { name, startedAt, endedAt, attributes, error } = call;
  exchange.spans.push({ name, spanId: propagation.spanId, parentSpanId: exchange.trace.spanId, startedAt, endedAt, attributes, error });
}
