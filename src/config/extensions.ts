import { marks } from "../contract/config/combinators.ts";
import { formatPath } from "./issues.ts";
import { configJsonSchema, visit } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";

export interface UsedExtension {
  /** Path of the key in the document. */
  readonly path: string;
  readonly what: string;
}

/** The keys in a document (as plain values) that only this gateway knows, with what they are for. */
export function findExtensions(tree: unknown, schema: JsonSchema = configJsonSchema()): UsedExtension[] {
  const found = new Map<string, UsedExtension>();
  visit(tree, schema, (path, node) => {
    const what = node[marks.extension];
    if (typeof what === "string") found.set(formatPath(path), { path: formatPath(path), what });
  });
  return [...found.values()];
}
