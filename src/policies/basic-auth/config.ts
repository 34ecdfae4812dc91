import * as z from "zod";
import { maybe } from "../../contract/config/combinators.ts";
import { basicHeader, credentialSource } from "../../contract/config/credential-location.ts";
import { celExpression } from "../../cel/config-type.ts";
import { fileOrInline } from "../../contract/config/files.ts";

/** User name and password (RFC 7617). */
export const basicAuthConfig = z.strictObject({
  htpasswd: fileOrInline().describe("Users and password hashes in htpasswd form: the text, or the file that holds it."),
  realm: maybe(z.string()).describe("What browsers show when they ask for the password; `Restricted` when absent."),
  mode: z
    .enum(["strict", "optional"])
    .default("optional")
    .describe("`strict`: credentials are needed. `optional`: none is fine, bad ones are refused."),
  authorizationLocation: credentialSource(celExpression()).prefault(basicHeader).describe("Where the credentials are in a request."),
});

export type BasicAuthConfig = z.output<typeof basicAuthConfig>;
