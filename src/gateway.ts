import { type Clock, systemClock } from "./base/clock.ts";
import { type Loaded, loadRuntime, type ProcessParts } from "./config/compile/load-runtime.ts";
import { ConfigError, formatIssue } from "./config/issues.ts";
import { ReadFiles } from "./config/read-files.ts";
import type { ConfigSource } from "./config/source.ts";
import { FileWatch } from "./config/watch.ts";
import { GatewayError } from "./contract/errors.ts";
import { Exchange, type ListenerNames } from "./contract/exchange.ts";
import type { CompiledListener, Log } from "./contract/runtime.ts";
import { toReply } from "./pipeline/compose.ts";
import { finish } from "./pipeline/finish.ts";
import { handle } from "./pipeline/pipeline.ts";
import { Binds } from "./server/binds.ts";
import type { BindHooks, Received, Served } from "./server/receive.ts";

export interface GatewayOptions {
  readonly source: ConfigSource;
  readonly parts: ProcessParts;
  /** Follow the configuration file and the files it names. */
  readonly watch: boolean;
  readonly clock?: Clock;
}

/** The running gateway: open ports, and the runtime that serves them. */
export interface Gateway {
  /** Open ports by the key of their bind: `bind/3000`, `gateway/default`, `mcp`, `llm`. */
  readonly ports: ReadonlyMap<string, number>;
  /** The configuration that is served. */
  readonly loaded: Loaded;
  /** Reads the configuration again. On failure the one before serves on. @returns whether it took effect */
  reload(): Promise<boolean>;
  /**
   * Stops accepting, lets exchanges in flight end until the deadline, and lets go of everything. Called again with a
   * nearer deadline it cuts short what is still in flight.
   */
  close(deadlineMs?: number): Promise<void>;
}

/**
 * Loads the configuration and opens its ports.
 * @throws ConfigError when it cannot be used (nothing was opened), Error when a port cannot be opened
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const running = new RunningGateway(options);
  await running.open();
  return running;
}

/** Milliseconds for the connections of a port that a reload closed. */
const reloadDrainMs = 30_000;

class RunningGateway implements Gateway {
  private readonly options: GatewayOptions;
  private readonly parts: ProcessParts;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly binds: Binds;
  private readonly watch: FileWatch | undefined;
  private current: LiveRuntime;
  /** What the last attempt to load read, also when it failed. */
  private files = new ReadFiles();
  /** Reloads run one after the other. */
  private reloading: Promise<boolean> = Promise.resolve(true);
  private closing: Promise<void> | undefined;
  /** The ends of runtimes that were replaced and still have exchanges. */
  private readonly retired = new Set<Promise<void>>();

  constructor(options: GatewayOptions) {
    this.options = options;
    this.parts = options.parts;
    this.clock = options.clock ?? systemClock;
    this.log = options.parts.log;
    this.current = new LiveRuntime(loadRuntime(options.source, this.parts, this.files));
    this.binds = new Binds((key) => this.hooks(key), this.log);
    const watched = options.watch && options.source.file !== undefined;
    this.watch = watched
      ? new FileWatch(
          () => void this.reloadIfChanged(),
          (folder, cause) => this.log.warn("cannot watch folder", { folder, error: String(cause) }),
        )
      : undefined;
  }

  get ports(): ReadonlyMap<string, number> {
    return this.binds.ports;
  }

  get loaded(): Loaded {
    return this.current.loaded;
  }

  async open(): Promise<void> {
    const failures = await this.binds.apply(this.loaded.runtime.binds, 0);
    if (failures.length > 0) {
      await this.close(0);
      throw new Error(failures.map(({ message }) => message).join("\n"));
    }
    this.parts.metrics.configSynchronized(true);
    this.watch?.follow(this.files.paths);
  }

  reload(): Promise<boolean> {
    if (this.closing !== undefined) return Promise.resolve(false);
    this.reloading = this.reloading.then(() => this.reloadNow());
    return this.reloading;
  }

  close(deadlineMs = this.loaded.drainMs): Promise<void> {
    const drained = this.reloading.then(() => {
      this.watch?.close();
      return this.binds.close(deadlineMs);
    });
    this.closing ??= drained.then(async () => {
      this.retire(this.current);
      await Promise.all(this.retired);
    });
    return this.closing;
  }

