import { configJsonSchema, type JsonSchema, resolve } from "../config/json-schema.ts";
import { isPlainObject, marks } from "../contract/config/combinators.ts";

/** The configuration's JSON Schema (draft 2020-12), for editors. */
export function schema(): string {
  const { $schema, ...rest } = configJsonSchema();
  const description = "Configuration of Turnpike, in the language of agentgateway. YAML or JSON; `$NAME` stands for environment variables.";
  return JSON.stringify({ $schema, title: "Turnpike configuration", description, ...(forEditors(rest) as object) }, undefined, 2);
}

/** Editors show descriptions and no marks of ours, so what is not served is said there too; and they do not know variables. */
function forEditors(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(forEditors);
  if (!isPlainObject(node)) return node;
  const copy: Record<string, unknown> = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, forEditors(value)]));
  const note = noteOf(node as JsonSchema);
  if (note !== undefined) copy["description"] = [copy["description"], note].filter(Boolean).join(" ");
  if (typeof copy["pattern"] === "string") copy["pattern"] = `(?:${copy["pattern"]})|\\$`;
  return copy;
}

function noteOf(node: JsonSchema): string | undefined {
  const parts = [node, ...alternatives(node)].map((part) => resolve(configJsonSchema(), part));
  const missing = parts.map((part) => part[marks.notYet]).find((what) => typeof what === "string");
  if (missing !== undefined) return `(Not supported yet: ${missing}.)`;
  const values = parts.map((part) => part[marks.notYetValues]).find(Array.isArray) as unknown[] | undefined;
  if (values !== undefined) return `(Not supported yet: ${values.map((value) => `\`${String(value)}\``).join(", ")}.)`;
  const added = parts.map((part) => part[marks.extension]).find((what) => typeof what === "string");
  return added === undefined ? undefined : "(Only Turnpike has this.)";
}

/** The value of an optional key, beside the null that stands for its absence. */
function alternatives({ anyOf }: JsonSchema): readonly JsonSchema[] {
  return anyOf?.length === 2 && anyOf.some(({ type }) => type === "null") ? anyOf : [];
}
