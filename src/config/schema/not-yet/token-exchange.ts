import * as z from "zod";
import { backendReferenceKeys } from "../../../contract/config/backend-reference.ts";
import { alternatives, exactlyOne, maybe } from "../../../contract/config/combinators.ts";
import { bearerHeader, credentialDestination, credentialSource } from "../../../contract/config/credential-location.ts";
import { duration } from "../../../contract/config/duration.ts";
import { celExpression } from "../../../cel/config-type.ts";
import { fileOrInline } from "../../../contract/config/files.ts";
import { uint } from "../../../contract/config/numbers.ts";
import { signingAlgorithm } from "../../../policies/backend-auth/not-yet.ts";

/** Credentials for backends that are bought from an authorization server (RFC 8693, RFC 7523, ID-JAG). */

const accessToken = "urn:ietf:params:oauth:token-type:access_token";
const strings = () => z.array(z.string()).optional();

const tokenType = z.string().default(accessToken);
const source = () => credentialSource(celExpression());

const subjectToken = z.strictObject({ source: source().prefault(bearerHeader), tokenType });
const actorToken = z.strictObject({ source: source(), tokenType, enforceMayAct: z.boolean().default(false) });

const secretClient = z.strictObject({ clientId: z.string(), clientSecret: fileOrInline() });

const clientAuth = alternatives([
  secretClient.extend({ method: z.literal("clientSecretBasic") }),
  z.strictObject({ clientId: z.string(), clientSecret: maybe(fileOrInline()), method: z.literal("clientSecretPost") }),
  z.strictObject({
    clientId: z.string(),
    signingKey: fileOrInline(),
    certificate: maybe(fileOrInline()),
    certificateHeader: maybe(z.enum(["x5c", "x5t#S256"])),
    alg: signingAlgorithm,
    kid: maybe(z.string()),
    assertionAudience: z.string(),
    method: z.literal("privateKeyJwt"),
  }),
  secretClient,
]);

const cache = z.strictObject({ maxEntries: maybe(uint()), defaultTtl: maybe(duration()) });

/** @param callPolicies the schema of the policies for the call to the token endpoint */
export function oauthTokenExchange(callPolicies: z.ZodType) {
  return exactlyOne(backendReferenceKeys(), {
    policies: maybe(callPolicies),
    path: z.string().optional(),
    grantType: z.enum(["tokenExchange", "jwtBearer"]).default("tokenExchange"),
    subjectToken: subjectToken.prefault({}),
    actorToken: maybe(actorToken),
    audiences: strings(),
    scopes: strings(),
    resources: strings(),
    requestedTokenType: maybe(z.string()),
    clientAuth: maybe(clientAuth),
    additionalParams: z.record(z.string(), celExpression()).optional(),
    authorizationLocation: credentialDestination().prefault(bearerHeader),
    cache: maybe(cache),
  });
}

/** @param callPolicies the schema of the policies for the calls to the token endpoints */
export function crossAppAccess(callPolicies: z.ZodType) {
  const endpoint = () => exactlyOne(backendReferenceKeys(), { policies: maybe(callPolicies), path: z.string().optional(), clientAuth });
  return z.strictObject({
    identityProvider: endpoint(),
    resourceAuthorizationServer: endpoint(),
    audience: z.string(),
    resources: strings(),
    scopes: strings(),
    accessTokenScopes: maybe(z.array(z.string())),
    subjectToken: maybe(z.strictObject({ source: source().prefault(bearerHeader), tokenType: z.string().optional() })),
    cache: maybe(cache),
  });
}
