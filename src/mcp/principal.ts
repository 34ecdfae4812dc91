import type { Identity } from "../contract/identity.ts";

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
