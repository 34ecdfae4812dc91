import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import type { OpenApiDocument } from "./document.ts";
import { resolveReference } from "./reference.ts";
import { upgradeSchema } from "./upgrade-schema.ts";

/** How deep references may be nested in one another before a schema is cut. */
const maxDepth = 48;

/** What stands behind a keyword: a schema, a list of them (or one), a map of them. Other keywords hold plain values. */
const subschemas: ReadonlyMap<string, "one" | "list" | "map"> = new Map([
  ["additionalProperties", "one"],
  ["unevaluatedProperties", "one"],
  ["unevaluatedItems", "one"],
  ["propertyNames", "one"],
  ["contains", "one"],
  ["contentSchema", "one"],
  ["not", "one"],
  ["if", "one"],
  ["then", "one"],
  ["else", "one"],
  ["items", "list"],
  ["allOf", "list"],
  ["anyOf", "list"],
  ["oneOf", "list"],
  ["prefixItems", "list"],
  ["properties", "map"],
  ["patternProperties", "map"],
  ["dependentSchemas", "map"],
]);

/** Keywords that only make sense in the document the schema was taken from. */
const leftOut = new Set(
  "$schema $id $anchor $dynamicAnchor $dynamicRef $vocabulary $comment $defs definitions discriminator xml externalDocs".split(" "),
);

/** Keywords that constrain nothing, so that they can be put over those of a referenced schema. */
const annotations = new Set(["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"]);

/**
 * Takes schemas of one tool out of their document: references are replaced by what they refer to, because clients and
 * models look at a tool's schema alone. What would not end (a schema inside itself) or grows past the budget becomes a
 * schema that allows everything and says so; the service still checks what it gets.
 */
export class SchemaInliner {
  /** References that led nowhere. */
  readonly missing = new Set<string>();
  private readonly document: OpenApiDocument;
  private readonly open = new Set<string>();
  private readonly budget: number;
  private left: number;
  /** How many schemas were replaced by one that allows everything. */
  private cuts = 0;

  /** @param budget roughly how many characters of JSON the schemas may become, all together */
  constructor(document: OpenApiDocument, budget: number) {
    this.document = document;
    this.budget = budget;
    this.left = budget;
  }

  /** How much of the budget is used up. */
  get spent(): number {
    return this.budget - this.left;
  }

  /** @param schema anything; what is no schema allows everything */
  inline(schema: unknown): JsonObject | boolean {
    return this.visit(schema, 0);
  }

  private visit(schema: unknown, depth: number): JsonObject | boolean {
    if (typeof schema === "boolean") return schema;
    if (!isJsonObject(schema)) return {};
    this.left -= nodeCost;
    if (this.left <= 0 || depth > maxDepth) return this.cut("Left out for its size; anything may stand here.");
    const reference = schema["$ref"];
    if (typeof reference === "string") return this.referenced(reference, schema, depth);
    return this.translated(this.document.dialect === "3.0" ? upgradeSchema(schema) : schema, depth);
  }

  /** A schema that allows everything, in place of one that cannot be written down. */
  private cut(description: string): JsonObject {
    this.cuts += 1;
    return { description };
  }

  private referenced(reference: string, schema: JsonObject, depth: number): JsonObject | boolean {
    const target = resolveReference(this.document.root, reference);
    if (target === undefined) {
      this.missing.add(reference);
      return this.cut(`Not described here (${nameIn(reference)}).`);
    }
    if (this.open.has(reference)) return this.cut(`Another ${nameIn(reference)}, as described around it.`);
    this.open.add(reference);
    const inlined = this.visit(target, depth + 1);
    this.open.delete(reference);
    return this.withSiblings(inlined, schema, depth);
  }

  /** Keywords beside a `$ref`: since 3.1 they hold too; in 3.0 they are ignored, and people still write descriptions there. */
  private withSiblings(inlined: JsonObject | boolean, schema: JsonObject, depth: number): JsonObject | boolean {
    const { $ref: _, ...siblings } = schema;
    const { description } = siblings;
    if (this.document.dialect === "3.0") {
      const isKept = typeof description === "string" && isJsonObject(inlined) && this.affords(description);
      return isKept ? { ...inlined, description } : inlined;
    }
    const own = this.translated(siblings, depth);
    const names = Object.keys(own);
    if (names.length === 0) return inlined;
    return isJsonObject(inlined) && names.every((name) => annotations.has(name)) ? { ...inlined, ...own } : { allOf: [inlined, own] };
  }

