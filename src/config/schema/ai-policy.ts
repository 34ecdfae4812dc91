import * as z from "zod";
import { backendReference } from "../../contract/config/backend-reference.ts";
import { exactlyOne, maybe, notYet } from "../../contract/config/combinators.ts";
import { celExpression } from "../../cel/config-type.ts";
import { headerModifier } from "../../contract/config/header-modifier.ts";
import { headerMap, headerOrPseudoName, jsonObject } from "../../contract/config/http-names.ts";
import { headerMatch } from "../../contract/config/matching.ts";
import { statusCode, uint } from "../../contract/config/numbers.ts";
import { regexPattern } from "../../contract/config/pattern.ts";
import { callPolicies } from "./call-policies.ts";

/** Policies on what is said to a model: what paths mean, changes to bodies, aliases; later guards, prompts and caching. */

const text = z.union([z.string(), z.array(uint(255))]);

const rejection = z
  .strictObject({
    body: text.default("The request was rejected due to inappropriate content"),
    status: statusCode().default(403),
    headers: maybe(headerModifier()),
  })
  .prefault({});

const regexGuard = z.strictObject({
  action: z.enum(["mask", "reject"]).default("mask"),
  rules: z.array(exactlyOne({ builtin: z.enum(["ssn", "creditCard", "phoneNumber", "email", "caSin"]), pattern: regexPattern() })),
});

const webhook = z.strictObject({
  target: backendReference(),
  headers: headerMap(celExpression(), headerOrPseudoName).optional(),
  forwardHeaderMatches: z.array(headerMatch()).optional(),
  failureMode: z.enum(["failClosed", "failOpen"]).optional(),
});

const bedrockGuardrails = z.strictObject({
  guardrailIdentifier: z.string(),
  guardrailVersion: z.string(),
  region: z.string(),
  policies: maybe(callPolicies),
});

const googleModelArmor = z.strictObject({
  templateId: z.string(),
  projectId: z.string(),
  location: maybe(z.string()),
  policies: maybe(callPolicies),
});

const azureContentSafety = z.strictObject({
  endpoint: z.string(),
  policies: maybe(callPolicies),
  analyzeText: maybe(
    z.strictObject({
      severityThreshold: maybe(z.int32()),
      apiVersion: maybe(z.string()),
      blocklistNames: maybe(z.array(z.string())),
      haltOnBlocklistHit: maybe(z.boolean()),
    }),
  ),
  detectJailbreak: maybe(z.strictObject({ apiVersion: maybe(z.string()) })),
});

const guards = { regex: regexGuard, webhook, bedrockGuardrails, googleModelArmor, azureContentSafety };

const requestGuard = exactlyOne(
  { ...guards, openAIModeration: z.strictObject({ model: maybe(z.string()), policies: maybe(callPolicies) }) },
  {
    rejection,
    scope: z
      .array(z.enum(["systemPrompt", "messages", "toolOutput", "toolInput"]))
      .min(1)
      .default(["systemPrompt", "messages"]),
  },
);

export const promptGuard = z.strictObject({
  streaming: z.enum(["Disabled", "Enabled"]).optional().describe("Whether streamed replies are guarded."),
  request: z.array(requestGuard).optional().describe("Guards on what is sent, in order."),
  response: z.array(exactlyOne(guards, { rejection })).optional().describe("Guards on what comes back, in order."),
});

export const promptCaching = z.strictObject({
  cacheSystem: z.boolean().default(true),
  cacheMessages: z.boolean().default(true),
  cacheTools: z.boolean().default(false),
  minTokens: maybe(uint()),
  cacheMessageOffset: uint().default(0),
});

const prompts = z.array(z.strictObject({ role: z.string(), content: z.string() })).optional();

/** What a path means to an AI backend. */
const routeType = z.enum([
  "completions",
  "messages",
  "models",
  "passthrough",
  "detect",
  "responses",
  "embeddings",
  "realtime",
  "anthropicTokenCount",
  "generateContent",
  "geminiCountTokens",
  "rerank",
]);

export const aiPolicy = z.strictObject({
  promptGuard: maybe(notYet(promptGuard, "prompt guards")).describe("Guards on what is sent and what comes back."),
  defaults: maybe(jsonObject()).describe("Body fields to set where the client did not."),
  overrides: maybe(jsonObject()).describe("Body fields to set always."),
  transformations: maybe(z.record(z.string(), celExpression())).describe(
    "Body fields to compute, CEL by field; `llmRequest` is the client's body. One that fails or gives null takes the field away.",
  ),
  finalTransformations: maybe(notYet(z.record(z.string(), celExpression()), "computing body fields after conversion")).describe(
    "Body fields to compute after conversion to the provider's format.",
  ),
  prompts: maybe(notYet(z.strictObject({ append: prompts, prepend: prompts }), "adding messages to prompts")).describe(
    "Messages to put before and after the client's.",
  ),
  modelAliases: z
    .record(z.string(), z.string())
    .optional()
    .describe("Models to ask for instead, by the model that would be: a name, or a pattern with any number of `*`."),
  promptCaching: maybe(notYet(promptCaching, "prompt caching")).describe("Where to put cache points."),
  routes: z
    .record(z.string(), routeType)
    .optional()
    .describe("What requests are, by the end of their path; `*` is every other path. Without it every request is a chat completion."),
});

export type AiPolicy = z.output<typeof aiPolicy>;
