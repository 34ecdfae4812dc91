import type { Clock } from "../../base/clock.ts";

/** Lets so many lines a second into the log, and counts the others. */
export class LogBudget {
  private readonly clock: Clock;
  private readonly perSecond: number;
  private second = -1;
  private used = 0;
  private dropped = 0;

  constructor(clock: Clock, perSecond: number) {
    this.clock = clock;
    this.perSecond = perSecond;
  }

  /** undefined when the line is to be dropped; else how many were dropped since the last one that was not. */
  take(): number | undefined {
    const second = Math.floor(this.clock.monotonic() / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.used = 0;
    }
    if (this.used >= this.perSecond) {
      this.dropped += 1;
      return undefined;
    }
    this.used += 1;
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }
}