  private async reloadNow(): Promise<boolean> {
    let next: Loaded;
    this.files = new ReadFiles();
    try {
      next = loadRuntime(this.options.source, this.parts, this.files);
    } catch (thrown) {
      this.log.error("Failed to reload config; the previous one serves on", {
        error: describeFailure(thrown),
      });
      this.parts.metrics.configSynchronized(false);
      this.watch?.follow(this.files.paths); // also where a file that is missing will be
      return false;
    }
    const before = this.current;
    this.current = new LiveRuntime(next);
    this.retire(before);
    const failures = await this.binds.apply(next.runtime.binds, reloadDrainMs);
    for (const failure of failures) this.log.error("a port of the new config could not be opened", { error: failure.message });
    this.parts.metrics.configSynchronized(failures.length === 0);
    this.watch?.follow(this.files.paths);
    for (const warning of next.warnings) this.log.warn(warning);
    this.log.info("config reloaded", { file: this.options.source.name });
    return true;
  }

  private retire(runtime: LiveRuntime): void {
    const { released } = runtime;
    this.retired.add(released);
    void released.then(() => this.retired.delete(released));
    runtime.retire();
  }

  private async reloadIfChanged(): Promise<void> {
    if (this.files.changed()) await this.reload();
  }

  private hooks(key: string): BindHooks {
    const names = (): ListenerNames =>
      this.current.loaded.runtime.binds.get(key)?.names ?? { bind: key, gateway: "unknown", listener: "unknown" };
    const { metrics } = this.parts;
    return {
      serve: (received) => this.serve(key, received),
      admits: (connection) => this.current.loaded.runtime.binds.get(key)?.admits?.(connection) ?? true,
      connected: (protocol) => metrics.connectionOpened(names(), protocol),
      disconnected: (protocol, received, sent) => metrics.connectionBytes(names(), protocol, { received, sent }),
      handshake: (milliseconds) => metrics.tlsHandshake(names(), "https", milliseconds),
    };
  }

  /** One request: finds its listener, runs the pipeline, and ends the exchange when the server says so. */
  private serve(key: string, received: Received): Served {
    const live = this.current;
    live.enter();
    const { runtime, sinks, startTrace } = live.loaded;
    const bind = runtime.binds.get(key);
    const { listener, refusal } = this.findListener(bind?.pick, received);
    const exchange = new Exchange({
      connection: received.connection,
      listener: listener?.names ?? bind?.names ?? { bind: key, gateway: "unknown", listener: "unknown" },
      request: received.head,
      body: received.body,
      httpVersion: received.httpVersion,
      upgrade: received.upgrade,
      recordsResponse: live.loaded.readsResponseBody,
      limits: bind?.limits ?? { maxBufferSize: 0 },
      startedAt: this.clock.wall(),
      startedMonotonic: this.clock.monotonic(),
    });
    startTrace(exchange);
    if (live.loaded.readsRequestBody) exchange.body.record(exchange.limits.maxBufferSize);
    const reply = listener === undefined ? Promise.resolve(toReply(exchange, refusal)) : handle(listener, exchange);
    return {
      exchange,
      reply,
      replied: () => {
        exchange.repliedAt = this.clock.monotonic();
      },
      finish: (clientLeft) => {
        if (clientLeft) {
          const closed = new GatewayError("client_closed");
          if (exchange.status === 0) exchange.error = closed;
          exchange.abort(closed);
        }
        exchange.finishedAt = this.clock.monotonic();
        finish(exchange, sinks, this.log);
        live.leave();
      },
    };
  }

  private findListener(
    pick: ((authority: string, serverName: string | undefined) => CompiledListener) | undefined,
    received: Received,
  ): { listener?: CompiledListener; refusal?: unknown } {
    if (received.refusal !== undefined) return { refusal: received.refusal };
    if (pick === undefined) return { refusal: new GatewayError("bind_not_found") };
    try {
      return { listener: pick(received.head.authority, received.connection.tls?.serverName) };
    } catch (refusal) {
      return { refusal };
    }
  }
}

/** All that is wrong, in one line: the log is where an operator looks first. */
function describeFailure(thrown: unknown): string {
  if (thrown instanceof ConfigError) return thrown.issues.map(formatIssue).join("; ");
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** A runtime with the exchanges that it is serving; it is let go of when it has been replaced and they are over. */
class LiveRuntime {
  readonly loaded: Loaded;
  readonly released: Promise<void>;
  private inFlight = 0;
  private retired = false;
  private settle: () => void = () => {};

  constructor(loaded: Loaded) {
    this.loaded = loaded;
    this.released = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  enter(): void {
    this.inFlight += 1;
  }

  leave(): void {
    this.inFlight -= 1;
    this.releaseWhenIdle();
  }

  retire(): void {
    this.retired = true;
    this.releaseWhenIdle();
  }

  private releaseWhenIdle(): void {
    if (!this.retired || this.inFlight > 0) return;
    void this.loaded.release().then(this.settle, this.settle);
  }
}
