import { createHash } from "node:crypto";
import type { Document } from "../../../contract/config/files.ts";
import type { CompileContext, Log } from "../../../contract/runtime.ts";
import { type FetchDocument, fetchDocument, maxAgeMs } from "../../../upstream/fetch-document.ts";
import { documentLimits } from "./document.ts";
import type { RestApi } from "./operation.ts";
import { readApi } from "./read-api.ts";

/** Where a target's tools come from. The description may be fetched, so it may not be there yet, and it may change. */
export interface ApiSource {
  /** Names the source: a session's connection is of no use with another. */
  readonly key: string;
  /** The service as it is described now. @throws Error that says why there is no description yet */
  current(): RestApi;
}

/** Milliseconds. */
const timing = {
  /** Where the server does not say how long its document is good, and at most. */
  lifetime: 86_400_000,
  /** However short it says. */
  minLifetime: 60_000,
  /** After a failed refresh; the old description serves on. */
  retry: 15_000,
  /** While there is none at all: doubled from here up to `retry`. */
  firstRetry: 500,
  /** For one fetch, everything included. */
  deadline: 30_000,
};

type Context = Pick<CompileContext, "resources" | "log" | "readFile" | "expect" | "warn">;

/**
 * The description of a target: read now where it is inline or in a file, fetched where it is a URL. Equal ones are read
 * and fetched once, across targets and reloads.
 * @throws Error when an inline text or a file is no usable description
 */
export function acquireApi(source: Document, { resources, log, readFile, expect, warn }: Context): ApiSource {
  if (source.kind === "url") {
    const { url } = source;
    const create = (): RemoteApi => new RemoteApi(url, { log, fetch: fetchDocument });
    const remote = resources.acquire(`openapi ${url}`, create, (api) => api.close());
    expect(remote.ready);
    return remote;
  }
  const text = source.kind === "file" ? readFile(source.file) : source.inline;
  const key = `openapi ${createHash("sha256").update(text).digest("hex")}`;
  const api = resources.acquire(key, () => readApi(text));
  api.warnings.forEach(warn);
  return { key, current: () => api };
}

export interface RemoteApiParts {
  readonly log: Log;
  readonly fetch: FetchDocument;
}

/** A description kept fresh from a URL. Starts to fetch at once and keeps trying; calls never start a fetch. */
export class RemoteApi implements ApiSource {
  readonly key: string;
  /** The outcome of the first attempt, for strict validation: rejects with an Error for the operator. */
  readonly ready: Promise<void>;
  private readonly url: string;
  private readonly parts: RemoteApiParts;
  private api: RestApi | undefined = undefined;
  private text = "";
  private problem = "it is being fetched";
  private failures = 0;
  private timer: NodeJS.Timeout | undefined = undefined;
  private closed = false;

  constructor(url: string, parts: RemoteApiParts) {
    this.key = `openapi ${url}`;
    this.url = url;
    this.parts = parts;
    this.ready = this.load().then(() => {
      if (this.api === undefined) throw new Error(`OpenAPI document could not be loaded: ${this.problem}`);
    });
    this.ready.catch(() => {}); // whoever needs it strictly awaits it; serving goes on without
  }

  current(): RestApi {
    if (this.api === undefined) throw new Error(`its OpenAPI document is not there yet: ${this.problem}`);
    return this.api;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  /** One attempt; never rejects. Plans the next one. */
  private async load(): Promise<void> {
    try {
      const lifetime = await this.fetchOnce();
      this.failures = 0;
      this.plan(lifetime);
    } catch (thrown) {
      this.problem = thrown instanceof Error ? thrown.message : String(thrown);
      this.failures += 1;
      const retryMs = this.api === undefined ? Math.min(timing.firstRetry * 2 ** (this.failures - 1), timing.retry) : timing.retry;
      const message = this.api === undefined ? "openapi document not available" : "openapi document not refreshed, the old one stays";
      this.parts.log.warn(message, { error: this.problem, retryMs });
      this.plan(retryMs);
    }
  }

  /** @returns how long the document is good: milliseconds */
  private async fetchOnce(): Promise<number> {
    const { status, text, cacheControl } = await this.parts.fetch({
      url: this.url,
      headers: { accept: "application/json, application/yaml;q=0.9, */*;q=0.8" },
      deadlineMs: timing.deadline,
      maxBytes: documentLimits.jsonLength,
    });
    const place = withoutQuery(this.url);
    if (status !== 200) throw new Error(`${place}: status ${status}`);
    if (text !== this.text) {
      this.api = readAt(place, text);
      this.text = text;
      for (const warning of this.api.warnings) this.parts.log.warn("openapi document", { url: place, warning });
    }
    return Math.min(Math.max(maxAgeMs(cacheControl) ?? timing.lifetime, timing.minLifetime), timing.lifetime);
  }

  private plan(milliseconds: number): void {
    if (this.closed) return;
    this.timer = setTimeout(() => void this.load(), milliseconds);
    this.timer.unref();
  }
}

function readAt(place: string, text: string): RestApi {
  try {
    return readApi(text);
  } catch (cause) {
    throw new Error(`${place}: ${(cause as Error).message}`, { cause });
  }
}

/** A query may hold a secret. */
function withoutQuery(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? "the URL" : parsed.origin + parsed.pathname;
}
