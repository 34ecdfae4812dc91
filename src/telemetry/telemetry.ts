import type { Clock } from "../base/clock.ts";
import type { FieldExpression, NamedExpression } from "../contract/expression.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { GatewayMetrics } from "../contract/metrics.ts";
import type { Log, Sink } from "../contract/runtime.ts";
import { sensitiveHeaderNames } from "./added-fields.ts";
import { type AccessLogSettings, createAccessLog } from "./log/access-log.ts";
import { lineFormat } from "./log/format.ts";
import { createGatewayLog, formatLine } from "./log/gateway-log.ts";
import { LogLevels } from "./log/levels.ts";
import { LineWriter, type LogOutput } from "./log/line-writer.ts";
import { timestamp } from "./log/timestamp.ts";
import { createMetrics } from "./metrics/index.ts";
import { collectProcessMetrics } from "./metrics/process.ts";
import { startWithoutTracing } from "./tracing/start.ts";
import { createTracing, type TracingSettings } from "./tracing/tracing.ts";

/** From the `config` section, which is read once, at start. */
export interface TelemetrySettings {
  readonly version: string;
  readonly logging: {
    /** `info`, `warn,request=info`: `config.logging.level` (a list joined by commas), or RUST_LOG. */
    readonly level: string;
    readonly format: "text" | "json";
  };
  readonly metrics: {
    readonly remove: readonly string[];
    readonly add: readonly NamedExpression[];
    /** Process and runtime metrics too; to be asked for once per process. */
    readonly process: boolean;
  };
  /** `config.sensitiveHeaders`. */
  readonly sensitiveHeaders: readonly string[];
}

export interface TelemetryTools {
  readonly clock: Clock;
  readonly output: LogOutput;
  /** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are read from it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** From `frontendPolicies` (or the older places under `config`), which changes with every reload. */
export interface RuntimeTelemetrySettings {
  readonly accessLog: AccessLogSettings;
  /** Undefined = no tracing. */
  readonly tracing: TracingSettings | undefined;
}

/** What one runtime needs. */
export interface RuntimeTelemetry {
  readonly sinks: readonly Sink[];
  /** To be called when a request arrives: sets `exchange.trace`. */
  readonly startTrace: (exchange: Exchange) => void;
  /** Whether some field of log, spans or metrics reads the bodies: they must then be kept. */
  readonly readsRequestBody: boolean;
  readonly readsResponseBody: boolean;
  /** To be called when the runtime's last exchange is over: sends the spans that are left. */
  close(): Promise<void>;
}

/** Metrics, logs and traces. Lives as long as the process; each runtime gets its own part of it. */
export interface Telemetry {
  readonly log: Log;
  readonly levels: LogLevels;
  readonly metrics: GatewayMetrics;
  forRuntime(settings: RuntimeTelemetrySettings): RuntimeTelemetry;
  /** The Prometheus exposition, text format 0.0.4. */
  render(): Promise<string>;
  /** Writes the log lines that are left; bounded by a deadline. Later ones are lost. */
  close(): Promise<void>;
}

/** @throws Error for a log level that does not exist, or an added label that cannot be; the text says which */
export function createTelemetry(settings: TelemetrySettings, tools: TelemetryTools): Telemetry {
  const { clock, environment } = tools;
  const { version } = settings;
  const levels = new LogLevels(settings.logging.level);
  const format = lineFormat(settings.logging.format);
  const droppedLine = (count: number): string =>
    formatLine(format, {
      time: timestamp(clock.wall()),
      level: "warn",
      message: "log lines lost: the output did not keep up",
      fields: { count },
    });
  const writer = new LineWriter({ output: tools.output, droppedLine });
  const log = createGatewayLog({ levels, format, writer, clock });
  const { remove, add } = settings.metrics;
  const metrics = createMetrics({ version, remove, customLabels: add });
  const processMetrics = settings.metrics.process ? collectProcessMetrics(remove) : undefined;
  for (const name of metrics.registry.unknownRemovals()) {
    if (processMetrics?.names.has(name) !== true) log.warn("config.metrics.remove names a metric that does not exist", { name });
  }
  const sensitiveHeaders = sensitiveHeaderNames(settings.sensitiveHeaders);

  return {
    log,
    levels,
    metrics: metrics.events,
    forRuntime({ accessLog, tracing: tracingSettings }) {
      const sinks: Sink[] = [
        { name: "metrics", record: metrics.record },
        createAccessLog(accessLog, { levels, format, writer, sensitiveHeaders }),
      ];
      const tracing = tracingSettings && createTracing(tracingSettings, { log, clock, version, sensitiveHeaders, environment });
      if (tracing !== undefined) sinks.push(tracing.sink);
      const expressions = [...add.map(({ expression }) => expression), ...expressionsOf(accessLog), ...expressionsOf(tracingSettings)];
      return {
        sinks,
        startTrace: tracing?.start ?? startWithoutTracing,
        readsRequestBody: expressions.some(({ readsRequestBody }) => readsRequestBody),
        readsResponseBody: expressions.some(({ readsResponseBody }) => readsResponseBody),
        close: async () => tracing?.close(),
      };
    },
    render: sharing(async () => (await metrics.registry.render()) + ((await processMetrics?.render()) ?? "")),
    close: () => writer.close(),
  };
}

/** Expressions that run at an exchange's end; sampling runs at its start, where there is no body yet. */
function expressionsOf(settings: AccessLogSettings | TracingSettings | undefined): FieldExpression[] {
  if (settings === undefined) return [];
  const named = "collector" in settings ? settings.attributes : settings.add;
  return [...named.map(({ expression }) => expression), ...(settings.filter === undefined ? [] : [settings.filter])];
}

/** Callers that come while one run is under way get its result: many scrapers at once cost one scrape. */
function sharing<T>(run: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  return () => {
    current ??= run().finally(() => {
      current = undefined;
    });
    return current;
  };
}
