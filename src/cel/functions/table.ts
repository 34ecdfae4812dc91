import { addressFunctions } from "./addresses.ts";
import { chanceFunctions } from "./chance.ts";
import { conversionFunctions } from "./conversion.ts";
import { dateFunctions } from "./dates.ts";
import type { FunctionDefinition } from "./definition.ts";
import { encodingFunctions } from "./encoding.ts";
import { headerFunctions } from "./headers.ts";
import { jsonFunctions } from "./json.ts";
import { listFunctions } from "./lists.ts";
import { mapFunctions } from "./maps.ts";
import { mathFunctions } from "./math.ts";
import { optionalFunctions } from "./optionals.ts";
import { patternFunctions } from "./patterns.ts";
import { queryFunctions } from "./queries.ts";
import { stringFunctions } from "./strings.ts";

/** Every function of the language, by family. A new one is a line in its family's file; a new family a line here. */
export const functionFamilies: readonly { readonly family: string; readonly functions: readonly FunctionDefinition[] }[] = [
  { family: "Conversion", functions: conversionFunctions },
  { family: "Text", functions: stringFunctions },
  { family: "Regular expressions", functions: patternFunctions },
  { family: "Lists", functions: listFunctions },
  { family: "Maps", functions: mapFunctions },
  { family: "Numbers", functions: mathFunctions },
  { family: "Time", functions: dateFunctions },
  { family: "Optional values", functions: optionalFunctions },
  { family: "JSON and tokens", functions: jsonFunctions },
  { family: "Encodings and hashes", functions: encodingFunctions },
  { family: "Headers and secrets", functions: headerFunctions },
  { family: "URIs", functions: queryFunctions },
  { family: "Addresses", functions: addressFunctions },
  { family: "Chance and failure", functions: chanceFunctions },
];

/** Functions written `f(x)`, by name. */
export const plainFunctions = index("function");
/** Functions written `x.f()`, by name. */
export const methods = index("method");

function index(style: "function" | "method"): ReadonlyMap<string, FunctionDefinition> {
  const found = new Map<string, FunctionDefinition>();
  for (const { functions } of functionFamilies) {
    for (const definition of functions) {
      if (definition.style !== style && definition.style !== "both") continue;
      if (found.has(definition.name)) throw new Error(`two ${style}s are named ${definition.name}`);
      found.set(definition.name, definition);
    }
  }
  return found;
}
