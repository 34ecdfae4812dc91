import { isWithinRatio, newSpanId, newTraceId, parseTraceParent, readTraceState, type TraceParent } from "../../base/trace-context.ts";
import type { FieldExpression } from "../../contract/expression.ts";
import type { Exchange } from "../../contract/exchange.ts";

/** Always, never, a share of the traces (0 to 1), or an expression that gives one of these. */
export type Sampling = boolean | number | FieldExpression;

export interface SamplingSettings {
  /** For requests that come without a trace. */
  readonly randomSampling: Sampling;
  /** For requests that come with one; one that its sender does not sample is not sampled here either. */
  readonly clientSampling: Sampling;
}

/**
 * Sets `exchange.trace` when a request arrives: the client's trace goes on, or a new one begins.
 * A request that begins no trace is left without.
 */
export function createStartTrace({ randomSampling, clientSampling }: SamplingSettings): (exchange: Exchange) => void {
  return (exchange) => {
    const parent = parentOf(exchange);
    if (parent !== undefined) {
      continueTrace(exchange, parent, parent.sampled && isSampled(clientSampling, exchange, parent.traceId));
      return;
    }
    if (randomSampling === false) return;
    const traceId = newTraceId();
    if (!isSampled(randomSampling, exchange, traceId)) return;
    exchange.trace = { traceId, spanId: newSpanId(), parentSpanId: undefined, sampled: true, traceState: undefined };
  };
}

/** Where no tracing is configured: the client's trace id is still known, so that the access log can be searched by it. */
export function startWithoutTracing(exchange: Exchange): void {
  const parent = parentOf(exchange);
  if (parent !== undefined) continueTrace(exchange, parent, false);
}

function parentOf({ incoming }: Exchange): TraceParent | undefined {
  const value = incoming.headers.get("traceparent");
  return value === undefined ? undefined : parseTraceParent(value);
}

function continueTrace(exchange: Exchange, parent: TraceParent, sampled: boolean): void {
  const traceState = readTraceState(exchange.incoming.headers.getAll("tracestate"));
  exchange.trace = { traceId: parent.traceId, spanId: newSpanId(), parentSpanId: parent.parentId, sampled, traceState };
}

function isSampled(sampling: Sampling, exchange: Exchange, traceId: string): boolean {
  const decision = typeof sampling === "object" ? sampling.evaluate(exchange) : sampling;
  if (typeof decision === "number") return isWithinRatio(traceId, decision);
  return decision === true; // an expression that fails samples nothing
}