  private translated(schema: JsonObject, depth: number): JsonObject {
    const result = new Map<string, unknown>();
    for (const keyword of this.namesIn(schema)) {
      const value = schema[keyword];
      if (this.left <= 0) break;
      if (leftOut.has(keyword) || keyword.startsWith("x-")) continue;
      const kind = subschemas.get(keyword);
      if (kind === undefined) {
        if (this.affords(value)) result.set(keyword, value);
        continue;
      }
      const cutsBefore = this.cuts;
      const inlined = this.subschema(kind, value, depth);
      const name = this.cuts === cutsBefore ? keyword : weaker(keyword, schema);
      if (name !== undefined) result.set(name, inlined);
    }
    // what was left out must not be forbidden by what is still there
    if (this.left <= 0) for (const keyword of closing) result.delete(keyword);
    return withoutReadOnly(Object.fromEntries(result));
  }

  private subschema(kind: "one" | "list" | "map", value: unknown, depth: number): unknown {
    if (kind === "map") return this.mapped(value, depth);
    if (kind === "one" || !Array.isArray(value)) return this.visit(value, depth + 1);
    const list: unknown[] = [];
    for (const one of value as unknown[]) {
      if (this.left <= 0) break;
      list.push(this.visit(one, depth + 1));
    }
    return list;
  }

  private mapped(schemas: unknown, depth: number): JsonObject {
    if (!isJsonObject(schemas)) return {};
    const entries: [string, unknown][] = [];
    for (const name of this.namesIn(schemas)) {
      this.left -= name.length;
      if (this.left <= 0) break;
      entries.push([name, this.visit(schemas[name], depth + 1)]);
    }
    return Object.fromEntries(entries);
  }

  /** The names of an object's members, as far as the budget has room for all of them: looking at each is work, too. */
  private namesIn(object: JsonObject): string[] {
    const names = Object.keys(object);
    this.left -= names.length * memberCost;
    return this.left > 0 ? names : [];
  }

  /** Whether the budget has room for a plain value, which is then taken from it. */
  private affords(value: unknown): boolean {
    this.left -= sizeOf(value, this.left);
    return this.left > 0;
  }
}

const nodeCost = 2;
const memberCost = 6;
/** Keywords about whatever the others did not describe. */
const closing = ["additionalProperties", "unevaluatedProperties", "unevaluatedItems", "items"];

/** The keyword for subschemas of which one became a schema that allows everything: what is allowed must only get more. */
function weaker(keyword: string, schema: JsonObject): string | undefined {
  if (keyword === "not" || keyword === "if") return undefined;
  if (keyword === "oneOf") return schema["anyOf"] === undefined ? "anyOf" : undefined;
  return keyword;
}

/** Roughly the length of a value as JSON; stops counting at the limit. */
function sizeOf(value: unknown, limit: number): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 4;
  let size = 2;
  for (const [name, member] of Object.entries(value)) {
    if (size > limit) break;
    size += (Array.isArray(value) ? 1 : name.length + 4) + sizeOf(member, limit - size);
  }
  return size;
}

/** Properties that only replies have must not be sent (OpenAPI 3.0.3 and 3.1.0, `readOnly`), also where they are required. */
function withoutReadOnly(schema: JsonObject): JsonObject {
  const { properties, required } = schema;
  if (!isJsonObject(properties)) return schema;
  const isSent = ([, property]: [string, unknown]): boolean => !(isJsonObject(property) && property["readOnly"] === true);
  const entries = Object.entries(properties);
  const sent = entries.filter(isSent);
  if (sent.length === entries.length) return schema;
  const kept = Object.fromEntries(sent);
  const wasDropped = (name: unknown): boolean => typeof name === "string" && Object.hasOwn(properties, name) && !Object.hasOwn(kept, name);
  return {
    ...schema,
    properties: kept,
    ...(Array.isArray(required) ? { required: required.filter((name) => !wasDropped(name)) } : {}),
  };
}

function nameIn(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1).slice(0, 100);
}
