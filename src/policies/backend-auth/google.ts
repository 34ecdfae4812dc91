import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { FetchDocument } from "../../upstream/fetch-document.ts";
import type { IssuedToken } from "../../upstream/cached-token.ts";

/** What a Google token is for: Google's own interfaces, or one audience (Cloud Run and the like). */
export type GoogleTokenKind = { readonly type: "accessToken" } | { readonly type: "idToken"; readonly audience: string };

export interface GoogleParts {
  readonly clock: Clock;
  readonly fetch: FetchDocument;
  /** Where a machine in Google's cloud asks for tokens of its own. */
  readonly metadataOrigin?: string;
}

/** Asks Google for a token of that kind. Rejects with an Error that holds no secret. */
export type IssueGoogleToken = (kind: GoogleTokenKind) => Promise<IssuedToken>;

const scope = "https://www.googleapis.com/auth/cloud-platform";
const defaultTokenUri = "https://oauth2.googleapis.com/token";
const deadlineMs = 5_000;
/** An ID token says no lifetime in the answer around it; Google makes them for an hour. */
const idTokenLifetimeMs = 3_600_000;

/**
 * Reads a credential in the form of Application Default Credentials (https://google.aip.dev/auth/4112): a service account
 * key or a user's refresh token.
 * @throws Error that names what is missing, never a value
 */
export function compileGoogleCredential(json: string, parts: GoogleParts): IssueGoogleToken {
  const credential = parseCredential(json);
  switch (credential["type"]) {
    case "service_account":
      return serviceAccount(credential, parts);
    case "authorized_user":
      return authorizedUser(credential, parts);
    default:
      throw new Error(
        `gcp.credential: type ${JSON.stringify(credential["type"])} is not supported; use a service_account or authorized_user`,
      );
  }
}

/** The identity of the machine the gateway runs on (https://cloud.google.com/compute/docs/metadata). */
export function metadataServer({ fetch, metadataOrigin = "http://metadata.google.internal" }: GoogleParts): IssueGoogleToken {
  const account = `${metadataOrigin}/computeMetadata/v1/instance/service-accounts/default`;
  const headers = { "metadata-flavor": "Google" };
  return async (kind) => {
    const path = kind.type === "accessToken" ? "/token" : `/identity?format=full&audience=${encodeURIComponent(kind.audience)}`;
    const { status, text } = await fetch({ url: account + path, headers, deadlineMs });
    if (status !== 200) throw new Error(`the metadata server answered ${status}`);
    return kind.type === "accessToken" ? readTokenReply(text, kind) : { token: text.trim(), lifetimeMs: idTokenLifetimeMs };
  };
}

/** RFC 7523: a signed assertion is exchanged for the token. */
function serviceAccount(credential: Credential, { clock, fetch }: GoogleParts): IssueGoogleToken {
  const email = required(credential, "client_email");
  const key = privateKey(required(credential, "private_key"));
  const keyId = credential["private_key_id"];
  const tokenUri = optional(credential, "token_uri") ?? defaultTokenUri;
  const header = base64url({ alg: "RS256", typ: "JWT", kid: keyId });
  return (kind) => {
    const now = Math.floor(clock.wall() / 1000);
    const purpose = kind.type === "accessToken" ? { scope } : { target_audience: kind.audience };
    const payload = base64url({ iss: email, sub: email, aud: tokenUri, iat: now, exp: now + 3600, ...purpose });
    const signature = sign("sha256", Buffer.from(`${header}.${payload}`), key).toString("base64url");
    const grant = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: `${header}.${payload}.${signature}` };
    return requestToken(fetch, tokenUri, { grant, kind });
  };
}

function authorizedUser(credential: Credential, { fetch }: GoogleParts): IssueGoogleToken {
  const grant = {
    grant_type: "refresh_token",
    client_id: required(credential, "client_id"),
    client_secret: required(credential, "client_secret"),
    refresh_token: required(credential, "refresh_token"),
  };
  const tokenUri = optional(credential, "token_uri") ?? defaultTokenUri;
  return (kind) => requestToken(fetch, tokenUri, { grant, kind });
}

interface TokenGrant {
  readonly grant: Readonly<Record<string, string>>;
  readonly kind: GoogleTokenKind;
}

async function requestToken(fetch: FetchDocument, url: string, { grant, kind }: TokenGrant): Promise<IssuedToken> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const { status, text } = await fetch({ url, method: "POST", headers, body: new URLSearchParams(grant).toString(), deadlineMs });
  if (status !== 200) throw new Error(`the token endpoint answered ${status}${errorCode(text)}`);
  return readTokenReply(text, kind);
}

function readTokenReply(text: string, kind: GoogleTokenKind): IssuedToken {
  const reply = parseObject(text);
  const token = reply?.[kind.type === "accessToken" ? "access_token" : "id_token"];
  if (typeof token !== "string" || token === "") throw new Error(`the token endpoint's answer has no ${kind.type}`);
  const seconds = reply?.["expires_in"];
  return { token, lifetimeMs: typeof seconds === "number" && seconds > 0 ? seconds * 1000 : idTokenLifetimeMs };
}

/** The registered error code of RFC 6749 section 5.2, which tells an operator what to do; the rest may quote secrets. */
function errorCode(text: string): string {
  const code = parseObject(text)?.["error"];
  return typeof code === "string" && /^[a-z_]{1,40}$/.test(code) ? ` (${code})` : "";
}

type Credential = Readonly<Record<string, unknown>>;

function parseCredential(json: string): Credential {
  const credential = parseObject(json);
  if (credential === undefined) throw new Error("gcp.credential: expected a JSON object");
  return credential;
}

function parseObject(text: string): Credential | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Credential) : undefined;
  } catch {
    return undefined; // the parser's message would quote the text
  }
}

function required(credential: Credential, name: string): string {
  const value = optional(credential, name);
  if (value === undefined) throw new Error(`gcp.credential: \`${name}\` is missing`);
  return value;
}

function optional(credential: Credential, name: string): string | undefined {
  const value = credential[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function privateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error("gcp.credential: `private_key` is no private key in PEM form");
  }
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
