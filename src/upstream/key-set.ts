import type { Clock } from "../base/clock.ts";
import type { Document } from "../contract/config/files.ts";
import type { CompileContext, Log } from "../contract/runtime.ts";
import { type FetchDocument, fetchDocument, maxAgeMs } from "./fetch-document.ts";
import { parseKeySet, type VerificationKey } from "./json-web-keys.ts";

/** The keys of one token issuer. They may be fetched, so they may not be there yet, and they may change. */
export interface KeySet {
  /** Another number when the keys are other keys; 0 while there are none. */
  readonly version: number;
  /** The outcome of the first attempt to get the keys, for strict validation: rejects with an Error for the operator. */
  readonly ready: Promise<void>;
  find(kid: string): VerificationKey | undefined;
  /** Waits for keys if somebody is just fetching them. */
  settled(): Promise<void>;
  /** Fetches anew because a token names an unknown key; at most one such fetch per half a minute. */
  refresh(): Promise<void>;
}

/** Milliseconds. */
const timing = {
  /** Where the server does not say how long its keys are good. */
  defaultLifetime: 900_000,
  /** However short it says. */
  minLifetime: 60_000,
  /** However long it says: a withdrawn key must go some day. */
  maxLifetime: 86_400_000,
  /** After a failed refresh; the old keys serve on. */
  retry: 15_000,
  /** While there are no keys at all: doubled from here up to `retry`. */
  firstRetry: 500,
  /** Between two fetches that unknown key ids asked for, so that forged tokens cannot drive us. */
  refreshInterval: 30_000,
};

/**
 * The key set of a policy. Equal URLs share one, across policies and reloads.
 * @throws Error when keys given inline or by file cannot be read
 */
export function acquireKeySet(source: Document, context: Pick<CompileContext, "resources" | "clock" | "log" | "readFile">): KeySet {
  if (source.kind === "inline") return fixedKeySet(source.inline);
  if (source.kind === "file") return fixedKeySet(context.readFile(source.file));
  const { url } = source;
  const create = (): RemoteKeySet => new RemoteKeySet(url, { clock: context.clock, log: context.log, fetch: fetchDocument });
  return context.resources.acquire(`key-set ${url}`, create, (keys) => keys.close());
}

/** Keys that never change. */
export function fixedKeySet(text: string): KeySet {
  const keys = parseKeySet(text);
  const done = Promise.resolve();
  return { version: 1, ready: done, find: (kid) => keys.get(kid), settled: () => done, refresh: () => done };
}

export interface RemoteKeySetParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: FetchDocument;
}

/** Keys kept fresh from a URL (RFC 7517 JWK Set). Starts to fetch at once and keeps trying; requests never start more than one fetch. */
export class RemoteKeySet implements KeySet {
  version = 0;
  readonly ready: Promise<void>;
  private readonly url: string;
  private readonly parts: RemoteKeySetParts;
  private keys: ReadonlyMap<string, VerificationKey> = new Map();
  private text = "";
  private failures = 0;
  private underWay: Promise<void> | undefined = undefined;
  private timer: NodeJS.Timeout | undefined = undefined;
  private closed = false;
  private refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(url: string, parts: RemoteKeySetParts) {
    this.url = url;
    this.parts = parts;
    let outcome: Error | undefined;
    const first = this.load((error) => (outcome = error));
    this.ready = first.then(() => {
      if (outcome !== undefined) throw new Error(`JWKS could not be loaded from ${outcome.message}`, { cause: outcome });
    });
    this.ready.catch(() => {}); // whoever needs it strictly awaits it; serving goes on without
  }

  find(kid: string): VerificationKey | undefined {
    return this.keys.get(kid);
  }

  settled(): Promise<void> {
    return this.underWay ?? Promise.resolve();
  }

  refresh(): Promise<void> {
    if (this.underWay !== undefined) return this.underWay;
    const now = this.parts.clock.monotonic();
    if (this.closed || now - this.refreshedAt < timing.refreshInterval) return Promise.resolve();
    this.refreshedAt = now;
    return this.load(() => {});
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  /** One fetch; never rejects. Plans the next one. */
  private load(onFailure: (error: Error) => void): Promise<void> {
    clearTimeout(this.timer);
    const done = this.fetchOnce().then(
      (lifetime) => {
        this.failures = 0;
        this.plan(lifetime);
      },
      (thrown: unknown) => {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        this.failures += 1;
        const retryMs = this.version === 0 ? Math.min(timing.firstRetry * 2 ** (this.failures - 1), timing.retry) : timing.retry;
        this.parts.log.warn(this.version === 0 ? "token keys not available" : "token keys not refreshed, the old ones stay", {
          error: error.message,
          retryMs,
        });
        onFailure(error);
        this.plan(retryMs);
      },
    );
    this.underWay = done.finally(() => (this.underWay = undefined));
    return this.underWay;
  }

  /** @returns how long the keys are good: milliseconds */
  private async fetchOnce(): Promise<number> {
    const { status, text, cacheControl } = await this.parts.fetch({ url: this.url, headers: { accept: "application/json" } });
    if (status !== 200) throw new Error(`${this.url}: status ${status}`);
    if (text !== this.text) {
      this.keys = this.parse(text);
      this.text = text;
      this.version += 1;
    }
    const lifetime = maxAgeMs(cacheControl) ?? timing.defaultLifetime;
    return Math.min(Math.max(lifetime, timing.minLifetime), timing.maxLifetime);
  }

  private parse(text: string): ReadonlyMap<string, VerificationKey> {
    try {
      return parseKeySet(text);
    } catch (cause) {
      throw new Error(`${this.url}: ${(cause as Error).message}`, { cause });
    }
  }

  private plan(milliseconds: number): void {
    if (this.closed) return;
    this.timer = setTimeout(() => void this.load(() => {}), milliseconds);
    this.timer.unref();
  }
}
