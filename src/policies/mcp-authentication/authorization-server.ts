import type { Clock } from "../../base/clock.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Log } from "../../contract/runtime.ts";
import { type FetchDocument, maxAgeMs } from "../../upstream/fetch-document.ts";
import { parseServerMetadata, type ServerMetadata } from "../../upstream/server-metadata.ts";

/** Milliseconds. */
const timing = {
  defaultLifetime: 300_000,
  minLifetime: 10_000,
  maxLifetime: 3_600_000,
  /** After a failure, before the server is asked again. */
  retry: 5_000,
  deadline: 5_000,
};
const maxBytes = 262_144;

export interface AuthorizationServerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: FetchDocument;
}

/** An authorization server's metadata, as it was sent and as it reads. */
export interface ServerDocument {
  readonly text: string;
  readonly metadata: ServerMetadata;
}

/**
 * An authorization server's metadata document, fetched when it is first asked for and kept as long as the server allows.
 * Requests in the meantime share the fetch under way; when a refresh fails, the old document serves on.
 */
export class AuthorizationServer {
  private readonly url: string;
  private readonly parts: AuthorizationServerParts;
  private current: ServerDocument | undefined = undefined;
  private staleAt = Number.NEGATIVE_INFINITY;
  private underWay: Promise<void> | undefined = undefined;

  /** @param url of the document; redirects are not followed from there */
  constructor(url: string, parts: AuthorizationServerParts) {
    this.url = url;
    this.parts = parts;
  }

  /** @throws GatewayError `upstream_failed`, status 500 as in the reference, when there is none */
  async document(): Promise<ServerDocument> {
    if (this.parts.clock.monotonic() >= this.staleAt) {
      this.underWay ??= this.refresh().finally(() => (this.underWay = undefined));
    }
    await this.underWay;
    if (this.current !== undefined) return this.current;
    throw new GatewayError("upstream_failed", { status: 500, detail: "the authorization server's metadata could not be fetched" });
  }

  /** Never rejects. */
  private async refresh(): Promise<void> {
    const { clock, log, fetch } = this.parts;
    try {
      const { status, text, cacheControl } = await fetch({
        url: this.url,
        headers: { accept: "application/json" },
        deadlineMs: timing.deadline,
        maxBytes,
      });
      if (status !== 200) throw new Error(`${this.url}: status ${status}`);
      const metadata = parseServerMetadata(text);
      if (metadata === undefined) throw new Error(`${this.url}: the answer is no JSON object`);
      this.current = { text, metadata };
      const lifetime = maxAgeMs(cacheControl) ?? timing.defaultLifetime;
      this.staleAt = clock.monotonic() + Math.min(Math.max(lifetime, timing.minLifetime), timing.maxLifetime);
    } catch (cause) {
      this.staleAt = clock.monotonic() + timing.retry;
      log.warn("authorization server metadata not fetched", { error: cause instanceof Error ? cause.message : String(cause) });
    }
  }
}
