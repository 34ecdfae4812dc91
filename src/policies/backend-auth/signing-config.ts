import * as z from "zod";
import { maybe } from "../../contract/config/combinators.ts";
import { credentialDestination } from "../../contract/config/credential-location.ts";
import { duration } from "../../contract/config/duration.ts";
import { fileOrInline } from "../../contract/config/files.ts";

/** How tokens that the gateway signs itself are signed (RFC 7518 section 3.1). */
export const signingAlgorithm = z.enum(["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]).default("RS256");

export type SigningAlgorithm = z.output<typeof signingAlgorithm>;

/** A token of our own for each request. */
export const jwtSign = z.strictObject({
  signingKey: fileOrInline().describe("Private key, PEM: RSA or EC, as `alg` needs it."),
  alg: signingAlgorithm.describe("Signature algorithm."),
  kid: maybe(z.string()).describe("Key id in the token's header."),
  claims: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("Claims by name: any JSON value, sent as it is written. `iat`, `nbf` and `exp` are set by the gateway."),
  ttl: maybe(duration()).describe("How long a token is valid; 300s when absent."),
  location: maybe(credentialDestination()).describe("Where to put the token; `Authorization: Bearer` when absent."),
});

export type JwtSignConfig = z.output<typeof jwtSign>;
