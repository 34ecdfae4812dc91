import type { Clock } from "../../base/clock.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Log } from "../../contract/runtime.ts";
import { type FetchDocument, maxAgeMs } from "../../upstream/fetch-document.ts";
import { authorizationServerPath } from "./metadata.ts";

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

/** Where an issuer's metadata is: the well-known part goes between host and path, less a slash at its end (RFC 8414 section 3.1). */
export function metadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  return origin + authorizationServerPath + pathname.replace(/\/$/, "");
}

export interface AuthorizationServerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch: FetchDocument;
}

/**
 * An issuer's metadata document, fetched when it is first asked for and kept as long as the issuer allows. Requests in the
 * meantime share the fetch under way; when a refresh fails, the old document serves on.
 */
export class AuthorizationServer {
  private readonly issuer: string;
  private readonly parts: AuthorizationServerParts;
  private document: string | undefined = undefined;
  private staleAt = Number.NEGATIVE_INFINITY;
  private underWay: Promise<void> | undefined = undefined;

  constructor(issuer: string, parts: AuthorizationServerParts) {
    this.issuer = issuer;
    this.parts = parts;
  }

  /**
   * The document, JSON, as the issuer sent it.
   * @throws GatewayError `upstream_failed`, status 500 as in the reference, when there is none
   */
  async metadata(): Promise<string> {
    if (this.parts.clock.monotonic() >= this.staleAt) {
      this.underWay ??= this.refresh().finally(() => (this.underWay = undefined));
    }
    await this.underWay;
    if (this.document !== undefined) return this.document;
    throw new GatewayError("upstream_failed", { status: 500, detail: "the authorization server's metadata could not be fetched" });
  }

  /** Never rejects. */
  private async refresh(): Promise<void> {
    const { clock, log, fetch } = this.parts;
    try {
      const url = metadataUrl(this.issuer);
      const { status, text, cacheControl } = await fetch({
        url,
        headers: { accept: "application/json" },
        deadlineMs: timing.deadline,
        maxBytes,
      });
      if (status !== 200) throw new Error(`${url}: status ${status}`);
      assertObject(text, url);
      this.document = text;
      const lifetime = maxAgeMs(cacheControl) ?? timing.defaultLifetime;
      this.staleAt = clock.monotonic() + Math.min(Math.max(lifetime, timing.minLifetime), timing.maxLifetime);
    } catch (cause) {
      this.staleAt = clock.monotonic() + timing.retry;
      log.warn("authorization server metadata not fetched", { error: cause instanceof Error ? cause.message : String(cause) });
    }
  }
}

function assertObject(text: string, url: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${url}: the answer is no JSON object`);
}
