import type { CompiledRoute } from "../../contract/runtime.ts";
import { compileModelRouter } from "../../llm/router.ts";
import type { LlmSection } from "../schema/llm.ts";
import type { BackendPlace } from "./backends.ts";
import type { Build } from "./build.ts";

type Entry = Pick<LlmSection["models"][number], "provider" | "params">;

/** Warns of parameters of one provider that stand beside another. */
function warnOfParams(build: Build, { provider, params }: Entry, path: string): void {
  if (provider.kind === "reference" || (provider.kind === "builtIn" && provider.name === "vertex")) return;
  for (const name of ["vertexProject", "vertexRegion"] as const) {
    if (params[name] !== undefined) build.warn(`${path}.params.${name}`, "has no effect: the provider is not `vertex`");
  }
}

/** The decode and pick of a route that serves the top-level `llm` key. What models say about requests goes before policies of the listener. */
export function compileLlmRoute(build: Build, llm: LlmSection, { path, route }: BackendPlace): Pick<CompiledRoute, "decode" | "pick"> {
  for (const [index, model] of llm.models.entries()) warnOfParams(build, model, `llm.models[${index}]`);
  for (const [index, provider] of llm.providers.entries()) warnOfParams(build, provider, `llm.providers[${index}]`);
  const around = [...route.listener, ...route.targeted, ...route.inline];
  return compileModelRouter(llm, { ...build.at(path), send: (address, policies) => build.send(address, [...around, { path, policies }]) });
}
