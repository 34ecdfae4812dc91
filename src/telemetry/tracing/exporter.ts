import type { BatchSpanProcessor, SpanExporter } from "@opentelemetry/sdk-trace";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../contract/runtime.ts";
import type { Collector } from "./collector.ts";
import { readableSpan } from "./readable-span.ts";
import type { AttributeValue, FinishedSpan } from "./span.ts";

export interface ExporterSettings {
  readonly collector: Collector;
  /** `service.name` and the like. */
  readonly resource: Readonly<Record<string, AttributeValue>>;
  readonly version: string;
  readonly pace: ExportPace;
}

export interface ExportPace {
  /** Milliseconds that spans wait for others to join them. */
  readonly batchAfterMs: number;
  /** Milliseconds for one export, retries included. */
  readonly timeoutMs: number;
}

export const defaultPace: ExportPace = { batchAfterMs: 2_000, timeoutMs: 5_000 };

/** Takes finished spans, and sends them in the background. Never throws, never waits. */
export interface SpanQueue {
  add(spans: readonly FinishedSpan[]): void;
  /** Sends what is left, for at most `deadlineMs`. */
  close(deadlineMs?: number): Promise<void>;
}

/** Spans waiting or under way; further ones are dropped. */
const maxQueued = 4_096;
const maxBatch = 512;
const warnEveryMs = 60_000;

/**
 * OpenTelemetry's batching and OTLP exporters, loaded when the first tracing is configured. A collector that is down or
 * slow costs a bounded number of kept spans and a warning a minute.
 */
export function createSpanQueue(settings: ExporterSettings, log: Log, clock: Clock): SpanQueue {
  const warn = rateLimited(log, clock);
  let queued = 0;
  let closed = false;
  let waiting: FinishedSpan[] = [];
  let pipeline: Pipeline | undefined;

  const exported = (count: number, error: Error | undefined): void => {
    queued -= count;
    if (error === undefined) return;
    const hint = `spans are dropped until it answers; check that it runs and speaks OTLP over ${settings.collector.protocol}`;
    warn("trace collector not reached", { collector: settings.collector.url, lost: count, error, hint });
  };
  const loading = loadPipeline(settings, exported).then(
    (loaded) => {
      pipeline = loaded;
      for (const span of waiting) loaded.send(span);
      waiting = [];
    },
    (error: unknown) => {
      closed = true;
      waiting = [];
      log.error("tracing could not be started; no spans are exported", { collector: settings.collector.url, error });
    },
  );

  return {
    add(spans) {
      if (closed) return;
      if (queued + spans.length > maxQueued) {
        warn("spans dropped: the trace collector is too slow", { collector: settings.collector.url, waiting: queued });
        return;
      }
      queued += spans.length;
      for (const span of spans) {
        if (pipeline === undefined) waiting.push(span);
        else pipeline.send(span);
      }
    },
    async close(deadlineMs = 2_000) {
      closed = true;
      await within(
        deadlineMs,
        loading.then(() => pipeline?.shutdown()),
      );
    },
  };
}

interface Pipeline {
  send(span: FinishedSpan): void;
  shutdown(): Promise<void>;
}

async function loadPipeline(settings: ExporterSettings, exported: (count: number, error: Error | undefined) => void): Promise<Pipeline> {
  const [{ BatchSpanProcessor }, { resourceFromAttributes }, exporter] = await Promise.all([
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    loadExporter(settings.collector, settings.pace.timeoutMs),
  ]);
  const processor: BatchSpanProcessor = new BatchSpanProcessor({
    exporter: observed(exporter, exported),
    maxQueueSize: maxQueued,
    maxExportBatchSize: maxBatch,
    scheduledDelayMillis: settings.pace.batchAfterMs,
    exportTimeoutMillis: 2 * settings.pace.timeoutMs, // a net: the exporter's own timeout comes first and is reported
  });
  const resource = resourceFromAttributes({ ...settings.resource });
  const scope = { name: "turnpike", version: settings.version };
  return {
    send: (span) => processor.onEnd(readableSpan(span, resource, scope)),
    shutdown: () => processor.shutdown(),
  };
}

async function loadExporter({ protocol, url, headers }: Collector, timeoutMillis: number): Promise<SpanExporter> {
  if (protocol === "http") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    return new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis });
  }
  const [{ OTLPTraceExporter }, { Metadata }] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-grpc"),
    import("@grpc/grpc-js"),
  ]);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new OTLPTraceExporter({ url, metadata, timeoutMillis });
}

/** Counts what became of the spans; the library itself reports failures to nobody. */
function observed(exporter: SpanExporter, exported: (count: number, error: Error | undefined) => void): SpanExporter {
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const code: number = result.code; // 0 = success: ExportResultCode is not ours to import
        exported(spans.length, code === 0 ? undefined : (result.error ?? new Error("export failed")));
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

function rateLimited(log: Log, clock: Clock): (message: string, fields: Readonly<Record<string, unknown>>) => void {
  let last = Number.NEGATIVE_INFINITY;
  let silenced = 0;
  return (message, fields) => {
    const now = clock.monotonic();
    if (now - last < warnEveryMs) {
      silenced++;
      return;
    }
    log.warn(message, silenced === 0 ? fields : { ...fields, repeated: silenced });
    last = now;
    silenced = 0;
  };
}

/** Waits for `work`, but not longer than the deadline; how it ends does not matter. */
async function within(deadlineMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([work.catch(() => {}), deadline]);
  clearTimeout(timer);
}
