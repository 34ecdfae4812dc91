import type { Clock } from "../../base/clock.ts";

/** A token that a server gave for a caller's. */
export interface ExchangedToken {
  readonly token: string;
  /** Milliseconds it is good for, from the moment it was asked for; undefined when the server does not say. */
  readonly lifetimeMs: number | undefined;
}

export interface TokenCacheSettings {
  /** 0 = each request fetches its own. */
  readonly maxEntries: number;
  /** Milliseconds a token is taken to be good for when the server does not say. */
  readonly defaultTtlMs: number;
}

/** A token that is good for less than this is not used again: it could expire on its way. Milliseconds. */
const marginMs = 15_000;

/** The longest token worth keeping, in characters: with the number of entries a bound on memory. */
const maxKeptLength = 16_384;

interface Kept {
  readonly token: string;
  /** Monotonic milliseconds from which on it is not used. */
  readonly until: number;
}

/**
 * Exchanged tokens by what they were exchanged for, the least recently used forgotten first. However many ask for the same
 * at a time, it is fetched once. Failures are not kept: whoever comes next tries again.
 */
export class TokenCache {
  private readonly settings: TokenCacheSettings;
  private readonly clock: Clock;
  /** In order of use. */
  private readonly kept = new Map<string, Kept>();
  /** As many as there are requests waiting. */
  private readonly underWay = new Map<string, Promise<string>>();

  constructor(settings: TokenCacheSettings, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * @param expiresAt epoch milliseconds after which the token must not be used, whatever the server says; undefined = no such time
   * @param fetch asks the server; rejections are passed on
   */
  get(key: string, expiresAt: () => number | undefined, fetch: () => Promise<ExchangedToken>): string | Promise<string> {
    if (this.settings.maxEntries === 0) return fetch().then(({ token }) => token);
    const kept = this.kept.get(key);
    if (kept !== undefined) {
      this.kept.delete(key);
      if (this.clock.monotonic() < kept.until) {
        this.kept.set(key, kept);
        return kept.token;
      }
    }
    let waiting = this.underWay.get(key);
    if (waiting === undefined) {
      waiting = this.fetched(key, expiresAt, fetch).finally(() => this.underWay.delete(key));
      this.underWay.set(key, waiting);
    }
    return waiting;
  }

  /** Forgets a token that its backend refused, so that the next request gets another. */
  forget(key: string, token: string): void {
    if (this.kept.get(key)?.token === token) this.kept.delete(key);
  }

  /** Tokens kept. */
  get size(): number {
    return this.kept.size;
  }

  private async fetched(key: string, expiresAt: () => number | undefined, fetch: () => Promise<ExchangedToken>): Promise<string> {
    const asked = this.clock.monotonic();
    const last = expiresAt();
    const leftMs = last === undefined ? Number.POSITIVE_INFINITY : last - this.clock.wall();
    const { token, lifetimeMs } = await fetch();
    const until = asked + Math.min(lifetimeMs ?? this.settings.defaultTtlMs, leftMs) - marginMs;
    if (token.length <= maxKeptLength && this.clock.monotonic() < until) this.keep(key, { token, until });
    return token;
  }

  private keep(key: string, kept: Kept): void {
    this.kept.set(key, kept);
    if (this.kept.size <= this.settings.maxEntries) return;
    const [oldest] = this.kept.keys();
    if (oldest !== undefined) this.kept.delete(oldest);
  }
}
