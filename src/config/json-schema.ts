import * as z from "zod";
import { isPlainObject } from "../contract/config/combinators.ts";
import type { Path } from "./issues.ts";
import { document } from "./schema/document.ts";

/** The configuration's JSON Schema (2020-12), and a walk over a document with it. */

/** The part of JSON Schema that the generated schema uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

let generated: JsonSchema | undefined;

/** The schema of what people write: `turnpike schema` prints it, editors complete and check with it. */
export function configJsonSchema(): JsonSchema {
  generated ??= toJsonSchema(document);
  return generated;
}

export function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" }) as JsonSchema;
}

export type Visitor = (path: Path, node: JsonSchema, value: unknown) => void;

/** Calls `visitor` for each value of a document with each part of the schema that speaks about it. */
export function visit(tree: unknown, root: JsonSchema, visitor: Visitor): void {
  const walk = (value: unknown, node: JsonSchema, path: Path): void => {
    const target = resolve(root, node);
    visitor(path, node, value);
    if (target !== node) visitor(path, target, value);
    for (const part of [...(target.anyOf ?? []), ...(target.oneOf ?? [])]) walk(value, part, path);
    if (Array.isArray(value)) {
      if (target.items !== undefined) for (const [index, item] of value.entries()) walk(item, target.items, [...path, index]);
    } else if (isPlainObject(value)) {
      for (const [key, child] of Object.entries(value)) {
        const part = target.properties?.[key] ?? target.additionalProperties;
        if (typeof part === "object") walk(child, part, [...path, key]);
      }
    }
  };
  walk(tree, root, []);
}

/** What a reference refers to. */
export function resolve(root: JsonSchema, node: JsonSchema): JsonSchema {
  if (node.$ref === undefined) return node;
  const name = node.$ref.slice("#/$defs/".length);
  return root.$defs?.[decodeURIComponent(name)] ?? {};
}
