import type { SpanContext } from "../../contract/span.ts";

/** Attribute values as OTLP has them. */
export type AttributeValue = string | number | boolean;

export type SpanAttributes = Record<string, AttributeValue>;

/** A finished span, plain data; exporter.ts makes OpenTelemetry's object of it. */
export interface FinishedSpan {
  readonly name: string;
  readonly kind: "server" | "client";
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Whether the parent is another process's. */
  readonly remoteParent: boolean;
  readonly traceState: SpanContext["traceState"];
  /** Epoch milliseconds, fractional. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: SpanAttributes;
  /** What went wrong; undefined = the span's status stays unset. */
  readonly error: string | undefined;
}

/** More attributes than this are dropped: a flattened request body could have any number. */
const maxAttributes = 256;
const maxValueLength = 65_536;

/** Collects the attributes of a span: scalars as they are, everything else as JSON text. */
export class AttributeCollector {
  readonly values: SpanAttributes = {};
  private count = 0;

  set(name: string, value: unknown): void {
    if (value === undefined || value === null) return;
    if (!Object.hasOwn(this.values, name) && ++this.count > maxAttributes) return;
    const plain = attributeValue(value);
    // a flattened member may be called __proto__
    if (name === "__proto__") Object.defineProperty(this.values, name, { value: plain, enumerable: true, configurable: true });
    else this.values[name] = plain;
  }
}

function attributeValue(value: unknown): AttributeValue {
  if (typeof value === "number" || typeof value === "boolean") return value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > maxValueLength ? text.slice(0, maxValueLength) : text;
}
