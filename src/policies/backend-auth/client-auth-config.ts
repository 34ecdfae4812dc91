import * as z from "zod";
import { alternatives, maybe } from "../../contract/config/combinators.ts";
import { fileOrInline } from "../../contract/config/files.ts";
import { signingAlgorithm } from "./signing-config.ts";

const secretClient = z.strictObject({
  clientId: z.string().describe("Client id of the gateway at the authorization server."),
  clientSecret: fileOrInline().describe("Client secret."),
});

/** How the gateway authenticates itself at a token endpoint. Without `method`: clientSecretBasic. */
export const clientAuth = alternatives([
  secretClient.extend({ method: z.literal("clientSecretBasic").describe("Id and secret in the Authorization header.") }),
  z.strictObject({
    clientId: z.string().describe("Client id of the gateway at the authorization server."),
    clientSecret: maybe(fileOrInline()).describe("Client secret; a public client has none."),
    method: z.literal("clientSecretPost").describe("Id and secret in the form."),
  }),
  z.strictObject({
    clientId: z.string().describe("Client id of the gateway at the authorization server."),
    signingKey: fileOrInline().describe("Private key, PEM: RSA or EC, as `alg` needs it."),
    certificate: maybe(fileOrInline()).describe("Certificate chain of the key, PEM, the key's own first; needs `certificateHeader`."),
    certificateHeader: maybe(z.enum(["x5c", "x5t#S256"])).describe(
      "How the assertion's header tells the certificate: whole chain, or thumbprint.",
    ),
    alg: signingAlgorithm.describe("Signature algorithm."),
    kid: maybe(z.string()).describe("Key id in the assertion's header."),
    assertionAudience: z.string().describe("Audience of the assertion: the server's issuer, or its token endpoint."),
    method: z.literal("privateKeyJwt").describe("A signed assertion (RFC 7523 section 2.2)."),
  }),
  secretClient,
]);

export type ClientAuthConfig = z.output<typeof clientAuth>;
