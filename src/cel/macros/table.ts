import { bindingMacros } from "./bindings.ts";
import { fallbackMacros } from "./fallbacks.ts";
import { loopMacros } from "./loops.ts";
import type { Macro } from "./macro.ts";

/** Everything that looks like a function and takes expressions. */
export const macroFamilies: readonly { readonly family: string; readonly macros: readonly Macro[] }[] = [
  { family: "Loops", macros: loopMacros },
  { family: "Presence and fallbacks", macros: fallbackMacros },
  { family: "Names for values", macros: bindingMacros },
];

const byName = new Map(macroFamilies.flatMap(({ macros }) => macros.map((macro) => [key(macro.name, macro.style), macro] as const)));

function key(name: string, style: Macro["style"]): string {
  return `${style} ${name}`;
}

/** The macro of a name, whatever the number of its arguments. */
export function findMacro(name: string, style: Macro["style"]): Macro | undefined {
  return byName.get(key(name, style));
}

export function acceptsCount(macro: Macro, count: number): boolean {
  return macro.counts === "any" || macro.counts.includes(count);
}
