import { filePathFormat } from "../contract/config/files.ts";
import { configJsonSchema, visit } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";

/** The files that a document (as plain values) names, as it names them, each once. */
export function findFiles(tree: unknown, schema: JsonSchema = configJsonSchema()): string[] {
  const files = new Set<string>();
  visit(tree, schema, (_path, node, value) => {
    if (node.format === filePathFormat && typeof value === "string") files.add(value);
  });
  return [...files];
}
