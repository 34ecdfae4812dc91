import { z } from "zod";
import { maybe, exactlyOne, notYet } from "../../contract/config/combinators.ts";
import { bearerHeader, credentialSource } from "../../contract/config/credential-location.ts";
import { celExpression } from "../../cel/config-type.ts";
import { jsonObject } from "../../contract/config/http-names.ts";
import { credentialMode, jwtValidationOptions, keySet, modeText } from "../../contract/config/jwt.ts";

const none = z.strictObject({});
const identityProvider = exactlyOne({ auth0: none, keycloak: none, okta: none, descope: none, authentik: none, entra: none });

/** Makes the route an OAuth 2 protected resource as the MCP authorization specification wants it. */
export const mcpAuthenticationConfig = z.strictObject({
  issuer: z.string().describe("The authorization server: the `iss` that tokens must have."),
  audiences: z.array(z.string()).describe("Accepted values of `aud`."),
  provider: maybe(notYet(identityProvider, "adapting to the quirks of one identity provider")).describe(
    "The product behind `issuer`, where it needs special treatment.",
  ),
  resourceMetadata: jsonObject().describe(
    "What clients are told about this resource (RFC 9728): `resource`, `scopesSupported`, ... in camelCase.",
  ),
  jwks: maybe(keySet()).describe("JSON Web Key Set with the signing keys; without it, `<issuer>/.well-known/jwks.json`."),
  mode: credentialMode().default("strict").describe(modeText),
  authorizationLocation: credentialSource(celExpression()).prefault(bearerHeader).describe("Where the token is in a request."),
  jwtValidationOptions: jwtValidationOptions(),
  clientId: maybe(notYet(z.string(), "a client id for clients that cannot register")).describe("Client id given to clients that register."),
  clientSecret: maybe(notYet(z.string(), "a client secret added to token requests")).describe(
    "Client secret added to token requests that pass through.",
  ),
});

export type McpAuthenticationConfig = z.output<typeof mcpAuthenticationConfig>;
