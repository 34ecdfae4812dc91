import type { Clock } from "../../base/clock.ts";
import type { FieldExpression, NamedExpression } from "../../contract/expression.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { Log, Sink } from "../../contract/runtime.ts";
import { type Collector, pairs } from "./collector.ts";
import { createSpanBuilder } from "./exchange-spans.ts";
import { createSpanQueue, defaultPace, type ExportPace } from "./exporter.ts";
import type { AttributeValue } from "./span.ts";
import { createStartTrace, type Sampling } from "./start.ts";

/** `frontendPolicies.tracing`, or the older `config.tracing` (whose `fields` are `attributes` and `remove`). */
export interface TracingSettings {
  readonly collector: Collector;
  /** Default false. */
  readonly randomSampling?: Sampling | undefined;
  /** Default true. */
  readonly clientSampling?: Sampling | undefined;
  readonly filter?: FieldExpression | undefined;
  readonly attributes: readonly NamedExpression[];
  readonly remove: readonly string[];
  /** Attributes of the resource, `service.name` first of all; plain JSON data, evaluated at load. */
  readonly resources: Readonly<Record<string, unknown>>;
  readonly pace?: ExportPace;
}

export interface TracingTools {
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
  readonly sensitiveHeaders: ReadonlySet<string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Tracing {
  /** Sets `exchange.trace` when the request arrives. */
  readonly start: (exchange: Exchange) => void;
  readonly sink: Sink;
  /** Sends what is left; bounded by a deadline. */
  close(): Promise<void>;
}

/** The reference project's, so that its dashboards and queries by service find the spans. */
const defaultServiceName = "agentgateway";

/** Tracing of one runtime: decides what is sampled, and exports the spans of finished exchanges. */
export function createTracing(settings: TracingSettings, tools: TracingTools): Tracing {
  const { log, clock, version, sensitiveHeaders, environment } = tools;
  const { collector, attributes, remove, filter, pace = defaultPace } = settings;
  const resource = resourceAttributes(settings.resources, environment, version);
  const queue = createSpanQueue({ collector, resource, version, pace }, log, clock);
  const build = createSpanBuilder({ attributes, remove, filter, sensitiveHeaders });

  return {
    start: createStartTrace({ randomSampling: settings.randomSampling ?? false, clientSampling: settings.clientSampling ?? true }),
    sink: {
      name: "tracing",
      record(exchange) {
        const spans = build(exchange);
        if (spans.length > 0) queue.add(spans);
      },
    },
    close: () => queue.close(),
  };
}

function resourceAttributes(
  configured: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
  version: string,
): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = { "service.name": defaultServiceName };
  Object.assign(attributes, pairs(environment["OTEL_RESOURCE_ATTRIBUTES"]));
  const serviceName = environment["OTEL_SERVICE_NAME"];
  if (serviceName !== undefined && serviceName !== "") attributes["service.name"] = serviceName;
  attributes["service.version"] = version;
  for (const [name, value] of Object.entries(configured)) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") attributes[name] = value;
    else if (value !== undefined && value !== null) attributes[name] = JSON.stringify(value);
  }
  return attributes;
}
