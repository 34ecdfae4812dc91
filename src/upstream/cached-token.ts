import type { Clock } from "../base/clock.ts";

/** A token from somebody's token endpoint. */
export interface IssuedToken {
  readonly token: string;
  /** Milliseconds it is good for, from the moment it was asked for. */
  readonly lifetimeMs: number;
}

/** A token is replaced when this much of its life is left: milliseconds, or half its life if that is shorter. */
const refreshAheadMs = 300_000;
/** Milliseconds after a failure before anybody asks again; requests in between share the failure. */
const retryMs = 2_000;

/**
 * A token that is fetched when first needed and kept fresh: one fetch at a time, begun in the background while the old
 * token is still good, so that requests wait only for the very first one.
 */
export class CachedToken {
  private readonly clock: Clock;
  private readonly issue: () => Promise<IssuedToken>;
  private token = "";
  private refreshAt = Number.NEGATIVE_INFINITY;
  private expiresAt = Number.NEGATIVE_INFINITY;
  private underWay: Promise<string> | undefined = undefined;
  private failure: { readonly error: unknown; readonly until: number } | undefined = undefined;

  constructor(clock: Clock, issue: () => Promise<IssuedToken>) {
    this.clock = clock;
    this.issue = issue;
  }

  /** A good token; at once where there is one. Rejects with what `issue` rejected with. */
  get(): string | Promise<string> {
    const now = this.clock.monotonic();
    if (now < this.refreshAt) return this.token;
    if (now >= this.expiresAt) return this.refresh(now);
    void this.refresh(now).catch(() => {}); // the old one is still good; the next request tries again
    return this.token;
  }

  private refresh(now: number): Promise<string> {
    if (this.underWay !== undefined) return this.underWay;
    if (this.failure !== undefined && now < this.failure.until) return Promise.reject(this.failure.error);
    this.underWay = this.issue()
      .then(
        ({ token, lifetimeMs }) => {
          this.token = token;
          this.failure = undefined;
          this.expiresAt = now + lifetimeMs;
          this.refreshAt = this.expiresAt - Math.min(refreshAheadMs, lifetimeMs / 2);
          return token;
        },
        (error: unknown) => {
          this.failure = { error, until: this.clock.monotonic() + retryMs };
          throw error;
        },
      )
      .finally(() => (this.underWay = undefined));
    return this.underWay;
  }
}
