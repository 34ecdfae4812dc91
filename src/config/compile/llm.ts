import type { CompiledRoute } from "../../contract/runtime.ts";
import { compileModelRouter } from "../../llm/router.ts";
import type { LlmSection } from "../schema/llm.ts";
import type { Build } from "./build.ts";

/** The decode and pick of a route that serves the top-level `llm` key. */
export function compileLlmRoute(build: Build, llm: LlmSection, path: string): Pick<CompiledRoute, "decode" | "pick"> {
  return compileModelRouter(llm, build.at(path));
}
