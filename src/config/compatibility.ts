import { marks } from "../contract/config/combinators.ts";
import { resolve } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Every key of the configuration, with whether this version serves it. Read from the schema; there is no other list. */

export type KeyStatus = "works" | "not yet" | "extension";

export interface ConfigKey {
  /** From the top of the document or of a definition; `[]` is an entry of a list, `*` any key of a map. */
  readonly path: string;
  readonly status: KeyStatus;
  /** The feature that is missing or added, or the values that are not served. */
  readonly note: string;
  /** Whether it must be there, whatever form its surroundings have. */
  readonly required: boolean;
  readonly schema: JsonSchema;
}

/**
 * The keys below a part of the schema. Where one refers to a definition, `enter` decides whether to go on into it.
 * Below a key that is not served nothing is listed: it is all not served.
 */
export function listKeys(root: JsonSchema, part: JsonSchema, enter: (definition: string, path: string) => boolean): ConfigKey[] {
  const keys = new Map<string, ConfigKey>();
  const add = (key: ConfigKey): void => {
    // Alternatives may share a key; it works if it works in one of them.
    const known = keys.get(key.path);
    if (known === undefined || (known.status === "not yet" && key.status !== "not yet")) keys.set(key.path, key);
  };
  const walk = (node: JsonSchema, path: string, missing: string | undefined, isAlternative = false): void => {
    if (node.$ref !== undefined && !enter(definitionName(node), path)) return;
    const target = resolve(root, node);
    const lacks = missing ?? textMark(target, marks.notYet);
    for (const [name, schema] of Object.entries(target.properties ?? {})) {
      const required = !isAlternative && target.required?.includes(name) === true;
      const key = { path: path === "" ? name : `${path}.${name}`, required, schema, ...statusOf(root, schema, lacks) };
      add(key);
      if (key.status !== "not yet") walk(schema, key.path, lacks);
    }
    if (typeof target.additionalProperties === "object") walk(target.additionalProperties, path === "" ? "*" : `${path}.*`, lacks);
    if (target.items !== undefined) walk(target.items, `${path}[]`, lacks);
    const alternatives = alternativesOf(target);
    for (const alternative of alternatives) walk(alternative, path, lacks, isAlternative || alternatives.length > 1);
  };
  walk(part, "", undefined);
  return [...keys.values()];
}

/** The name of the definition that a node refers to. */
export function definitionName(node: JsonSchema): string {
  return (node.$ref ?? "").slice("#/$defs/".length);
}

/** The forms that a value can have, null aside. */
export function alternativesOf(node: JsonSchema): readonly JsonSchema[] {
  return [...(node.anyOf ?? []), ...(node.oneOf ?? [])].filter((alternative) => alternative.type !== "null");
}

/** @param inherited the missing feature that the surroundings are part of */
function statusOf(root: JsonSchema, schema: JsonSchema, inherited: string | undefined): Pick<ConfigKey, "status" | "note"> {
  const missing = inherited ?? missingFeature(root, schema);
  if (missing !== undefined) return { status: "not yet", note: missing };
  const added = [schema, ...alternativesOf(schema)].map((part) => textMark(part, marks.extension)).find((what) => what !== undefined);
  if (added !== undefined) return { status: "extension", note: added };
  const values = missingValues(root, schema);
  return { status: "works", note: values.length === 0 ? "" : `except ${values.map((value) => `\`${String(value)}\``).join(", ")}` };
}

/** What is missing, when nothing that the key can hold is served. */
function missingFeature(root: JsonSchema, node: JsonSchema): string | undefined {
  const target = resolve(root, node);
  const own = textMark(node, marks.notYet) ?? textMark(target, marks.notYet);
  if (own !== undefined) return own;
  if (target.items !== undefined) return missingFeature(root, target.items);
  const forms = alternativesOf(target).filter((form) => form.required === undefined || form.properties !== undefined);
  const missing = forms.map((form) => missingFeature(root, form));
  return missing.length > 0 && missing.every((what) => what !== undefined) ? missing[0] : undefined;
}

function missingValues(root: JsonSchema, node: JsonSchema): readonly unknown[] {
  const target = resolve(root, node);
  const own = target[marks.notYetValues];
  return [...(Array.isArray(own) ? (own as unknown[]) : []), ...alternativesOf(target).flatMap((form) => missingValues(root, form))];
}

function textMark(node: JsonSchema, mark: string): string | undefined {
  const value = node[mark];
  return typeof value === "string" ? value : undefined;
}
