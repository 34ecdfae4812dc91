import { Worker } from "node:worker_threads";
import type { Client } from "./client.ts";
import { now, openFleet, pause } from "./fleet.ts";
import type { PacerSettings } from "./pacer.ts";
import type { OpenLoop, OpenResult, Told } from "./protocol.ts";

/** Time for the pacing thread to start. */
const leadMs = 50;
/** How long replies may take that are missing at the end. */
const graceMs = 2_000;

/**
 * Sends requests at fixed times, whether or not earlier ones have been answered, and measures from the time a request was
 * due. A candidate that stalls so pays for every request that fell due meanwhile (no coordinated omission).
 */
export async function openLoop(job: OpenLoop, tell: (told: Told) => void): Promise<OpenResult> {
  const arrivals = new Arrivals(job);
  const fleet = await openFleet(job.plan, { done: (client) => arrivals.answered(client) });
  const pacer = arrivals.start(fleet.clients);
  try {
    await Promise.race([pause(leadMs + job.warmUpMs), fleet.failed]);
    tell({ tell: "window-start" });
    await Promise.race([pause(job.windowMs), fleet.failed]);
    tell({ tell: "window-end" });
    const deadline = now() + graceMs;
    while (!arrivals.over && now() < deadline) await Promise.race([pause(10), fleet.failed]);
    return arrivals.result();
  } finally {
    fleet.close();
    await pacer.terminate();
  }
}

/** Requests by the clock: request i is due at `startAt + i * intervalMs`. */
class Arrivals {
  private readonly intervalMs: number;
  private readonly warmUpCount: number;
  private readonly total: number;
  private startAt = 0;
  private due = 0;
  /** Of those that are due; the others wait for a connection. */
  private sent = 0;
  private readonly free: Client[] = [];
  private readonly inFlight = new Set<Client>();
  private readonly latencies: number[] = [];
  private readonly firstBytes: number[] = [];

  constructor({ rate, warmUpMs, windowMs }: OpenLoop) {
    this.intervalMs = 1_000 / rate;
    this.warmUpCount = Math.round(warmUpMs / this.intervalMs);
    this.total = this.warmUpCount + Math.round(windowMs / this.intervalMs);
  }

  get over(): boolean {
    return this.sent === this.total && this.inFlight.size === 0;
  }

  start(clients: readonly Client[]): Worker {
    this.free.push(...clients);
    this.startAt = now() + leadMs;
    const workerData: PacerSettings = { startAt: this.startAt, intervalMs: this.intervalMs, total: this.total };
    const pacer = new Worker(new URL("pacer.ts", import.meta.url), { workerData });
    pacer.on("message", () => {
      while (this.due < this.total && this.dueAt(this.due) <= now()) this.due += 1;
      this.dispatch();
    });
    return pacer;
  }

  answered(client: Client): void {
    this.inFlight.delete(client);
    this.note(client.dueAt, now(), client.firstByteAt);
    this.free.push(client);
    this.dispatch();
  }

  result(): OpenResult {
    const { latencies, firstBytes, total, warmUpCount } = this;
    const answered = latencies.length;
    for (const client of this.inFlight) this.note(client.dueAt, now(), now());
    for (let i = this.sent; i < total; i += 1) this.note(this.dueAt(i), now(), now());
    latencies.sort((a, b) => a - b);
    firstBytes.sort((a, b) => a - b);
    return {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      firstByteP50: percentile(firstBytes, 0.5),
      firstByteP99: percentile(firstBytes, 0.99),
      requests: total - warmUpCount,
      unanswered: latencies.length - answered,
    };
  }

  private dueAt(i: number): number {
    return this.startAt + i * this.intervalMs;
  }

  private dispatch(): void {
    while (this.sent < this.due && this.free.length > 0) {
      const client = this.free.shift() as Client; // first in, first out: every connection stays in use
      client.dueAt = this.dueAt(this.sent);
      this.sent += 1;
      this.inFlight.add(client);
      client.send();
    }
  }

  private note(dueAt: number, answeredAt: number, firstByteAt: number): void {
    if (dueAt < this.dueAt(this.warmUpCount)) return;
    this.latencies.push(answeredAt - dueAt);
    this.firstBytes.push(firstByteAt - dueAt);
  }
}

/** The smallest value that at least that share of the values does not exceed. @param sorted ascending, not empty */
export function percentile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error("no values");
  return value;
}
