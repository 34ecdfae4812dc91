import * as z from "zod";
import { alternatives, exactlyOne, maybe } from "../../contract/config/combinators.ts";
import { celExpression } from "../../cel/config-type.ts";

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
