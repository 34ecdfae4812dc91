import { compileAiBackend } from "../../llm/ai-backend.ts";
import { definePolicy } from "../../contract/policy.ts";
import type { AiBackend } from "../schema/ai.ts";
import { type AiPolicy, aiPolicy } from "../schema/ai-policy.ts";
import type { RouteBackendParts, KindPlace } from "./backend-parts.ts";
import type { Build } from "./build.ts";
import { type AnyPolicy, layerOf, mergeLayers, slotOf } from "./slots.ts";

/** The `ai` policy says what a provider's requests look like: the backend itself does it, no policy runs. */
const definition = definePolicy<AiPolicy>({ name: "ai", config: aiPolicy, merge }) as unknown as AnyPolicy;

/** Compiles an `ai` backend: one LLM provider, with the backend's policies around its requests. */
export function compileAi(build: Build, ai: AiBackend, { path, ...place }: KindPlace): RouteBackendParts {
  const layers = [...place.layers(ai.name), ...layerOf(`${path}.ai.policies`, ai.policies)];
  const slot = slotOf(mergeLayers(layers, [definition]), definition);
  const backend = compileAiBackend(
    { ...ai, ai: slot?.config as AiPolicy | undefined },
    { ...build.at(path), send: (address, policies) => build.send(address, [{ path, policies }, ...layers]) },
  );
  return { ...backend, policies: slot === undefined ? [] : [{ stage: "backend", ...slot }] };
}

/** Unlike other policies these are joined: field by field, the more specific one's before the other's. */
function merge(less: AiPolicy, more: AiPolicy): AiPolicy {
  return {
    defaults: joined(less.defaults, more.defaults),
    overrides: joined(less.overrides, more.overrides),
    transformations: joined(less.transformations, more.transformations),
    modelAliases: joined(less.modelAliases, more.modelAliases),
    routes: joined(less.routes, more.routes),
  };
}

function joined<T>(less: Readonly<Record<string, T>> | undefined, more: Readonly<Record<string, T>> | undefined) {
  return less === undefined || more === undefined ? (more ?? less) : { ...less, ...more };
}
