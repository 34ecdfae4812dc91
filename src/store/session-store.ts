import { RecentMap } from "../base/recent-map.ts";
import type { Clock } from "../base/clock.ts";
import type { SessionEnd, SessionStore } from "../contract/stores.ts";

export interface MemorySessionStoreSettings {
  readonly clock: Clock;
  /** Sessions held at most; one more makes the longest idle one go. */
  readonly maxSessions: number;
  /** Milliseconds between two looks for expired ones, at most; sessions that are kept for less are looked for more often. */
  readonly reapEveryMs: number;
  /** Ids of ended sessions remembered at most; at least the later half of them is. */
  readonly maxEnded?: number;
}

interface Entry {
  /** As it was stored: that of a request may be a part of a longer text, which it would keep alive. */
  readonly id: string;
  readonly value: unknown;
  readonly ttlMs: number;
  readonly onExpire: ((value: never, reason: SessionEnd) => void) | undefined;
  /** Monotonic milliseconds. */
  usedAt: number;
}

/** Sessions in this process's memory. Call `close` to end them all. */
export class MemorySessionStore implements SessionStore {
  private readonly settings: MemorySessionStoreSettings;
  /** The longest idle first: every use moves a session to the end. */
  private readonly entries = new Map<string, Entry>();
  private readonly ended: RecentMap<string, true>;
  private timer: NodeJS.Timeout | undefined;
  /** Milliseconds between two of its looks. */
  private everyMs = 0;

  constructor(settings: MemorySessionStoreSettings) {
    this.settings = settings;
    this.ended = new RecentMap(settings.maxEnded ?? defaultMaxEnded);
  }

  get size(): number {
    return this.entries.size;
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as the contract has it: the caller knows what it stored
  get<T>(id: string): T | undefined {
    const entry = this.entries.get(id);
    if (entry === undefined) return undefined;
    const now = this.settings.clock.monotonic();
    if (isExpired(entry, now)) {
      this.drop(id, entry, "idle");
      return undefined;
    }
    entry.usedAt = now;
    this.entries.delete(id);
    this.entries.set(entry.id, entry);
    return entry.value as T;
  }

  set<T>(id: string, value: T, ttlMs: number, onExpire?: (value: T, reason: SessionEnd) => void): void {
    this.entries.delete(id);
    this.ended.delete(id);
    this.entries.set(id, { id, value, ttlMs, onExpire, usedAt: this.settings.clock.monotonic() });
    if (this.entries.size > this.settings.maxSessions) {
      const [oldest] = this.entries;
      if (oldest !== undefined) this.drop(oldest[0], oldest[1], "evicted");
    }
    this.reapWithin(ttlMs);
  }

  delete(id: string): boolean {
    this.ended.set(id, true);
    return this.entries.delete(id);
  }

  hasEnded(id: string): boolean {
    return this.ended.get(id) === true;
  }

  /** Forgets what has been idle for too long. */
  reap(): void {
    const now = this.settings.clock.monotonic();
    // all of them first: whoever is told may put its session back
    const expired = [...this.entries].filter(([, entry]) => isExpired(entry, now));
    for (const [id, entry] of expired) this.drop(id, entry, "idle");
  }

  /** Ends every session, at shutdown. */
  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    const entries = [...this.entries.values()];
    this.entries.clear();
    for (const { value, onExpire } of entries) onExpire?.(value as never, "closed");
  }

  /** One that is kept for a short time must not outlive it by a long one. */
  private reapWithin(ttlMs: number): void {
    const everyMs = Math.min(this.settings.reapEveryMs, Math.max(ttlMs, shortestMs));
    if (this.timer !== undefined && everyMs >= this.everyMs) return;
    clearInterval(this.timer);
    this.everyMs = everyMs;
    this.timer = setInterval(() => this.reap(), everyMs).unref();
  }

  private drop(id: string, entry: Entry, reason: SessionEnd): void {
    this.entries.delete(id);
    if (reason === "idle") this.ended.set(entry.id, true);
    entry.onExpire?.(entry.value as never, reason);
  }
}

/** Milliseconds between two looks, at least: they cost a pass over all sessions. */
const shortestMs = 500;
const defaultMaxEnded = 100_000;

function isExpired(entry: Entry, now: number): boolean {
  return now - entry.usedAt >= entry.ttlMs;
}
