import type { FieldExpression, NamedExpression } from "../../contract/expression.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { SpanContext, SpanRecord } from "../../contract/span.ts";
import { compileAddedFields } from "../added-fields.ts";
import { durationOf } from "../reading.ts";
import { failureText, type StandardField, standardFields } from "../standard-fields.ts";
import { AttributeCollector, type FinishedSpan, type SpanAttributes } from "./span.ts";

export interface SpanSettings {
  /** Span attributes to add; `span.name` names the span instead. */
  readonly attributes: readonly NamedExpression[];
  /** Names of attributes to leave out. */
  readonly remove: readonly string[];
  /** Only exchanges for which it is true are exported; one that fails is false. */
  readonly filter?: FieldExpression | undefined;
  readonly sensitiveHeaders: ReadonlySet<string>;
}

/**
 * Makes the spans of a finished exchange: its own (SERVER) with the access log's fields as attributes, and one (CLIENT)
 * per outgoing call.
 * @returns a function that gives no spans for exchanges that are not sampled or that the filter refuses
 */
export function createSpanBuilder(settings: SpanSettings): (exchange: Exchange) => FinishedSpan[] {
  const { attributes: added, remove, filter, sensitiveHeaders } = settings;
  // the ids are part of the span itself
  const without = new Set([...remove, ...added.map(({ name }) => name), "trace.id", "span.id"]);
  const groups = [...standardFields(without), { applies: () => true, fields: ownFields.filter(({ name }) => !without.has(name)) }];
  const addFields = compileAddedFields(added, sensitiveHeaders);

  function attributesOf(exchange: Exchange): SpanAttributes {
    const attributes = new AttributeCollector();
    for (const { applies, fields } of groups) {
      if (applies(exchange)) for (const { name, read } of fields) attributes.set(name, read(exchange));
    }
    addFields(exchange, (name, value) => attributes.set(name, value));
    return attributes.values;
  }

  return (exchange) => {
    const { trace } = exchange;
    if (trace === undefined || !trace.sampled) return [];
    if (filter !== undefined && filter.evaluate(exchange) !== true) return [];
    const attributes = attributesOf(exchange);
    const { "span.name": chosenName } = attributes;
    delete attributes["span.name"];
    const own: FinishedSpan = {
      name: typeof chosenName === "string" && chosenName !== "" ? chosenName : spanName(exchange),
      kind: "server",
      traceId: trace.traceId,
      spanId: trace.spanId,
      parentSpanId: trace.parentSpanId,
      remoteParent: true,
      traceState: trace.traceState,
      startedAt: exchange.startedAt,
      endedAt: exchange.startedAt + durationOf(exchange),
      attributes,
      error: spanError(exchange),
    };
    return [own, ...exchange.spans.map((record) => callSpan(trace, record))];
  };
}

function callSpan(trace: SpanContext, record: SpanRecord): FinishedSpan {
  return {
    ...record,
    kind: "client",
    traceId: trace.traceId,
    remoteParent: false,
    traceState: trace.traceState,
    attributes: { ...record.attributes },
  };
}

const maxNameLength = 200;

/** MCP: method and what it is about (GenAI conventions); gRPC: the method's path; HTTP: method and the route's pattern. */
function spanName(exchange: Exchange): string {
  const { incoming, mcp, route } = exchange;
  if (mcp?.methodName !== undefined) {
    const subject = mcp.tool?.name ?? mcp.prompt?.name;
    return (subject === undefined ? mcp.methodName : `${mcp.methodName} ${subject}`).slice(0, maxNameLength);
  }
  if (incoming.headers.get("content-type")?.startsWith("application/grpc") === true) return incoming.path.slice(1, maxNameLength);
  return route?.pathPattern === undefined ? incoming.method : `${incoming.method} ${route.pathPattern}`;
}

/** What spans have beyond the access log. */
const ownFields: readonly StandardField[] = [
  { name: "url.scheme", read: ({ incoming }) => incoming.scheme },
  { name: "network.protocol.version", read: ({ httpVersion }) => protocolVersion(httpVersion) },
  { name: "error.type", read: errorType },
];

/** OpenTelemetry writes `2`, not `2.0`. */
function protocolVersion(httpVersion: string): string {
  return httpVersion === "2.0" ? "2" : httpVersion;
}

/** A low-cardinality name of the failure: our own code, the JSON-RPC code, or the backend's status. */
function errorType(exchange: Exchange): string | undefined {
  if (exchange.error !== undefined) return exchange.error.code;
  if (exchange.mcp?.error !== undefined) return String(exchange.mcp.error.code);
  if (exchange.streamError !== undefined) return "stream_error";
  return exchange.status >= 500 ? String(exchange.status) : undefined;
}

/** A client's mistake is no error of a server span (HTTP semantic conventions): only 5xx, broken streams and MCP errors are. */
function spanError(exchange: Exchange): string | undefined {
  if (exchange.mcp?.error !== undefined) return failureText(exchange) ?? `JSON-RPC error ${exchange.mcp.error.code}`;
  if (exchange.status < 500 && exchange.status !== 0 && exchange.streamError === undefined) return undefined;
  return failureText(exchange) ?? `status ${exchange.status}`;
}
