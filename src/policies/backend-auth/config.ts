import * as z from "zod";
import { alternatives, exactlyOne, extension, maybe, notYet } from "../../contract/config/combinators.ts";
import { credentialDestination } from "../../contract/config/credential-location.ts";
import { fileOrInline } from "../../contract/config/files.ts";
import { aws, azure } from "./not-yet.ts";
import { jwtSign } from "./signing-config.ts";
import { crossAppAccess, oauthTokenExchange } from "./token-exchange-config.ts";
import { userLoginConfig } from "./user-login/config.ts";

const location = maybe(credentialDestination()).describe("Where to put it; `Authorization: Bearer` when absent.");

const secret = alternatives([
  fileOrInline().transform((value) => ({ value })),
  z.strictObject({ value: fileOrInline().describe("The secret: itself, or the file that holds it."), location }),
]);

const googleCredential = maybe(fileOrInline()).describe(
  "Credential JSON, or the file that holds it. When absent: the file of GOOGLE_APPLICATION_CREDENTIALS, gcloud's own, or the machine's.",
);

const gcp = alternatives([
  z.strictObject({
    type: z.literal("idToken").describe("An ID token, for services such as Cloud Run."),
    audience: maybe(z.string()).describe("Who the token is for; the backend's host when absent."),
    credential: googleCredential,
  }),
  z
    .strictObject({
      type: maybe(z.literal("accessToken")).describe("An access token, for Google's own interfaces."),
      credential: googleCredential,
    })
    .transform((config) => ({ ...config, type: "accessToken" as const })),
]);

/** Secrets that are sent beside the main credential, or alone. */
const extraCredentials = z.array(
  z.strictObject({
    location: credentialDestination().describe("Where to put it."),
    key: fileOrInline().describe("The secret: itself, or `{file}`."),
  }),
);

/**
 * The credential that the backend wants from us.
 * @param callPolicies the schema of the policies for calls to token endpoints
 */
export function backendAuthConfig(callPolicies: z.ZodType) {
  return alternatives([
    exactlyOne(
      {
        passthrough: z
          .strictObject({ location })
          .describe("The caller's own token: the one that was checked, or, to MCP servers, the Authorization field as it came."),
        key: secret.describe("A fixed secret."),
        gcp: gcp.describe("A Google Cloud token."),
        userLogin: extension(userLoginConfig, "each caller's own token, from a login at the server").describe(
          "Each caller's own token, which they get by logging in at the server.",
        ),
        aws: notYet(aws, "signing for AWS"),
        azure: notYet(azure, "Azure credentials"),
        jwtSign: jwtSign.describe("A token that the gateway signs."),
        oauthTokenExchange: oauthTokenExchange(callPolicies).describe("A token got for the caller's at an authorization server."),
        crossAppAccess: crossAppAccess(callPolicies).describe("A token got by an identity assertion (ID-JAG)."),
      },
      { credentials: extraCredentials.optional().describe("More secrets to send.") },
    ),
    z
      .strictObject({ credentials: extraCredentials.describe("More secrets to send.") })
      .transform(({ credentials }) => ({ kind: "credentials" as const, credentials })),
    notYet(z.literal("copilot"), "GitHub Copilot credentials"),
  ]);
}

export type BackendAuthConfig = z.output<ReturnType<typeof backendAuthConfig>>;
