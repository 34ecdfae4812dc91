import type { ExchangedToken } from "./token-cache.ts";
import { TokenEndpointError, type TokenReply } from "./token-endpoint.ts";
import { tokenTypes } from "./oauth-identifiers.ts";

/** What the token is to be good for (RFC 8693 section 2.1). */
export interface TokenTargets {
  readonly audiences?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
}

export function appendTargets(form: URLSearchParams, { audiences = [], scopes = [], resources = [] }: TokenTargets): void {
  for (const audience of audiences) form.append("audience", audience);
  if (scopes.length > 0) form.append("scope", scopes.join(" "));
  for (const resource of resources) form.append("resource", resource);
}

/** Warns of values that no server takes. */
export function warnOfTargets(place: string, { scopes = [], resources = [] }: TokenTargets, warn: (message: string) => void): void {
  for (const scope of scopes) if (!scopeToken.test(scope)) warn(`${place}.scopes: ${JSON.stringify(scope)} is no scope`);
  for (const resource of resources)
    if (!isAbsoluteUri(resource)) warn(`${place}.resources: ${JSON.stringify(resource)} is no absolute URI without a fragment`);
}

/** RFC 6749 section 3.3. */
const scopeToken = /^[!#-[\]-~]+$/;

/** @throws Error when it is no token type identifier: RFC 8693 section 3 */
export function checkTokenType(type: string, place: string): void {
  if (!isAbsoluteUri(type)) throw new Error(`${place}: must be an absolute URI without a fragment`);
}

function isAbsoluteUri(text: string): boolean {
  return URL.canParse(text) && !text.includes("#");
}

/**
 * A token for the backend.
 * @param requested the type that was asked for
 * @throws TokenEndpointError when the server gave something else
 */
export function bearerToken({ accessToken, tokenType, issuedTokenType, lifetimeMs }: TokenReply, requested?: string): ExchangedToken {
  if (tokenType === undefined) throw new TokenEndpointError("the token has no token_type");
  if (tokenType.toLowerCase() !== "bearer") throw new TokenEndpointError("the token is no bearer token");
  if (requested !== undefined && issuedTokenType !== undefined && issuedTokenType !== requested)
    throw new TokenEndpointError("the token is of another type than was asked for");
  return { token: accessToken, lifetimeMs };
}

/** @throws TokenEndpointError when the server gave something else */
export function identityAssertion({ accessToken, tokenType, issuedTokenType }: TokenReply): string {
  if (issuedTokenType !== tokenTypes.idJag) throw new TokenEndpointError("the identity provider gave no identity assertion (id-jag)");
  if (tokenType !== undefined && tokenType.toLowerCase() !== "n_a")
    throw new TokenEndpointError("the identity provider's assertion has a token_type other than N_A");
  return accessToken;
}
