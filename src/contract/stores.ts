/**
 * State that several threads or machines would have to share. Each has a small contract here; src/store/ holds the
 * in-memory implementations. Methods may answer at once or later, so that a networked store fits too.
 */
export interface Stores {
  readonly rateLimits: RateLimitStore;
  readonly sessions: SessionStore;
  readonly state: StateStore;
  /** The same for secrets: values are encrypted where they outlive the process. */
  readonly secrets: StateStore;
}

/**
 * Small facts that outlive requests and, where `durable`, the process: what an operator approved, who has logged in where.
 * Rows are named by kind (`mcp-login`) and key; values are bytes that the kind's owner understands. Methods may answer at
 * once or later. Errors of the storage are thrown as they come.
 */
export interface StateStore {
  /** False when everything is forgotten at the end of the process. */
  readonly durable: boolean;
  get(kind: string, key: string): Buffer | undefined | Promise<Buffer | undefined>;
  set(kind: string, key: string, value: Uint8Array): void | Promise<void>;
  /** Tells whether it was there. */
  delete(kind: string, key: string): boolean | Promise<boolean>;
  /** All rows of a kind, by key. */
  list(kind: string): readonly StateRow[] | Promise<readonly StateRow[]>;
}

export interface StateRow {
  readonly key: string;
  readonly value: Buffer;
}

/** A token bucket: starts full, gains `tokensPerFill` every `fillIntervalMs`, never holds more than `maxTokens`. */
export interface Bucket {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

export interface RateLimitDecision {
  readonly allowed: boolean;
  /** Tokens left after this call. */
  readonly remaining: number;
  /** Milliseconds until the next fill. */
  readonly resetMs: number;
}

export interface RateLimitStore {
  /**
   * Takes `cost` tokens of the bucket named `key` if it has them, else none.
   * @param cost 0 takes nothing and asks whether a token is left
   */
  take(key: string, bucket: Bucket, cost: number): RateLimitDecision | Promise<RateLimitDecision>;
  /** Takes `cost` tokens that are already spent, however few there are: the bucket stops at zero. */
  charge(key: string, bucket: Bucket, cost: number): void;
}

/** Why a store drops a session: not used for its lifetime, no room, or the gateway stops. */
export type SessionEnd = "idle" | "evicted" | "closed";

/** Sessions by id, with an idle lifetime. Values are plain JSON data or, in memory, live objects with `close`. */
export interface SessionStore {
  get<T>(id: string): T | undefined | Promise<T | undefined>;
  /**
   * @param ttlMs idle time after which it is forgotten; each `get` starts it anew
   * @param onExpire runs in this process when the store drops it by itself; after `idle` it may be set again
   */
  set<T>(id: string, value: T, ttlMs: number, onExpire?: (value: T, reason: SessionEnd) => void): void | Promise<void>;
  /** Ends it for good, as idleness does; tells whether it was there. */
  delete(id: string): boolean | Promise<boolean>;
  /** Whether it was ended for good; the latest of them are remembered. An id that carries its session must not bring it back. */
  hasEnded(id: string): boolean | Promise<boolean>;
  /** Sessions held, for the metric. */
  readonly size: number;
}
