import type { Identity } from "./identity.ts";

/**
 * Names the caller, for binding a session to them: who holds somebody else's session id gets nowhere with it. Of a token
 * issuer and subject count, so that a refreshed one is the same caller. Holds the API key itself: never to be logged.
 * @returns undefined for an anonymous caller
 */
export function principalOf({ jwt, apiKey, basicAuth }: Identity): string | undefined {
  if (jwt !== undefined) {
    const { iss, sub } = jwt.claims;
    return JSON.stringify(["jwt", iss, sub ?? jwt.token]);
  }
  if (apiKey !== undefined) return JSON.stringify(["key", apiKey.key]);
  if (basicAuth !== undefined) return JSON.stringify(["basic", basicAuth.username]);
  return undefined;
}

/** Whom a login at another server belongs to. */
export interface LoginOwner {
  /** Tells callers apart. Holds the API key itself: never to be logged, and only kept as a digest. */
  readonly id: string;
  /** For people: who sees it must recognise themselves. Holds no secret. */
  readonly name: string;
}

/**
 * As `principalOf`, for what is kept for longer than a token lives: one without a subject names nobody who will come back.
 * @returns undefined for an anonymous caller
 */
export function loginOwnerOf(identity: Identity): LoginOwner | undefined {
  const { jwt, apiKey, basicAuth } = identity;
  const id = principalOf(identity);
  if (id === undefined || (jwt !== undefined && typeof jwt.claims["sub"] !== "string")) return undefined;
  const names = [
    jwt?.claims["email"],
    jwt?.claims["preferred_username"],
    jwt?.claims["sub"],
    apiKey?.metadata["name"],
    apiKey?.metadata["user"],
    basicAuth?.username,
  ];
  const name = names.find((one): one is string => typeof one === "string" && one !== "");
  // characters that cannot be seen could make one name look like another
  return { id, name: (name ?? "the holder of an API key").replace(/\p{C}/gu, "").slice(0, maxNameLength) };
}

/** Characters. */
const maxNameLength = 120;
