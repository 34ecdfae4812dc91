import type { SpanContext } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { FinishedSpan } from "./span.ts";

const server = 1; // SpanKind.SERVER, SpanKind.CLIENT, SpanStatusCode.ERROR: importing them would load the API before it is needed
const client = 2;
const failed = 2;

/** A finished span as OpenTelemetry's processors and exporters take it. */
export function readableSpan(
  span: FinishedSpan,
  resource: Resource,
  instrumentationScope: ReadableSpan["instrumentationScope"],
): ReadableSpan {
  const { traceId, parentSpanId, traceState } = span;
  const context: SpanContext = {
    traceId,
    spanId: span.spanId,
    traceFlags: 1,
    ...(traceState === undefined ? {} : { traceState: asSent(traceState) }),
  };
  const parent =
    parentSpanId === undefined ? {} : { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: 1, isRemote: span.remoteParent } };
  return {
    name: span.name,
    kind: span.kind === "server" ? server : client,
    spanContext: () => context,
    ...parent,
    startTime: hrTime(span.startedAt),
    endTime: hrTime(span.endedAt),
    duration: hrTime(span.endedAt - span.startedAt),
    status: span.error === undefined ? { code: 0 } : { code: failed, message: span.error },
    attributes: span.attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** The exporters only write it out, so it need not be taken apart. */
function asSent(text: string): NonNullable<SpanContext["traceState"]> {
  const state: NonNullable<SpanContext["traceState"]> = {
    get: () => undefined,
    set: () => state,
    unset: () => state,
    serialize: () => text,
  };
  return state;
}

/** Seconds and nanoseconds, from fractional milliseconds. */
function hrTime(milliseconds: number): [seconds: number, nanoseconds: number] {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1_000_000)];
}
