import * as z from "zod";
import { hostPort } from "../../contract/config/address.ts";
import { exactlyOne, maybe, notYet, notYetValues, oneSpelling } from "../../contract/config/combinators.ts";
import { celExpression } from "../../cel/config-type.ts";
import { fileOrInline, httpUrl } from "../../contract/config/files.ts";
import { headerModifier } from "../../contract/config/header-modifier.ts";
import { jsonObject } from "../../contract/config/http-names.ts";
import { headerMatch } from "../../contract/config/matching.ts";
import { modelPattern } from "../../contract/config/model-pattern.ts";
import { authorizationConfig } from "../../policies/authorization/config.ts";
import { azureResourceType, customProvider } from "./ai.ts";
import { callPolicyKeys } from "./call-policies.ts";
import { promptCaching, promptGuard } from "./ai-policy.ts";
import { health } from "./not-yet/backend-health.ts";

const baseUrl = httpUrl().refine((text) => !/[?#]/.test(text), "must hold no query and no fragment");

const awsOption = () => maybe(notYet(z.string(), "the Bedrock provider"));
const azureOption = () => maybe(notYet(z.string(), "the Azure provider"));

const params = z
  .strictObject({
    model: maybe(z.string()).describe("Model to ask the provider for; the client's when absent."),
    apiKey: maybe(fileOrInline()).describe("Key for the provider, or `{file: path}`."),
    vertexRegion: maybe(z.string()).describe("Vertex AI: region; `global` when absent."),
    vertexProject: maybe(z.string()).describe("Vertex AI: Google Cloud project."),
    awsRegion: awsOption().describe("Bedrock: region."),
    azureResourceName: azureOption().describe("Azure: name of the resource."),
    azureResourceType: maybe(notYet(azureResourceType, "the Azure provider")).describe("Azure: kind of resource."),
    azureApiVersion: azureOption().describe("Azure: version of the interface."),
    azureProjectName: azureOption().describe("Azure: project in Foundry."),
    baseUrl: maybe(baseUrl).describe("URL that the provider's paths come after; https switches TLS on."),
    hostOverride: maybe(hostPort()).describe("Older than `baseUrl`: address, `host:port`."),
    pathOverride: maybe(z.string()).describe("Older than `baseUrl`: one path for everything."),
    pathPrefix: maybe(z.string()).describe("Older than `baseUrl`: what stands before the paths."),
    tokenize: notYetValues(z.boolean().default(false), [true], "counting tokens before a request is sent").describe(
      "Whether to count a request's tokens before it is sent.",
    ),
  })
  .meta({ id: "LlmParams" });

/** Providers that are the custom one underneath, with address and formats known. */
export const presets = [
  "cohere",
  "ollama",
  "baseten",
  "cerebras",
  "deepinfra",
  "deepseek",
  "groq",
  "huggingface",
  "mistral",
  "openrouter",
  "togetherai",
  "xai",
  "fireworks",
] as const;

const builtIn = notYetValues(
  z.enum(["openAI", "openai", "vertex", "gemini", "anthropic", "bedrock", "azure", "copilot", ...presets]),
  ["gemini", "anthropic", "bedrock", "azure", "copilot"],
  "this provider",
).transform((name) => ({ kind: "builtIn" as const, name: name === "openai" ? "openAI" : name }));

const providerVariants = { custom: customProvider.describe("A server that speaks one of the known formats; needs `params.baseUrl`.") };
const reference = { reference: z.string().describe("Name of an entry of `llm.providers`.") };

const passthroughText = "Whether requests go on as they came: with a look at them (`detect`) or none (`opaque`).";

/** Settings of the requests that a model's or provider's entry sends. */
const requestKeys = {
  defaults: maybe(jsonObject()).describe("Body fields to set where the client did not."),
  overrides: maybe(jsonObject()).describe("Body fields to set always."),
  transformation: maybe(z.record(z.string(), celExpression())).describe(
    "Body fields to compute, CEL by field; `llmRequest` is the client's body.",
  ),
  requestHeaders: maybe(headerModifier()).describe("Changes to the headers of requests."),
  responseHeaders: maybe(headerModifier()).describe("Changes to the headers of replies."),
  tls: callPolicyKeys.backendTLS.describe("TLS towards the provider."),
  backendTLS: callPolicyKeys.backendTLS.describe("The same as `tls`."),
  auth: callPolicyKeys.backendAuth.describe("Credential for the provider, where `params.apiKey` is not enough."),
  health: maybe(notYet(health, "leaving out unhealthy backends")).describe("When the provider counts as failed."),
  backendTunnel: callPolicyKeys.backendTunnel,
  promptCaching: maybe(notYet(promptCaching, "prompt caching")).describe("Where to put cache points."),
};

interface TlsAliases<T> {
  readonly tls?: T | undefined;
  readonly backendTLS?: T | undefined;
}

const tlsSpellings = [["tls", "backendTLS"]] as const;

function oneTls<T, O extends TlsAliases<T>>({
  backendTLS,
  tls,
  ...rest
}: O): Omit<O, "tls" | "backendTLS"> & { tls: O["tls"] | O["backendTLS"] } {
  return { ...rest, tls: tls ?? backendTLS };
}

/** An entry of `llm.providers`. */
export const llmProvider = z
  .strictObject({
    name: z.string().describe("Name to refer to."),
    params: params.prefault({}).describe("Model, key, address."),
    provider: z.union([builtIn, exactlyOne(providerVariants)]).describe("Which provider it is."),
    defaults: maybe(oneSpelling(z.strictObject(requestKeys), tlsSpellings).transform(oneTls)).describe(
      "Settings for the models that refer to it; theirs win.",
    ),
  })
  .meta({ id: "LlmProvider" });

/** An entry of `llm.models`. */
export const llmModel = oneSpelling(
  z.strictObject({
    id: maybe(z.string()).describe("A name for this entry that never changes."),
    name: modelPattern().describe("Model name that clients send; `*` at one end stands for anything."),
    visibility: z.enum(["public", "internal"]).default("public").describe("Whether clients may ask for it, or only virtual models."),
    params: params.prefault({}).describe("Model, key, address."),
    provider: z.union([builtIn, exactlyOne({ ...providerVariants, ...reference })]).describe("Which provider it is."),
    passthrough: maybe(notYet(z.enum(["detect", "opaque"]), "passing requests on unread")).describe(passthroughText),
    authorization: maybe(authorizationConfig).describe("Who may use it, by CEL rules."),
    finalTransformation: maybe(notYet(z.record(z.string(), celExpression()), "computing body fields after conversion")).describe(
      "Body fields to compute after conversion to the provider's format.",
    ),
    guardrails: maybe(notYet(promptGuard, "prompt guards")).describe("Guards on what is sent and what comes back."),
    matches: z
      .array(z.strictObject({ headers: z.array(headerMatch()).default([]).describe("Conditions on headers; all must hold.") }))
      .default([])
      .describe("Further conditions, of which one must hold."),
    ...requestKeys,
  }),
  tlsSpellings,
)
  .transform(oneTls)
  .meta({ id: "LlmModel" });

export type LlmProvider = z.output<typeof llmProvider>;
export type LlmModel = z.output<typeof llmModel>;
