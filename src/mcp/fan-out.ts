import type { Clock } from "../base/clock.ts";
import { within } from "../base/deadline.ts";
import type { Log } from "../contract/runtime.ts";
import type { Health } from "./health.ts";
import type { Link } from "./session.ts";
import type { McpBackendSettings } from "./settings.ts";
import { TargetFailure } from "./target-failure.ts";

export interface FanOutSettings {
  readonly failureMode: McpBackendSettings["failureMode"];
  readonly patience: Patience;
  readonly health: Health;
  readonly log: Log;
}

/** What one target answered. */
export interface Answer<T> {
  readonly link: Link;
  readonly value: T;
}

/**
 * Asks several targets at the same time. With failClosed the first failure is everybody's; with failOpen targets that
 * fail, or are not done by the deadline, are left out, and only if nobody answered the first failure is thrown.
 * @param ask gets the milliseconds it has
 * @throws TargetFailure
 */
export async function fanOut<T>(
  links: readonly Link[],
  settings: FanOutSettings,
  ask: (link: Link, deadlineMs: number) => Promise<T>,
): Promise<readonly Answer<T>[]> {
  const asked = links.map((link) => answer(link, settings.patience, ask));
  if (settings.failureMode === "failClosed") return Promise.all(asked);
  const settled = await Promise.allSettled(asked);
  const answers: Answer<T>[] = [];
  let firstFailure: unknown;
  for (const outcome of settled) {
    if (outcome.status === "fulfilled") answers.push(outcome.value);
    else {
      firstFailure ??= outcome.reason;
      if (outcome.reason instanceof TargetFailure) settings.health.report("mcp target left out", outcome.reason);
    }
  }
  if (answers.length === 0 && firstFailure !== undefined) throw firstFailure;
  return answers;
}

async function answer<T>(link: Link, patience: Patience, ask: (link: Link, deadlineMs: number) => Promise<T>): Promise<Answer<T>> {
  const { name } = link.target;
  const deadlineMs = patience.with(name);
  try {
    const late = (): Error => new TargetFailure(name, `no answer within ${deadlineMs} ms`, { outage: "late" });
    return { link, value: await within(deadlineMs, ask(link, deadlineMs), late) };
  } catch (thrown) {
    const failure = TargetFailure.of(name, thrown);
    if (failure.outage === "late") patience.lost(name);
    throw failure;
  }
}

export interface PatienceSettings {
  /** Milliseconds a target normally has. */
  readonly deadlineMs: number;
  /** Milliseconds it has for a while after it missed a deadline. */
  readonly shortMs: number;
  readonly clock: Clock;
}

/**
 * How long targets are waited for. One that has just missed its deadline gets a short one for half a minute: with
 * failOpen, a server that hangs should cost one caller the wait and not every caller.
 */
export class Patience {
  private readonly settings: PatienceSettings;
  /** Monotonic milliseconds until which a target gets the short deadline. */
  private readonly shortUntil = new Map<string, number>();

  constructor(settings: PatienceSettings) {
    this.settings = settings;
  }

  get deadlineMs(): number {
    return this.settings.deadlineMs;
  }

  with(target: string): number {
    const { deadlineMs, shortMs, clock } = this.settings;
    const until = this.shortUntil.get(target);
    return until !== undefined && clock.monotonic() < until ? Math.min(shortMs, deadlineMs) : deadlineMs;
  }

  lost(target: string): void {
    this.shortUntil.set(target, this.settings.clock.monotonic() + shortForMs);
  }
}

const shortForMs = 30_000;
