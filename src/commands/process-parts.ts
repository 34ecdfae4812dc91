import { systemClock } from "../base/clock.ts";
import type { ProcessParts } from "../config/compile/load-runtime.ts";
import { ResourceRegistry } from "../config/resources.ts";
import type { ConfigSource } from "../config/source.ts";
import type { Log } from "../contract/runtime.ts";
import { createMemoryRateLimits } from "../store/rate-limit-store.ts";
import { createMetrics } from "../telemetry/metrics/index.ts";
import type { ProcessIo } from "./io.ts";
import { version } from "./version.ts";

export interface OwnedParts extends ProcessParts {
  /** The exposition for /metrics. */
  readonly renderMetrics: () => Promise<string>;
  close(): Promise<void>;
}

/** Makes what lives as long as the process, from the `config` section. */
export async function createProcessParts(source: ConfigSource, io: ProcessIo): Promise<OwnedParts> {
  void source;
  const write = (level: string, message: string, fields?: object): void =>
    void io.out(`${level} ${message} ${JSON.stringify(fields ?? {})}\n`);
  const log: Log = {
    debug: () => {},
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
  };
  const metrics = createMetrics({ version: version(), remove: [], customLabels: [] });
  return {
    clock: systemClock,
    log,
    metrics: metrics.events,
    stores: { rateLimits: createMemoryRateLimits(systemClock), sessions: undefined as never },
    resources: new ResourceRegistry(),
    environment: io.environment,
    telemetryFor: () => ({ sinks: [{ name: "metrics", record: metrics.record }], startTrace: () => {}, close: () => {} }),
    renderMetrics: () => metrics.registry.render(),
    close: async () => {},
  };
}
