import type { Clock } from "../../base/clock.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { GatewayMetrics } from "../../contract/metrics.ts";
import type { Log, Runtime, Sink } from "../../contract/runtime.ts";
import type { Stores } from "../../contract/stores.ts";
import type { PinRegistry } from "../../mcp/integrity/registry.ts";
import type { RuntimeTelemetry } from "../../telemetry/telemetry.ts";
import type { PoolSettings } from "../../upstream/pool-settings.ts";
import { loadConfig, type LoadedConfig } from "../load.ts";
import { ConfigError, formatIssue } from "../issues.ts";
import { ReadFiles } from "../read-files.ts";
import type { ResourceRegistry } from "../resources.ts";
import type { Config } from "../schema/document.ts";
import type { ConfigSource } from "../source.ts";
import type { CompileDeps } from "./build.ts";
import { type Compiled, CompileError, compileRuntime } from "./runtime.ts";
import { tcpKeepAlive } from "./tcp.ts";

/** What lives as long as the process, whatever configuration is served. */
export interface ProcessParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: GatewayMetrics;
  readonly stores: Stores;
  readonly resources: ResourceRegistry;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The gateway's version, for what it says of itself to MCP servers and clients. */
  readonly version: string;
  /** Definitions of MCP tools that were approved. */
  readonly toolPins: PinRegistry;
  /** The sinks and the tracing of one configuration. */
  readonly telemetryFor: (config: Config) => RuntimeTelemetry;
}

/** A configuration that is ready to serve. */
export interface Loaded {
  readonly config: Config;
  /** As read, for the admin API and for finding extensions. */
  readonly tree: unknown;
  readonly runtime: Runtime;
  readonly sinks: readonly Sink[];
  readonly startTrace: (exchange: Exchange) => void;
  /** Whether telemetry reads bodies, which must then be kept while they pass. */
  readonly readsRequestBody: boolean;
  readonly readsResponseBody: boolean;
  /** Lines for the operator. */
  readonly warnings: readonly string[];
  /** Milliseconds that exchanges in flight get when the process stops. */
  readonly drainMs: number;
  /** Lets go of everything; called once. Resolves when telemetry has sent what it held. */
  readonly release: () => Promise<void>;
}

/**
 * Reads, checks and compiles a configuration. Opens nothing.
 * @param files takes note of what was read, also when it throws
 * @throws ConfigError with everything that is wrong
 */
export function loadRuntime(source: ConfigSource, parts: ProcessParts, files = new ReadFiles()): Loaded {
  const readFile = (path: string): string => files.read(path);
  const text = source.read();
  if (source.file !== undefined) files.note(source.file, text);
  const loaded: LoadedConfig = loadConfig(text, { file: source.name, environment: parts.environment });
  const { config } = loaded;
  const { clock, log, metrics, stores, environment, version, toolPins } = parts;
  const pool = poolSettings(config);
  const deps = { clock, log, metrics, stores, resources: parts.resources.scope(), pool, readFile, environment, version, toolPins };
  const { compiled, telemetry } = compileParts(loaded, deps, parts);
  return {
    config,
    tree: loaded.tree,
    runtime: compiled.runtime,
    sinks: telemetry.sinks,
    startTrace: telemetry.startTrace,
    readsRequestBody: telemetry.readsRequestBody,
    readsResponseBody: telemetry.readsResponseBody,
    warnings: [
      ...loaded.warnings.map(formatIssue),
      ...compiled.warnings.map(({ path, message }) => formatIssue(loaded.issueAt(path, message))),
    ],
    drainMs: config.config?.connectionTerminationDeadline ?? 5_000,
    release() {
      compiled.runtime.release();
      return telemetry.close();
    },
  };
}

/** Compiles, and says of what cannot be compiled where it stands. */
function compileParts(loaded: LoadedConfig, deps: CompileDeps, parts: ProcessParts): { compiled: Compiled; telemetry: RuntimeTelemetry } {
  try {
    return { compiled: compileRuntime(loaded.config, deps), telemetry: parts.telemetryFor(loaded.config) };
  } catch (thrown) {
    deps.resources.release();
    if (!(thrown instanceof CompileError)) throw thrown;
    throw new ConfigError(thrown.problems.map(({ path, message }) => loaded.issueAt(path, message)));
  }
}

function poolSettings(config: Config): PoolSettings {
  const backend = config.config?.backend;
  return {
    connectTimeoutMs: backend?.connectTimeout ?? 10_000,
    idleTimeoutMs: backend?.poolIdleTimeout ?? 90_000,
    maxIdle: backend?.poolMaxSize,
    keepAlive: tcpKeepAlive(backend?.keepalives),
  };
}
