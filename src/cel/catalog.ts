import { functionFamilies } from "./functions/table.ts";
import { macroFamilies } from "./macros/table.ts";
import { roots } from "./roots.ts";
import type { RootVariable } from "./roots.ts";

/** A function or macro, as the reference page shows it. */
export interface CatalogFunction {
  readonly name: string;
  readonly signature: string;
  /** One sentence. */
  readonly summary: string;
}

/** Everything that can be written in an expression, as data: the reference page is made from it. */
export interface Catalog {
  readonly roots: readonly RootVariable[];
  readonly families: readonly { readonly family: string; readonly functions: readonly CatalogFunction[] }[];
}

export const catalog: Catalog = {
  roots,
  families: [
    ...macroFamilies.map(({ family, macros }) => ({ family, functions: macros.map(describe) })),
    ...functionFamilies.map(({ family, functions }) => ({ family, functions: functions.map(describe) })),
  ],
};

function describe({ name, signature, summary }: CatalogFunction): CatalogFunction {
  return { name, signature, summary };
}
