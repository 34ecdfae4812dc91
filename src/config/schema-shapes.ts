import type { z } from "zod";

/** What the schemas know of keys, to say where a key belongs that stands in the wrong place. */

type Definition = z.core.$ZodType["_zod"]["def"] & {
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly getter?: () => z.core.$ZodType;
};

export type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** The keys of an object's schema with their own schemas; undefined for anything else. */
export function shapeOfSchema(schema: z.core.$ZodType | undefined): Shape | undefined {
  return (schema?._zod.def as Definition | undefined)?.shape;
}

/** The keys of `shape` below which `key` can be written, either at once or in the entries of a list or map. */
export function homesOf(key: string, shape: Shape): string[] {
  return Object.keys(shape).filter((candidate) => takes(shape[candidate], key, 1));
}

/** Optional keys, choices and transformations around a map are looked through; `entries` is how many lists and maps are. */
function takes(schema: z.core.$ZodType | undefined, key: string, entries: number): boolean {
  if (schema === undefined) return false;
  const definition = schema._zod.def as Definition;
  if (definition.shape !== undefined) return Object.hasOwn(definition.shape, key);
  if (definition.options !== undefined) return definition.options.some((option) => takes(option, key, entries));
  const entry = definition.element ?? definition.valueType;
  if (entry !== undefined) return entries > 0 && takes(entry, key, entries - 1);
  return takes(definition.innerType ?? definition.in ?? definition.getter?.(), key, entries);
}
