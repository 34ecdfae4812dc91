import { systemClock } from "../base/clock.ts";
import { loadConfig } from "../config/load.ts";
import type { ProcessParts } from "../config/compile/load-runtime.ts";
import { runtimeTelemetrySettings, telemetrySettings } from "../config/compile/telemetry.ts";
import { ResourceRegistry } from "../config/resources.ts";
import type { ConfigSource } from "../config/source.ts";
import type { Stores } from "../contract/stores.ts";
import { PinRegistry } from "../mcp/integrity/registry.ts";
import { Vault } from "../policies/backend-auth/user-login/vault.ts";
import { MemoryState } from "../store/memory-state.ts";
import { createMemoryRateLimits } from "../store/rate-limit-store.ts";
import { SealedState, stateKeyBytes } from "../store/sealed-state.ts";
import { MemorySessionStore } from "../store/session-store.ts";
import { SqliteState } from "../store/sqlite-state.ts";
import { createTelemetry, type Telemetry } from "../telemetry/telemetry.ts";
import { fetchDocument } from "../upstream/fetch-document.ts";
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
  /** Callers' logins at servers behind the gateway. */
  readonly logins: Vault;
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
  const state = openState(config.config?.state, environment);
  const sessions = new MemorySessionStore({ clock: systemClock, maxSessions, reapEveryMs });
  telemetry.metrics.countSessions(() => sessions.size);
  const resources = new ResourceRegistry();
  return {
    clock: systemClock,
    log: telemetry.log,
    metrics: telemetry.metrics,
    stores: { rateLimits: createMemoryRateLimits(systemClock), sessions, ...state.stores },
    resources,
    environment,
    version: version(),
    toolPins: new PinRegistry({ store: state.stores.state, clock: systemClock, log: telemetry.log, metrics: telemetry.metrics }),
    telemetryFor: (loaded) => telemetry.forRuntime(runtimeTelemetrySettings(loaded, environment)),
    telemetry,
    logins: new Vault({ store: state.stores.secrets, clock: systemClock, fetch: fetchDocument }),
    async close() {
      sessions.close();
      await resources.close(disposeMs);
      state.close(); // after those who still write to it
      await telemetry.close();
    },
  };
}

interface OpenState {
  readonly stores: Pick<Stores, "state" | "secrets">;
  close(): void;
}

/** Without a file nothing outlives the process; without a key, secrets do not. */
function openState(
  settings: { readonly file: string; readonly key?: string | undefined } | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): OpenState {
  const key = environment[stateKeyVariable] ?? settings?.key;
  if (key !== undefined && !/^[0-9a-f]{64}$/i.test(key)) {
    throw new Error(
      `the environment's ${stateKeyVariable} must be ${stateKeyBytes * 2} hexadecimal digits: \`openssl rand -hex 32\` prints such`,
    );
  }
  if (settings === undefined) return { stores: { state: new MemoryState(), secrets: new MemoryState() }, close() {} };
  const file = new SqliteState(settings.file);
  const secrets = key === undefined ? new MemoryState() : new SealedState(file, Buffer.from(key, "hex"));
  return { stores: { state: file, secrets }, close: () => file.close() };
}

const stateKeyVariable = "STATE_KEY";
