import type { Clock } from "../base/clock.ts";
import type { Bucket, RateLimitDecision, RateLimitStore } from "../contract/stores.ts";

interface Level {
  tokens: number;
  /** Monotonic milliseconds of the next fill. */
  fillAt: number;
}

/** Buckets held at once, by default. */
const maxKeys = 100_000;

/**
 * Token buckets in this process. Tokens come in whole fills, the first one an interval after the bucket was first asked.
 *
 * The number of buckets is bounded: beyond it the one that was asked least recently is forgotten, and starts full when
 * it is asked again.
 */
export function createMemoryRateLimits(clock: Clock, bound: number = maxKeys): RateLimitStore {
  // In the order of last use: a Map keeps the order of insertion.
  const levels = new Map<string, Level>();

  function levelOf(key: string, bucket: Bucket, now: number): Level {
    const known = levels.get(key);
    if (known !== undefined) {
      levels.delete(key);
      levels.set(key, known);
      fill(known, bucket, now);
      return known;
    }
    const level = { tokens: bucket.maxTokens, fillAt: now + bucket.fillIntervalMs };
    levels.set(key, level);
    if (levels.size > bound) levels.delete(levels.keys().next().value as string);
    return level;
  }

  return {
    take(key, bucket, cost): RateLimitDecision {
      const now = clock.monotonic();
      const level = levelOf(key, bucket, now);
      const allowed = level.tokens >= Math.max(cost, 1);
      if (allowed) level.tokens -= cost;
      return { allowed, remaining: level.tokens, resetMs: level.fillAt - now };
    },
    charge(key, bucket, cost): void {
      const level = levelOf(key, bucket, clock.monotonic());
      level.tokens = Math.max(0, level.tokens - cost);
    },
  };
}

function fill(level: Level, bucket: Bucket, now: number): void {
  if (now >= level.fillAt) {
    const fills = Math.floor((now - level.fillAt) / bucket.fillIntervalMs) + 1;
    level.tokens += fills * bucket.tokensPerFill;
    level.fillAt += fills * bucket.fillIntervalMs;
  }
  // also after a reload that made the bucket smaller or the interval shorter
  level.tokens = Math.min(level.tokens, bucket.maxTokens);
  level.fillAt = Math.min(level.fillAt, now + bucket.fillIntervalMs);
}
