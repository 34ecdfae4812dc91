import { createHash } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import { type JsonObject, parseJsonObject } from "../../../base/json.ts";
import type { LoginOwner } from "../../../contract/principal.ts";
import type { StateStore } from "../../../contract/stores.ts";
import type { FetchDocument } from "../../../upstream/fetch-document.ts";
import { type ClientCredentials, revokeToken } from "./token-endpoint.ts";

/** Whose login, and where. */
export interface LoginPlace {
  /** Names the row; a digest of caller and server, so it tells nothing. */
  readonly key: string;
  /** The caller, for people. */
  readonly who: string;
  /** The server's URL. */
  readonly server: string;
}

/** What a login was given, and by whom: refreshing it needs nothing else. */
export interface Login extends LoginPlace {
  /** `needs_reauth`: its tokens are of no use any more, and gone from here. */
  readonly state: "active" | "needs_reauth";
  readonly issuer: string;
  readonly resource: string;
  readonly scope: string | undefined;
  readonly client: ClientCredentials;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string | undefined;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Epoch milliseconds; undefined = until the server says otherwise. */
  readonly expiresAt: number | undefined;
  /** Epoch milliseconds from which it is better renewed. */
  readonly refreshAt: number | undefined;
}

/** A login as operators see it: nothing secret. */
export interface LoginView {
  readonly id: string;
  readonly who: string;
  readonly server: string;
  readonly issuer?: string;
  readonly scope?: string;
  readonly state: "active" | "needs_reauth" | "pending";
  /** When the token, or the chance to log in, ends: ISO 8601. */
  readonly expires?: string;
  readonly renewable?: boolean;
}

export interface VaultParts {
  /** Encrypts what outlives the process. */
  readonly store: StateStore;
  readonly clock: Clock;
  readonly fetch: FetchDocument;
}

const loginKind = "mcp-login";
const pendingKind = "mcp-login-pending";
/** Milliseconds between two looks for logins that nobody finished. */
const pruneEveryMs = 600_000;

/** The row of a caller's login at a server. */
export function placeOf({ id, name }: LoginOwner, server: string): LoginPlace {
  const key = createHash("sha256")
    .update(JSON.stringify([id, server]))
    .digest("base64url");
  return { key, who: name, server };
}

/** Holds the logins: one for each caller and server. */
export class Vault {
  private readonly parts: VaultParts;
  private pruneAt = Number.NEGATIVE_INFINITY;

  constructor(parts: VaultParts) {
    this.parts = parts;
  }

  async get(key: string): Promise<Login | undefined> {
    const bytes = await this.parts.store.get(loginKind, key);
    return bytes === undefined ? undefined : unpack(key, bytes);
  }

  async put({ key, ...login }: Login): Promise<void> {
    await this.parts.store.set(loginKind, key, Buffer.from(JSON.stringify({ form, ...login })));
    await this.parts.store.delete(pendingKind, key);
  }

  /** Takes the tokens out of a login that they are still those of; it is then to be made anew. */
  async renounce(key: string, accessToken: string): Promise<void> {
    const login = await this.get(key);
    if (login === undefined || login.accessToken !== accessToken) return;
    const { client, ...rest } = login;
    const bare = { clientId: client.clientId, method: client.method };
    await this.put({ ...rest, client: bare, state: "needs_reauth", accessToken: "", refreshToken: undefined });
  }

  /** Notes that somebody was asked to log in. @param until epoch milliseconds */
  async ask({ key, who, server }: LoginPlace, until: number): Promise<void> {
    const { store, clock } = this.parts;
    const known = parseUntil(await store.get(pendingKind, key));
    if (known !== undefined && known > (clock.wall() + until) / 2) return; // not a row for every call
    await store.set(pendingKind, key, Buffer.from(JSON.stringify({ who, server, until })));
    if (clock.monotonic() < this.pruneAt) return;
    this.pruneAt = clock.monotonic() + pruneEveryMs;
    await this.pending();
  }

  /** Everybody's logins, and those that were asked for. */
  async list(): Promise<readonly LoginView[]> {
    const rows = await this.parts.store.list(loginKind);
    const logins = rows.flatMap(({ key, value }) => unpack(key, value) ?? []);
    const known = new Set(logins.map(({ key }) => key));
    return [...logins.map(viewOf), ...(await this.pending()).filter(({ id }) => !known.has(id))];
  }

  /**
   * Forgets a login, and tells the authorization server so where that can be told.
   * @returns whether there was one; `told` is false when the server could not be told
   */
  async revoke(id: string): Promise<{ readonly found: boolean; readonly told: boolean }> {
    const { store } = this.parts;
    const login = await this.get(id);
    const found = [await store.delete(loginKind, id), await store.delete(pendingKind, id)].includes(true);
    return { found, told: login?.state === "active" && (await this.disown(login)) };
  }

  /** Tells the authorization server to forget a login's tokens. Never rejects. @returns whether it was told, and confirmed it */
  async disown({ client, revocationEndpoint: endpoint, refreshToken, accessToken }: Login): Promise<boolean> {
    if (endpoint === undefined) return false;
    const tokens: [hint: string, token: string | undefined][] = [
      ["refresh_token", refreshToken],
      ["access_token", accessToken],
    ];
    let told = true;
    for (const [hint, token] of tokens) {
      if (token === undefined) continue;
      const parameters = { token, token_type_hint: hint };
      await revokeToken(this.parts.fetch, { endpoint, client, parameters }).catch(() => (told = false));
    }
    return told;
  }

  /** Logins that were asked for and may still be made; forgets the others. */
  private async pending(): Promise<LoginView[]> {
    const { store, clock } = this.parts;
    const views: LoginView[] = [];
    for (const { key, value } of await store.list(pendingKind)) {
      const { who, server, until } = parseJsonObject(value) ?? {};
      if (typeof until !== "number" || until < clock.wall()) await store.delete(pendingKind, key);
      else views.push({ id: key, who: String(who), server: String(server), state: "pending", expires: new Date(until).toISOString() });
    }
    return views;
  }
}

function viewOf({ key, who, server, issuer, scope, state, expiresAt, refreshToken }: Login): LoginView {
  return {
    id: key,
    who,
    server,
    issuer,
    ...(scope === undefined ? {} : { scope }),
    state,
    ...(expiresAt === undefined || state !== "active" ? {} : { expires: new Date(expiresAt).toISOString() }),
    renewable: refreshToken !== undefined,
  };
}

/** Of what is written; another form is not read. */
const form = 1;

function unpack(key: string, bytes: Buffer): Login | undefined {
  const value = parseJsonObject(bytes);
  // authentic, so it is what `put` wrote, by this version or another
  return value === undefined || value["form"] !== form ? undefined : { ...(value as JsonObject & Login), key };
}

function parseUntil(bytes: Buffer | undefined): number | undefined {
  const until = bytes === undefined ? undefined : parseJsonObject(bytes)?.["until"];
  return typeof until === "number" ? until : undefined;
}
