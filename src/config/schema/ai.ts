import * as z from "zod";
import { hostPort } from "../../contract/config/address.ts";
import { alternatives, exactlyOne, maybe, notYet, notYetValues } from "../../contract/config/combinators.ts";
import { backendPolicies } from "./policies.ts";

/** LLM providers as backends of a route. */

const model = maybe(z.string()).describe("Model to ask for, whatever the client asked for.");

const moderation = z.strictObject({
  model: z.string().default("omni-moderation-latest"),
  policy: maybe(
    z.strictObject({
      input: maybe(z.strictObject({ mode: z.enum(["score", "block"]) })),
      output: maybe(z.strictObject({ mode: z.enum(["score", "block"]) })),
    }),
  ),
});

/** What an OpenAI-like server can be sent. */
const providerFormat = z.enum([
  "completions",
  "messages",
  "responses",
  "embeddings",
  "anthropicTokenCount",
  "generateContent",
  "geminiCountTokens",
  "realtime",
  "rerank",
]);

export const azureResourceType = z.enum(["openAI", "foundry", "aiServices"]);

/** A provider that is described by the formats it speaks. */
export const customProvider = z
  .strictObject({
    model,
    providerOverride: maybe(z.string()).describe("Name of the provider in logs, metrics and prices; `custom` when absent."),
    formats: z
      .array(
        z.strictObject({
          type: notYetValues(providerFormat, ["realtime"], "a realtime (WebSocket) endpoint").describe("What the server can be sent."),
          path: maybe(z.string()).describe("Path for it, where it is not the usual one."),
        }),
      )
      .describe("The interfaces that the server has."),
  })
  .meta({ id: "CustomProvider" });

const provider = exactlyOne({
  openAI: z.strictObject({ model, moderation: maybe(notYet(moderation, "OpenAI's inline moderation")) }).describe("OpenAI."),
  vertex: z
    .strictObject({
      model,
      region: maybe(z.string()).describe("Region; `global` when absent."),
      projectId: z.string().describe("Google Cloud project."),
    })
    .describe("Google Vertex AI."),
  custom: customProvider.describe("A server that speaks one of the known formats."),
  gemini: notYet(z.strictObject({ model }), "the Gemini provider"),
  anthropic: notYet(z.strictObject({ model }), "the Anthropic provider"),
  bedrock: notYet(
    z.strictObject({ model, region: z.string(), guardrailIdentifier: maybe(z.string()), guardrailVersion: maybe(z.string()) }),
    "the Bedrock provider",
  ),
  azure: notYet(
    z.strictObject({
      model,
      resourceName: z.string(),
      resourceType: azureResourceType,
      apiVersion: maybe(z.string()),
      projectName: maybe(z.string()),
    }),
    "the Azure provider",
  ),
  copilot: notYet(z.strictObject({ model }), "the Copilot provider"),
}).meta({ id: "AiProvider" });

const namedProvider = z
  .strictObject({
    name: z.string().describe("Name, for logs and metrics."),
    provider: provider.describe("Which provider it is."),
    hostOverride: maybe(hostPort()).describe("Address to use instead of the provider's, `host:port`."),
    pathOverride: maybe(z.string()).describe("Path to use instead of the provider's."),
    pathPrefix: maybe(z.string()).describe("What stands before the paths, instead of the provider's own prefix."),
    tokenize: notYetValues(z.boolean().default(false), [true], "counting tokens before a request is sent").describe(
      "Whether to count a request's tokens before it is sent.",
    ),
    policies: maybe(backendPolicies).describe("Policies for this provider."),
  })
  .meta({ id: "NamedAiProvider" });

const groups = z.strictObject({
  groups: z
    .array(z.strictObject({ providers: z.array(namedProvider) }))
    .describe("Providers by priority; requests go to the first group that is healthy."),
});

export const aiBackend = alternatives([namedProvider, notYet(groups, "several providers behind one backend")]);

export type AiProvider = z.output<typeof provider>;
export type AiBackend = z.output<typeof aiBackend>;
