import { compileAiBackend } from "../../llm/ai-backend.ts";
import type { AiBackend } from "../schema/ai.ts";
import type { RouteBackendParts, KindPlace } from "./backend-parts.ts";
import type { Build } from "./build.ts";
import { layerOf } from "./slots.ts";

/** Compiles an `ai` backend: one LLM provider, with the backend's policies around its requests. */
export function compileAi(build: Build, ai: AiBackend, { path, layers }: KindPlace): RouteBackendParts {
  const all = [...layers, ...layerOf(`${path}.ai.policies`, ai.policies)];
  const context = build.at(path);
  return compileAiBackend(ai, { ...context, send: (address, policies) => build.send(address, [{ path, policies }, ...all]) });
}
