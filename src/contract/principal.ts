import type { Identity } from "./identity.ts";

/**
 * Names the caller, for binding a session to them: who holds somebody else's session id gets nowhere with it. Of a token
 * issuer and subject count, so that a refreshed one is the same caller; of a user, name and password as they are in the
 * database, so that tenants with a database each have no users in common. Holds the API key itself: never to be logged.
 * @returns undefined for an anonymous caller
 */
export function principalOf({ jwt, apiKey, basicAuth, basicAuthAccount: account }: Identity): string | undefined {
  if (jwt !== undefined) {
    const { iss, sub } = jwt.claims;
    return JSON.stringify(["jwt", iss, sub ?? jwt.token]);
  }
  if (apiKey !== undefined) return JSON.stringify(["key", apiKey.key]);
  if (basicAuth !== undefined) return JSON.stringify(["basic", basicAuth.username, ...(account === undefined ? [] : [account])]);
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
  const { jwt } = identity;
  const id = principalOf(identity);
  if (id === undefined || (jwt !== undefined && typeof jwt.claims["sub"] !== "string")) return undefined;
  return { id, name: nameOf(identity) };
}

/**
 * A login page says for whom it is, and nothing else tells people whether to go on. Names that callers choose themselves
 * could be somebody else's: an address counts that the identity provider has verified, any other name has the subject behind it.
 */
function nameOf({ jwt, apiKey, basicAuth }: Identity): string {
  if (jwt === undefined) {
    const name = [apiKey?.metadata["name"], apiKey?.metadata["user"], basicAuth?.username].find(isName);
    return name === undefined ? "the holder of an API key" : shown(name);
  }
  const { sub, email, email_verified: verified, preferred_username: username } = jwt.claims;
  const subject = shown(String(sub));
  // some providers write it as a string
  if (isName(email) && (verified === true || verified === "true")) return shown(email);
  const chosen = [verified === undefined ? email : undefined, username].find(isName);
  return chosen === undefined || chosen === sub ? subject : `${shown(chosen)} (${subject})`;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Without characters that cannot be seen, which could make one name look like another. */
function shown(text: string): string {
  return text.replace(/\p{C}/gu, "").slice(0, maxNameLength);
}

/** Characters. */
const maxNameLength = 120;
