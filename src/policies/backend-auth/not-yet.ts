import * as z from "zod";
import { alternatives, exactlyOne, maybe } from "../../contract/config/combinators.ts";
import { credentialDestination } from "../../contract/config/credential-location.ts";
import { duration } from "../../contract/config/duration.ts";
import { celExpression } from "../../cel/config-type.ts";
import { fileOrInline } from "../../contract/config/files.ts";

/** Credentials that are part of the language and are not served yet. */

const assumeRole = z.strictObject({
  roleArn: z.string().describe("The role to take."),
  sessionName: maybe(z.union([z.string(), exactlyOne({ expression: celExpression() })])).describe(
    "Name of the session, or CEL that gives it.",
  ),
  tags: z
    .array(
      z.strictObject({
        key: z.string(),
        value: maybe(z.string()),
        expression: maybe(celExpression()),
      }),
    )
    .optional()
    .describe("Session tags."),
});

export const aws = alternatives([
  z.strictObject({
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    region: maybe(z.string()),
    sessionToken: maybe(z.string()),
    serviceName: maybe(z.string()),
  }),
  z.strictObject({
    serviceName: maybe(z.string()).describe("AWS service to sign for."),
    region: maybe(z.string()).describe("AWS region to sign for."),
    assumeRole: maybe(assumeRole).describe("Take a role first."),
  }),
]);

const none = z.strictObject({});

export const azure = exactlyOne({
  explicitConfig: exactlyOne({
    // The reference project spells these three with underscores.
    clientSecret: z.strictObject({ tenant_id: z.string(), client_id: z.string(), client_secret: z.string() }),
    managedIdentity: z.strictObject({
      userAssignedIdentity: maybe(exactlyOne({ clientId: z.string(), objectId: z.string(), resourceId: z.string() })),
    }),
    workloadIdentity: none,
  }),
  developerImplicit: none,
  implicit: none,
});

export const signingAlgorithm = z.enum(["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]).default("RS256");

export const jwtSign = z.strictObject({
  signingKey: fileOrInline().describe("Private key, PEM."),
  alg: signingAlgorithm.describe("Signature algorithm."),
  kid: maybe(z.string()).describe("Key id in the token's header."),
  claims: z.record(z.string(), z.unknown()).default({}).describe("Claims by name; the values are CEL."),
  ttl: maybe(duration()).describe("How long a token is valid."),
  location: maybe(credentialDestination()).describe("Where to put the token."),
});
