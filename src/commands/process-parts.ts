import { systemClock } from "../base/clock.ts";
import { loadConfig } from "../config/load.ts";
import type { ProcessParts } from "../config/compile/load-runtime.ts";
import { runtimeTelemetrySettings, telemetrySettings } from "../config/compile/telemetry.ts";
import { ResourceRegistry } from "../config/resources.ts";
import type { ConfigSource } from "../config/source.ts";
import { createMemoryRateLimits } from "../store/rate-limit-store.ts";
import { MemorySessionStore } from "../store/session-store.ts";
import { createTelemetry, type Telemetry } from "../telemetry/telemetry.ts";
import type { ProcessIo } from "./io.ts";
import { version } from "./version.ts";

/** MCP sessions held at most in this process; the longest idle one goes first. */
const maxSessions = 100_000;
/** How often expired sessions are looked for. */
const reapEveryMs = 30_000;
/** How long child processes may take to be gone when we stop: a little longer than until SIGKILL. */
const disposeMs = 5_000;

export interface OwnedParts extends ProcessParts {
  readonly telemetry: Telemetry;
  close(): Promise<void>;
}

/**
 * Makes what lives as long as the process, from the `config` section as it is now.
 * @throws ConfigError
 */
export function createProcessParts(source: ConfigSource, io: ProcessIo): OwnedParts {
  const { environment } = io;
  const { config } = loadConfig(source.read(), { file: source.name, environment });
  const telemetry = createTelemetry(telemetrySettings(config, version(), environment), {
    clock: systemClock,
    output: io.logOutput,
    environment,
  });
  const sessions = new MemorySessionStore({ clock: systemClock, maxSessions, reapEveryMs });
  telemetry.metrics.countSessions(() => sessions.size);
  const resources = new ResourceRegistry();
  return {
    clock: systemClock,
    log: telemetry.log,
    metrics: telemetry.metrics,
    stores: { rateLimits: createMemoryRateLimits(systemClock), sessions },
    resources,
    environment,
    version: version(),
    telemetryFor: (loaded) => telemetry.forRuntime(runtimeTelemetrySettings(loaded, environment)),
    telemetry,
    async close() {
      sessions.close();
      await resources.close(disposeMs);
      await telemetry.close();
    },
  };
}
