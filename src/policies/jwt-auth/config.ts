import * as z from "zod";
import { alternatives } from "../../contract/config/combinators.ts";
import { bearerHeader, credentialSource } from "../../contract/config/credential-location.ts";
import { celExpression } from "../../cel/config-type.ts";
import { credentialMode, issuerKeys, modeText } from "../../contract/config/jwt.ts";

const common = {
  mode: credentialMode().default("optional").describe(modeText),
  location: credentialSource(celExpression()).prefault(bearerHeader).describe("Where the token is in a request."),
};

const issuer = z.strictObject(issuerKeys);

/** Checks bearer tokens in JWT form (RFC 7519). One issuer written plainly is a list with one provider. */
export const jwtAuthConfig = alternatives([
  z.strictObject({ ...common, providers: z.array(issuer).describe("The issuers whose tokens are accepted.") }),
  issuer.extend(common).transform(({ mode, location, ...provider }) => ({ mode, location, providers: [provider] })),
]);

export type JwtAuthConfig = z.output<typeof jwtAuthConfig>;
