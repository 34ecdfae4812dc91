import type { JsonObject } from "../../base/json.ts";
import type { McpContext, McpLimits, SpawnSettings, StdioTargetSettings } from "../settings.ts";
import { TargetBusy } from "./target-busy.ts";
import { StdioProcess } from "./stdio-process.ts";

export interface ProcessListener {
  onMessage(line: Buffer, message: JsonObject): void;
  onGone(reason: string): void;
}

/** Starts the processes of one stdio target, and not too many of them. */
export class StdioLauncher {
  readonly target: string;
  readonly context: McpContext;
  limits: McpLimits;
  private readonly command: SpawnSettings;
  /** Started and not yet gone, those that are being ended among them. */
  private readonly running = new Set<StdioProcess>();
  private closed = false;

  constructor(settings: StdioTargetSettings, context: McpContext, limits: McpLimits) {
    this.target = settings.name;
    this.context = context;
    this.limits = boundsOf(settings, limits);
    this.command = { command: settings.command, args: settings.args, env: environmentOf(settings, context) };
  }

  /** Goes on with the bounds of a newer configuration; processes that run already are not ended for it. */
  adopt(settings: StdioTargetSettings, limits: McpLimits): void {
    this.limits = boundsOf(settings, limits);
  }

  /** @throws TargetBusy when the target has all the processes it may have, or is in use no longer */
  start(listener: ProcessListener): StdioProcess {
    if (this.closed) throw new TargetBusy("the target is not in use any more");
    const { target, limits, command } = this;
    const { spawn, clock, log } = this.context;
    if (this.running.size >= limits.maxProcesses) throw new TargetBusy(`all ${limits.maxProcesses} processes of the target are in use`);
    const process = new StdioProcess({
      target,
      spawn,
      command,
      limits,
      clock,
      log,
      onMessage: (line, message) => listener.onMessage(line, message),
      onGone: (reason) => listener.onGone(reason),
    });
    this.running.add(process);
    void process.exited.then(() => this.running.delete(process));
    return process;
  }

  /** Ends all of them, for good; resolves when they are gone, which SIGKILL sees to. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(Array.from(this.running, (process) => process.close()));
  }
}

/** How long to wait before a process that keeps ending is started again: at once the first time, then 250 ms doubling to 30 s. */
export class Backoff {
  private readonly launcher: StdioLauncher;
  private failures = 0;
  private startedAt = 0;
  private notBefore = 0;
  private lastReason = "";

  constructor(launcher: StdioLauncher) {
    this.launcher = launcher;
  }

  /** @throws Error when it is too early; says how long to wait and what the last one ended of */
  started(): void {
    const now = this.launcher.context.clock.monotonic();
    const wait = this.notBefore - now;
    if (wait > 0) throw new Error(`the process ended (${this.lastReason}); starting it again in ${Math.ceil(wait)} ms at the earliest`);
    this.startedAt = now;
  }

  ended(reason: string): void {
    const now = this.launcher.context.clock.monotonic();
    this.failures = now - this.startedAt > healthyAfterMs ? 1 : this.failures + 1;
    this.notBefore = this.failures === 1 ? now : now + Math.min(firstDelayMs * 2 ** (this.failures - 2), longestDelayMs);
    this.lastReason = reason;
  }
}

const healthyAfterMs = 10_000;
const firstDelayMs = 250;
const longestDelayMs = 30_000;

function boundsOf({ maxProcesses, poolIdleMs }: StdioTargetSettings, limits: McpLimits): McpLimits {
  return { ...limits, maxProcesses: maxProcesses ?? limits.maxProcesses, poolIdleMs: poolIdleMs ?? limits.poolIdleMs };
}

function environmentOf(settings: StdioTargetSettings, context: McpContext): Record<string, string> {
  if (settings.clearEnv) return { ...settings.env };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.environment)) if (value !== undefined) env[name] = value;
  return { ...env, ...settings.env };
}
