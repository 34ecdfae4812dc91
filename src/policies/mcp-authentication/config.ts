import * as z from "zod";
import { exactlyOne, extension, maybe } from "../../contract/config/combinators.ts";
import { bearerHeader, credentialSource } from "../../contract/config/credential-location.ts";
import { celExpression } from "../../cel/config-type.ts";
import { jsonObject } from "../../contract/config/http-names.ts";
import { credentialMode, jwtValidationOptions, keySet, modeText } from "../../contract/config/jwt.ts";
import { redirectUriProblem } from "./redirect-uris.ts";

const none = z.strictObject({});
const identityProvider = exactlyOne({
  auth0: none.describe("Auth0."),
  keycloak: none.describe("Keycloak."),
  okta: none.describe("Okta."),
  descope: none.describe("Descope."),
  authentik: none.describe("authentik; needs `clientId`."),
  entra: none.describe("Microsoft Entra ID; needs `clientId`."),
});

/** RFC 6749 section 3.3. Such a text can stand in a quoted string, too. */
const scope = z.string().regex(/^[!#-[\]-~]+$/, "expected one scope: visible characters without spaces, quotes and backslashes");

const conditionalScopes = z.strictObject({
  scopes: z.array(scope).min(1).describe("Scopes that are needed when the condition holds."),
  when: celExpression().describe("CEL over the request and `jwt`. A condition that fails counts as true."),
});

const redirectUri = z.string().superRefine((text, context) => {
  const message = redirectUriProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

/** Makes the route an OAuth 2 protected resource as the MCP authorization specification wants it. */
export const mcpAuthenticationConfig = z.strictObject({
  issuer: z.string().describe("The authorization server: the `iss` that tokens must have."),
  audiences: z.array(z.string()).describe("Accepted values of `aud`."),
  provider: maybe(identityProvider).describe("The product behind `issuer`, where it needs special treatment."),
  resourceMetadata: jsonObject().describe(
    "What clients are told about this resource (RFC 9728): `resource`, `scopesSupported`, ... in camelCase.",
  ),
  jwks: maybe(keySet()).describe("JSON Web Key Set with the signing keys; without it, where the provider has them."),
  mode: credentialMode().default("strict").describe(modeText),
  authorizationLocation: credentialSource(celExpression()).prefault(bearerHeader).describe("Where the token is in a request."),
  jwtValidationOptions: jwtValidationOptions(),
  clientId: maybe(z.string()).describe("Client id given to clients that register, instead of registering them with the provider."),
  clientSecret: maybe(z.string()).describe("Client secret added to token requests of `clientId` that pass through (Entra)."),
  requiredScopes: maybe(extension(z.array(z.union([scope, conditionalScopes])), "scopes that a token must have")).describe(
    "Scopes that a token must have; without them a client is asked to log in again for more (403 `insufficient_scope`).",
  ),
  redirectUris: maybe(extension(z.array(redirectUri).min(1), "an allow-list of redirect URIs")).describe(
    "Redirect URIs that clients may register and use, to the letter. `*` stands for the port and once in the path on the client's own machine: `http://localhost:*/*`.",
  ),
});

export type McpAuthenticationConfig = z.output<typeof mcpAuthenticationConfig>;
