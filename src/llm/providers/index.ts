import type { Provider, ProviderDefinition, ProviderParams } from "../provider.ts";
import { openAI } from "./openai/index.ts";
import { presets } from "./presets/index.ts";
import { vertex } from "./vertex/index.ts";

/** Every provider that a configuration can name; `custom` is described instead of named. */
const definitions: readonly ProviderDefinition[] = [openAI, vertex, ...presets];
const byName = new Map(definitions.map((definition) => [definition.name, definition]));

/** @throws Error with a text for the operator: an unknown name, or a missing parameter */
export function namedProvider(name: string, params: ProviderParams): Provider {
  const definition = byName.get(name);
  if (definition === undefined) throw new Error(`unknown provider ${JSON.stringify(name)}`);
  return definition.fromParams(params);
}
