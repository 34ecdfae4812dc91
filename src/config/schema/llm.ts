import * as z from "zod";
import { maybe, notYet } from "../../contract/config/combinators.ts";
import { port } from "../../contract/config/numbers.ts";
import { rateLimit } from "../../policies/local-rate-limit/config.ts";
import { gatewayReferences } from "./gateway-references.ts";
import { llmModel, llmProvider } from "./llm-models.ts";
import { promptGuard } from "./ai-policy.ts";
import { plainRemoteRateLimit } from "./not-yet/external-processors.ts";
import { virtualModel } from "./not-yet/virtual-models.ts";
import { gatewayPolicyKeys } from "./policies.ts";
import { listenerTls } from "./tls.ts";

/** The short form for LLM traffic: models by name, behind one address. */

const llmPolicies = z
  .strictObject({
    ...gatewayPolicyKeys,
    guardrails: maybe(notYet(promptGuard, "prompt guards")).describe("Guards for every model."),
    localRateLimit: z.array(rateLimit).default([]).describe("Limits on all requests together."),
    remoteRateLimit: maybe(notYet(plainRemoteRateLimit, "rate limits kept by another server")).describe(
      "Limits counted by another server.",
    ),
  })
  .meta({ id: "LlmPolicies" });

export const llmSection = z
  .strictObject({
    gateways: gatewayReferences,
    port: maybe(port()).describe("Port to listen on. Without port, gateways and a gateway called `default`: 4000."),
    tls: maybe(listenerTls).describe("TLS of that port."),
    providers: z.array(llmProvider).default([]).describe("Settings that several models share."),
    models: z.array(llmModel).describe("Models that clients may ask for."),
    virtualModels: z
      .array(notYet(virtualModel, "virtual models"))
      .default([])
      .describe("Model names that stand for one of several models."),
    policies: maybe(llmPolicies).describe("Policies for every request, before a model is chosen."),
  })
  .meta({ id: "Llm" });

export type LlmPolicies = z.output<typeof llmPolicies>;
export type LlmSection = z.output<typeof llmSection>;
