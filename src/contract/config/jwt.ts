import * as z from "zod";
import { maybe } from "./combinators.ts";
import { fileInlineOrRemote } from "./files.ts";

/** Whether a caller needs a credential, as far as one policy is concerned. */
export function credentialMode() {
  return z.enum(["strict", "optional", "permissive"]);
}

export const modeText =
  "`strict`: a valid credential is needed. `optional`: none is fine, a bad one is refused. `permissive`: nobody is refused.";

/** The keys that tokens are signed with. */
export function keySet() {
  return fileInlineOrRemote().describe("JSON Web Key Set with the signing keys: a URL, a file or the JSON itself.");
}

/** Checks beyond signature, issuer and audience. */
export function jwtValidationOptions() {
  return z
    .strictObject({
      requiredClaims: z
        .array(z.string())
        .refine((claims) => new Set(claims).size === claims.length, "names a claim twice")
        .default(["exp"])
        .describe("Claims that a token must have, of `exp`, `nbf`, `aud`, `iss` and `sub`."),
    })
    .prefault({})
    .describe("What a token must contain apart from a valid signature.");
}

/** One token issuer. Keys of jwtAuth, in its short form and in its list of providers. */
export const issuerKeys = {
  issuer: z.string().describe("The `iss` that tokens must have."),
  audiences: maybe(z.array(z.string())).describe("Accepted values of `aud`; without them any audience will do."),
  jwks: keySet(),
  jwtValidationOptions: jwtValidationOptions(),
};
