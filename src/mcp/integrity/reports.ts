import type { Clock } from "../../base/clock.ts";
import { redactSecrets } from "../../base/redact.ts";
import type { GatewayMetrics } from "../../contract/metrics.ts";
import type { Log } from "../../contract/runtime.ts";
import { LogBudget } from "../upstream/log-budget.ts";
import { describeChange } from "./diff.ts";
import type { Finding } from "./findings.ts";
import { visible } from "./hidden-text.ts";
import type { Pin } from "./pin.ts";
import type { Pins } from "./pins.ts";

/** Lines a second: a server may change all its definitions with each list. */
const linesPerSecond = 20;
/** Characters of a name or a detail in a line. */
const maxLength = 1_000;

/** Tells the operator what was noticed about definitions: in the log and in metrics. */
export class IntegrityReports {
  private readonly pins: Pins;
  private readonly log: Log;
  private readonly metrics: GatewayMetrics;
  private readonly clock: Clock;
  private readonly budget: LogBudget;
  private readonly toldFull = new Map<string, number>();
  /** Approved by first sight since the last line about it, by target. */
  private readonly approved = new Map<string, number>();

  constructor(pins: Pins, tools: { readonly log: Log; readonly metrics: GatewayMetrics; readonly clock: Clock }) {
    this.pins = pins;
    this.log = tools.log;
    this.metrics = tools.metrics;
    this.clock = tools.clock;
    this.budget = new LogBudget(tools.clock, linesPerSecond);
  }

  /** A definition was met for the first time. */
  met(pin: Pin, { explicit }: { readonly explicit: boolean }): void {
    if (pin.state === "approved") this.countApproved(pin.target);
    else if (pin.state === "changed") {
      this.metrics.toolChanged(this.pins.backend, pin.target, "changed");
      const skipped = this.budget.take();
      if (skipped !== undefined) void this.changed(pin, skipped);
    } else if (explicit) this.warn("mcp tool waits for approval", pin, {});
  }

  /** Something in it should be looked at. */
  found(pin: Pin, findings: readonly Finding[]): void {
    for (const { kind, detail } of findings) {
      this.metrics.toolChanged(this.pins.backend, pin.target, kind);
      this.warn("mcp tool definition is suspicious", pin, { finding: kind, detail: shown(detail) });
    }
  }

  /** There is no more room for definitions of the target. Said once a minute. */
  full({ target }: Pin): void {
    const now = this.clock.monotonic();
    if (now - (this.toldFull.get(target) ?? Number.NEGATIVE_INFINITY) < 60_000) return;
    this.toldFull.set(target, now);
    this.log.error("mcp target has too many tool definitions; further ones are not kept and cannot be approved", {
      backend: this.pins.backend,
      target,
    });
  }

  /** A list could not be compared. */
  unreadable(target: string): void {
    const { backend } = this.pins;
    this.metrics.toolChanged(backend, target, "unclear");
    if (this.budget.take() !== undefined) this.log.warn("mcp list cannot be compared: a key stands there twice", { backend, target });
  }

  private async changed(pin: Pin, skipped: number): Promise<void> {
    const changes = await changesOf(this.pins, pin).catch((error: unknown) => [`the one before cannot be read: ${String(error)}`]);
    this.warn("mcp tool definition changed", pin, { changes }, skipped);
  }

  private warn(message: string, pin: Pin, more: Readonly<Record<string, unknown>>, taken = this.budget.take()): void {
    if (taken === undefined) return;
    const { kind, target, name, fingerprint, state } = pin;
    this.log.warn(message, {
      backend: this.pins.backend,
      target,
      [kind]: shown(visible(name)),
      state,
      fingerprint,
      ...more,
      ...(taken === 0 ? {} : { skippedLines: taken }),
    });
  }

  /** One line for all tools of a list. */
  private countApproved(target: string): void {
    const count = this.approved.get(target) ?? 0;
    this.approved.set(target, count + 1);
    if (count > 0) return;
    setImmediate(() => {
      this.log.info("mcp tool definitions approved by first sight", {
        backend: this.pins.backend,
        target,
        count: this.approved.get(target) ?? 0,
      });
      this.approved.delete(target);
    });
  }
}

/** What differs from the definition that was approved last; none where there is no such. */
export async function changesOf(pins: Pins, pin: Pin): Promise<string[]> {
  const approved = pins.of(pin).filter((other) => other !== pin && other.state === "approved");
  const last = approved.toSorted((a, b) => b.since - a.since)[0];
  if (last === undefined) return [];
  return describeChange(await pins.members(last), await pins.members(pin)).map(shown);
}

function shown(text: string): string {
  const clean = redactSecrets(text.toWellFormed()); // texts may have been cut within a character
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}...` : clean;
}
