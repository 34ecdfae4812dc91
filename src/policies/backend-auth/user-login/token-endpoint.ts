import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import type { FetchDocument, FetchedDocument } from "../../../upstream/fetch-document.ts";

/** What the gateway is to an authorization server. */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly method: TokenAuthMethod;
  /** The row of its registration, where it registered itself and can do so again. */
  readonly registration?: string;
}

export type TokenAuthMethod = "none" | "client_secret_basic" | "client_secret_post";

/** The authorization server says no, in one of OAuth's own words (RFC 6749 section 5.2). */
export class OAuthRefusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the authorization server refused: ${code}`);
    this.code = code;
  }
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Milliseconds from now; undefined when it does not say. */
  readonly lifetimeMs: number | undefined;
  readonly scope: string | undefined;
}

const deadlineMs = 10_000;
const maxBytes = 262_144;
/** Characters of a token that a request can carry. */
const maxTokenLength = 16_384;
/** Seconds that are believed of a lifetime: ten years. */
const maxLifetime = 315_360_000;

export interface TokenRequest {
  readonly endpoint: string;
  readonly client: ClientCredentials;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Asks a token endpoint (RFC 6749 sections 4.1.3 and 6).
 * @throws OAuthRefusal for its own no, Error without secrets for everything else
 */
export async function requestTokens(fetch: FetchDocument, request: TokenRequest): Promise<Tokens> {
  const { status, text } = await post(fetch, request);
  const answer = parse(text);
  if (status !== 200) {
    const code = answer?.["error"];
    if (status < 500 && typeof code === "string" && /^[a-z_]{1,40}$/.test(code)) throw new OAuthRefusal(code);
    throw new Error(`the token endpoint answered ${status}`);
  }
  const tokens = answer === undefined ? undefined : readTokens(answer);
  if (tokens === undefined) throw new Error("the token endpoint's answer has no bearer token");
  return tokens;
}

/** Tells the server to forget a token (RFC 7009). @throws Error */
export async function revokeToken(fetch: FetchDocument, request: TokenRequest): Promise<void> {
  const { status } = await post(fetch, request);
  if (status !== 200) throw new Error(`the revocation endpoint answered ${status}`);
}

function post(fetch: FetchDocument, { endpoint, client, parameters }: TokenRequest): Promise<FetchedDocument> {
  const { clientId, clientSecret = "", method } = client;
  const form = new URLSearchParams(parameters);
  const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  // RFC 6749 section 2.3.1: both halves are form-encoded first
  if (method === "client_secret_basic")
    headers["authorization"] = `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString("base64")}`;
  else form.set("client_id", clientId);
  if (method === "client_secret_post") form.set("client_secret", clientSecret);
  return fetch({ url: endpoint, method: "POST", headers, body: form.toString(), deadlineMs, maxBytes });
}

function readTokens(answer: JsonObject): Tokens | undefined {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds, scope, token_type: type } = answer;
  if (!isToken(accessToken) || typeof type !== "string" || type.toLowerCase() !== "bearer") return undefined;
  const lifetime = typeof seconds === "string" ? Number(seconds) : seconds;
  const hasLifetime = typeof lifetime === "number" && lifetime > 0 && lifetime <= maxLifetime;
  return {
    accessToken,
    refreshToken: isToken(refreshToken) ? refreshToken : undefined,
    lifetimeMs: hasLifetime ? lifetime * 1000 : undefined,
    scope: typeof scope === "string" && scope !== "" ? scope : undefined,
  };
}

/** Visible ASCII (RFC 6750 section 2.1 allows less). */
function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length <= maxTokenLength && /^[\x21-\x7e]+$/.test(value);
}

function encode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
