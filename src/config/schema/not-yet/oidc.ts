import * as z from "zod";
import { maybe } from "../../../contract/config/combinators.ts";
import { fileInlineOrRemote } from "../../../contract/config/files.ts";

/** Login of people with a browser (OpenID Connect, authorization code flow). */
export const oidc = z.strictObject({
  issuer: z.string().describe("The identity provider."),
  discovery: maybe(fileInlineOrRemote()).describe("Its discovery document, where that is not at the usual place."),
  authorizationEndpoint: maybe(z.string()).describe("Instead of discovery: where to log in."),
  tokenEndpoint: maybe(z.string()).describe("Instead of discovery: where to get tokens."),
  tokenEndpointAuth: maybe(z.enum(["clientSecretBasic", "clientSecretPost"])).describe("How to authenticate there."),
  jwks: maybe(fileInlineOrRemote()).describe("Instead of discovery: the signing keys."),
  clientId: z.string().describe("Our client id."),
  clientSecret: z.string().describe("Our client secret."),
  redirectURI: z.string().describe("Where the provider sends people back to."),
  scopes: z.array(z.string()).default([]).describe("Scopes to ask for beyond `openid`."),
});
