import type { Clock } from "../../../base/clock.ts";
import { RecentMap } from "../../../base/recent-map.ts";
import type { Log } from "../../../contract/runtime.ts";
import type { FetchDocument } from "../../../upstream/fetch-document.ts";
import type { Clients } from "./client.ts";
import { OAuthRefusal, requestTokens, type Tokens } from "./token-endpoint.ts";
import type { Login, Vault } from "./vault.ts";

/** A token is renewed when this much of its life is left: milliseconds, or a tenth of its life if that is shorter. */
const aheadMs = 60_000;
/** Milliseconds after a failure before the server is asked again; calls in between share the failure. */
const retryMs = 2_000;
const maxFailures = 10_000;

export interface RenewalParts {
  readonly vault: Vault;
  readonly clients: Clients;
  readonly fetch: FetchDocument;
  readonly clock: Clock;
  readonly log: Log;
}

/** When tokens that came just now end, and when they are better renewed. Epoch milliseconds. */
export function lifetimeOf({ lifetimeMs }: Tokens, now: number): Pick<Login, "expiresAt" | "refreshAt"> {
  if (lifetimeMs === undefined) return { expiresAt: undefined, refreshAt: undefined };
  return { expiresAt: now + lifetimeMs, refreshAt: now + lifetimeMs - Math.min(aheadMs, lifetimeMs / 10) };
}

/**
 * Renews tokens before they expire: once however many calls want it, since a server that rotates refresh tokens takes a
 * second use of one for theft, and ends the login.
 */
export class Renewal {
  private readonly parts: RenewalParts;
  private readonly underWay = new Map<string, Promise<Login | undefined>>();
  /** Renewed ones that could not be written: the server takes what is written in their place for stolen. */
  private readonly unwritten = new RecentMap<string, { readonly login: Login; readonly replaced: string; readonly until: number }>(
    maxFailures,
  );
  private readonly failures = new RecentMap<string, { readonly error: Error; readonly until: number }>(maxFailures);

  constructor(parts: RenewalParts) {
    this.parts = parts;
  }

  /**
   * The login with a token that is good now.
   * @returns undefined when there is none, or it has to be made anew
   * @throws Error when the authorization server cannot be asked and the old token has ended; the login is kept
   */
  async current(key: string): Promise<Login | undefined> {
    const login = await this.parts.vault.get(key);
    if (login?.state !== "active") return undefined;
    const now = this.parts.clock.wall();
    if (login.refreshAt === undefined || now < login.refreshAt) return login;
    const isGood = login.expiresAt === undefined || now < login.expiresAt;
    if (login.refreshToken === undefined && isGood) return login;
    try {
      return await this.renew(login);
    } catch (thrown) {
      if (isGood) return login;
      throw thrown;
    }
  }

  /** Replaces the token of a login, unless somebody else just has. @returns and @throws as `current` */
  renew(login: Login): Promise<Login | undefined> {
    const { key } = login;
    let renewal = this.underWay.get(key);
    if (renewal === undefined) {
      renewal = this.replace(login).finally(() => this.underWay.delete(key));
      this.underWay.set(key, renewal);
    }
    return renewal;
  }

  private async replace({ key, accessToken }: Login): Promise<Login | undefined> {
    const { vault, clients, fetch, clock, log } = this.parts;
    const written = await vault.get(key); // as it is now: another call, or another process, may have been faster
    if (written?.state !== "active") return undefined;
    const replaced = written.accessToken;
    const kept = this.unwritten.get(key);
    const unwritten = kept?.replaced === replaced ? kept : undefined;
    const login = unwritten?.login ?? written;
    if (accessToken !== replaced && accessToken !== login.accessToken) return login;
    if (unwritten !== undefined && accessToken === replaced && (login.refreshAt === undefined || clock.wall() < login.refreshAt)) {
      return clock.monotonic() < unwritten.until ? login : this.write(login, replaced);
    }
    const { refreshToken, tokenEndpoint: endpoint, client, resource, issuer, server } = login;
    if (refreshToken === undefined) return this.end(key, replaced);
    const failed = this.failures.get(key);
    if (failed !== undefined && clock.monotonic() < failed.until) throw failed.error;
    try {
      const parameters = { grant_type: "refresh_token", refresh_token: refreshToken, resource };
      const tokens = await requestTokens(fetch, { endpoint, client, parameters });
      const renewed: Login = {
        ...login,
        accessToken: tokens.accessToken,
        refreshToken: tokens.refreshToken ?? refreshToken, // RFC 6749 section 6: the old one stays good
        scope: tokens.scope ?? login.scope,
        ...lifetimeOf(tokens, clock.wall()),
      };
      const now = await vault.get(key).catch(() => written); // the new tokens must not be lost for that
      // revoked, or made anew, while the server was asked: that stands
      if (now === undefined) void vault.disown(renewed);
      if (now?.accessToken !== replaced) return now?.state === "active" ? now : undefined;
      return await this.write(renewed, replaced);
    } catch (thrown) {
      if (thrown instanceof OAuthRefusal && isFinal(thrown, login)) {
        log.info("a login has to be made anew", { server, issuer, reason: thrown.code });
        if (thrown.code !== "invalid_grant") await clients.forget(client);
        return this.end(key, replaced);
      }
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      log.warn("a login could not be renewed", { server, issuer, error: error.message });
      this.failures.set(key, { error, until: clock.monotonic() + retryMs });
      throw error;
    }
  }

  /** What cannot be written is good all the same, in this process; a later call writes it. @param replaced the token that is written */
  private async write(login: Login, replaced: string): Promise<Login> {
    const { vault, clock, log } = this.parts;
    const { key, server } = login;
    try {
      await vault.put(login);
      this.unwritten.delete(key);
    } catch (thrown) {
      log.error("a renewed login could not be written", { server, error: thrown instanceof Error ? thrown.message : String(thrown) });
      this.unwritten.set(key, { login, replaced, until: clock.monotonic() + retryMs });
    }
    return login;
  }

  private async end(key: string, accessToken: string): Promise<Login | undefined> {
    const { vault } = this.parts;
    await vault.renounce(key, accessToken);
    const left = await vault.get(key); // another process may have renewed it meanwhile
    return left?.state === "active" ? left : undefined;
  }
}

/** `invalid_grant` says that the login is over; so does not knowing a client that had registered itself. Anything else may pass. */
function isFinal({ code }: OAuthRefusal, { client }: Login): boolean {
  return code === "invalid_grant" || (client.registration !== undefined && (code === "invalid_client" || code === "unauthorized_client"));
}
