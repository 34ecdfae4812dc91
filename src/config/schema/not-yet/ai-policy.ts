import { z } from "zod";
import { backendReference } from "../../../contract/config/backend-reference.ts";
import { exactlyOne, maybe } from "../../../contract/config/combinators.ts";
import { celExpression } from "../../../cel/config-type.ts";
import { headerModifier } from "../../../contract/config/header-modifier.ts";
import { headerMap, headerOrPseudoName, jsonObject } from "../../../contract/config/http-names.ts";
import { headerMatch } from "../../../contract/config/matching.ts";
import { statusCode, uint } from "../../../contract/config/numbers.ts";
import { regexPattern } from "../../../contract/config/pattern.ts";
import { callPolicies } from "../call-policies.ts";

/** Policies on what is said to a model: guards, prompts, caching, aliases. */

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

const messages = z.array(z.strictObject({ role: z.string(), content: z.string() })).optional();

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
  promptGuard: maybe(promptGuard),
  defaults: maybe(jsonObject()),
  overrides: maybe(jsonObject()),
  transformations: maybe(z.record(z.string(), celExpression())),
  finalTransformations: maybe(z.record(z.string(), celExpression())),
  prompts: maybe(z.strictObject({ append: messages, prepend: messages })),
  modelAliases: z.record(z.string(), z.string()).optional(),
  promptCaching: maybe(promptCaching),
  routes: z.record(z.string(), routeType).optional(),
});
