import type { Clock } from "../base/clock.ts";
import type { Log } from "../contract/runtime.ts";
import { TargetFailure } from "./target-failure.ts";

export interface HealthSettings {
  readonly clock: Clock;
  readonly log: Log;
  /** Failures in a row after which a target is left out. */
  readonly maxFailures: number;
  /** Milliseconds it is left out for, the first time; doubled each time the one try after that fails. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

interface Trouble {
  failures: number;
  /** What it last failed of. */
  problem: string;
  pauseMs: number;
  /** Monotonic milliseconds before which nobody asks it. */
  notBefore: number;
}

interface Report {
  /** Monotonic milliseconds of the last line in the log. */
  readonly at: number;
  /** Lines that there would have been since. */
  unlogged: number;
}

/**
 * Which targets are left out where several are asked and not all are needed (failOpen). After some failures in a row a
 * target has a pause; then one caller tries it while the others still do without. Any reply is a sign of life.
 */
export class Health {
  private readonly settings: HealthSettings;
  /** Targets that failed since they last replied. */
  private readonly troubles = new Map<string, Trouble>();
  /** By target and message. */
  private readonly reports = new Map<string, Report>();

  constructor(settings: HealthSettings) {
    this.settings = settings;
  }

  /** Why a target is not to be asked now; undefined when it is. After a pause only the first who asks hears that. */
  refusal(target: string): TargetFailure | undefined {
    const trouble = this.troubles.get(target);
    if (trouble === undefined || trouble.failures < this.settings.maxFailures) return undefined;
    const now = this.settings.clock.monotonic();
    if (now >= trouble.notBefore) {
      trouble.notBefore = now + trouble.pauseMs; // also when whoever tries it now does not come back
      return undefined;
    }
    const waitMs = Math.ceil(trouble.notBefore - now);
    return new TargetFailure(target, `${trouble.problem} (${trouble.failures} times in a row; tried again in ${waitMs} ms)`, {
      outage: "down",
    });
  }

  /** It could not be reached, or did not answer in time. */
  failed({ target, problem }: TargetFailure): void {
    const { clock, maxFailures, firstPauseMs, longestPauseMs } = this.settings;
    const trouble = this.troubles.get(target) ?? { failures: 0, problem, pauseMs: 0, notBefore: 0 };
    this.troubles.set(target, trouble);
    trouble.failures += 1;
    trouble.problem = problem;
    if (trouble.failures < maxFailures) return;
    trouble.pauseMs = Math.min(trouble.pauseMs === 0 ? firstPauseMs : trouble.pauseMs * 2, longestPauseMs);
    trouble.notBefore = clock.monotonic() + trouble.pauseMs;
  }

  /** It replied. */
  replied(target: string): void {
    const trouble = this.troubles.get(target);
    if (trouble === undefined) return;
    this.troubles.delete(target);
    const { failures } = trouble;
    if (failures >= this.settings.maxFailures) this.settings.log.info("mcp target is back", { target, failures });
  }

  /** Tells the log that callers had to do without a target; now and then, however many they are. */
  report(message: string, { target, message: error }: TargetFailure): void {
    const { log, clock } = this.settings;
    const key = `${target} ${message}`;
    const last = this.reports.get(key);
    const now = clock.monotonic();
    if (last !== undefined && now - last.at < reportEveryMs) {
      last.unlogged += 1;
      return;
    }
    log.warn(message, { target, error, ...(last === undefined || last.unlogged === 0 ? {} : { unlogged: last.unlogged }) });
    this.reports.set(key, { at: now, unlogged: 0 });
  }
}

const reportEveryMs = 30_000;
