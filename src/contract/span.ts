/** W3C Trace Context ids (https://www.w3.org/TR/trace-context/), lower-case hex. */
export interface SpanContext {
  readonly traceId: string;
  /** Of the exchange's own (server) span. */
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly sampled: boolean;
  /** `tracestate` as it came, forwarded unchanged. */
  readonly traceState: string | undefined;
}

/** A finished child span, plain data: the tracing sink turns it into an exported one. */
export interface SpanRecord {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** Epoch milliseconds, fractional. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly error: string | undefined;
}
