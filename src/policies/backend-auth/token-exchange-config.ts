import * as z from "zod";
import { celExpression } from "../../cel/config-type.ts";
import { backendReferenceKeys } from "../../contract/config/backend-reference.ts";
import { exactlyOne, maybe } from "../../contract/config/combinators.ts";
import { bearerHeader, credentialDestination, credentialSource } from "../../contract/config/credential-location.ts";
import { duration } from "../../contract/config/duration.ts";
import { uint } from "../../contract/config/numbers.ts";
import { clientAuth } from "./client-auth-config.ts";
import { tokenTypes } from "./oauth-identifiers.ts";

/** Credentials for backends that are got from an authorization server for the caller's (RFC 8693, RFC 7523, ID-JAG). */

const strings = () => z.array(z.string()).optional();

const tokenType = z.string().default(tokenTypes.access).describe("Token type URI (RFC 8693 section 3).");
const source = () => credentialSource(celExpression()).describe("Where the caller's request has it.");

const subjectToken = z.strictObject({ source: source().prefault(bearerHeader), tokenType });
const actorToken = z.strictObject({
  source: source(),
  tokenType,
  enforceMayAct: z
    .boolean()
    .default(false)
    .describe("Refuse with 403 unless the subject's `may_act` claim names the actor (RFC 8693 section 4.4)."),
});

const cache = z.strictObject({
  maxEntries: maybe(uint()).describe("Tokens kept; 8192 when absent, 0 = none."),
  defaultTtl: maybe(duration()).describe("How long a token is kept whose lifetime the server does not say; 300s when absent."),
});

export type TokenCacheConfig = z.output<typeof cache>;

/** What names a token endpoint, beside the server. */
const endpointKeys = (callPolicies: z.ZodType) => ({
  policies: maybe(callPolicies).describe("How to call the token endpoint."),
  path: z.string().optional().describe("Path of the token endpoint; `/` when absent."),
});

/**
 * RFC 8693 token exchange, or the grant of RFC 7523.
 * @param callPolicies the schema of the policies for the call to the token endpoint
 */
export function oauthTokenExchange(callPolicies: z.ZodType) {
  return exactlyOne(backendReferenceKeys(), {
    ...endpointKeys(callPolicies),
    grantType: z
      .enum(["tokenExchange", "jwtBearer"])
      .default("tokenExchange")
      .describe("Sends the caller's token as `subject_token` (RFC 8693) or as `assertion` (RFC 7523)."),
    subjectToken: subjectToken.prefault({}).describe("The caller's token that is exchanged."),
    actorToken: maybe(actorToken).describe("Who acts for the subject; with `tokenExchange` only."),
    audiences: strings().describe("`audience` parameters."),
    scopes: strings().describe("Scopes to ask for."),
    resources: strings().describe("`resource` parameters."),
    requestedTokenType: maybe(z.string()).describe("Type of token to ask for; with `tokenExchange` only. Not sent when absent."),
    clientAuth: maybe(clientAuth).describe("How the gateway authenticates itself; not at all when absent."),
    additionalParams: z.record(z.string(), celExpression()).optional().describe("More parameters of the request; the values are CEL."),
    authorizationLocation: credentialDestination().prefault(bearerHeader).describe("Where to put the token that is got."),
    cache: maybe(cache).describe("How long tokens are kept."),
  });
}

export type OauthTokenExchangeConfig = z.output<ReturnType<typeof oauthTokenExchange>>;

/**
 * Identity assertion (ID-JAG, draft-ietf-oauth-identity-assertion-authz-grant): RFC 8693 at the identity provider, then
 * RFC 7523 at the authorization server of the resource.
 * @param callPolicies the schema of the policies for the calls to the token endpoints
 */
export function crossAppAccess(callPolicies: z.ZodType) {
  const endpoint = () =>
    exactlyOne(backendReferenceKeys(), {
      ...endpointKeys(callPolicies),
      clientAuth: clientAuth.describe("How the gateway authenticates itself."),
    });
  return z.strictObject({
    identityProvider: endpoint().describe("The users' identity provider."),
    resourceAuthorizationServer: endpoint().describe("The authorization server of the resource."),
    audience: z.string().describe("Issuer of the resource's authorization server: whom the assertion is for."),
    resources: strings().describe("`resource` parameters, to the identity provider."),
    scopes: strings().describe("Scopes to ask for."),
    accessTokenScopes: maybe(z.array(z.string())).describe("Scopes to ask the resource's server for; `scopes` when absent."),
    subjectToken: maybe(
      z.strictObject({
        source: source().prefault(bearerHeader),
        tokenType: z.string().optional().describe("Token type URI; that of an ID token when absent."),
      }),
    ).describe("The caller's token that is exchanged."),
    cache: maybe(cache).describe("How long tokens are kept."),
  });
}

export type CrossAppAccessConfig = z.output<ReturnType<typeof crossAppAccess>>;

/** A token endpoint: the server by address or name, and how to call it. */
export type TokenEndpointConfig = CrossAppAccessConfig["identityProvider"] | OauthTokenExchangeConfig;
