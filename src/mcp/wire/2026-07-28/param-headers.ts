import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import { decodeHeaderValue, encodeHeaderValue } from "./header-value.ts";

/** An argument that is repeated in a header field, by the tool's `inputSchema` (`x-mcp-header`). */
export interface ParamHeader {
  /** The field's name in lower case, `mcp-param-region`. */
  readonly field: string;
  /** Where the argument is: members of `arguments`. */
  readonly path: readonly string[];
  readonly type: "string" | "integer" | "boolean";
}

/** Schemas deeper than that have no header fields for us. */
const maxDepth = 16;
const maxDeclared = 64;

/**
 * The arguments of a tool that are repeated in header fields (specification 2026-07-28, "Custom Headers from Tool
 * Parameters"). Annotations that break the rules count for nothing: clients leave such tools out.
 */
export function paramHeadersOf(inputSchema: unknown): readonly ParamHeader[] {
  const found: ParamHeader[] = [];
  collect(inputSchema, [], found);
  const fields = new Set(found.map(({ field }) => field));
  return fields.size === found.length ? found : [];
}

function collect(schema: unknown, path: readonly string[], found: ParamHeader[]): void {
  if (!isJsonObject(schema) || path.length > maxDepth || found.length >= maxDeclared) return;
  const { "x-mcp-header": name, type, properties } = schema;
  if (typeof name === "string" && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) && path.length > 0) {
    if (type === "string" || type === "integer" || type === "boolean") found.push({ field: `mcp-param-${name.toLowerCase()}`, path, type });
  }
  if (!isJsonObject(properties)) return;
  for (const [key, child] of Object.entries(properties)) collect(child, [...path, key], found);
}

/** The header fields that repeat arguments, `[name, value, ...]`. */
export function paramFields(declared: readonly ParamHeader[], given: unknown): string[] {
  return declared.flatMap(({ field, path }) => {
    const text = textOf(valueAt(given, path));
    return text === undefined ? [] : [field, encodeHeaderValue(text)];
  });
}

/**
 * What is wrong with the header fields of a call; undefined when they say what the arguments do.
 * @param get the values of a field
 */
export function paramMismatch(
  declared: readonly ParamHeader[],
  given: unknown,
  get: (field: string) => readonly string[],
): string | undefined {
  for (const { field, path, type } of declared) {
    const text = textOf(valueAt(given, path));
    if (text === undefined) continue;
    const [value, ...more] = get(field);
    if (value === undefined) return `the ${field} header is missing`;
    const decoded = decodeHeaderValue(value);
    if (decoded === undefined) return `the ${field} header cannot be decoded`;
    const same = decoded === text || (type === "integer" && /^-?\d+(?:\.0*)?$/.test(decoded) && Number(decoded) === Number(text));
    if (!same || more.length > 0) return `the ${field} header is not what the arguments say`;
  }
  return undefined;
}

function valueAt(given: unknown, path: readonly string[]): unknown {
  let value = given;
  for (const step of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = (value as JsonObject)[step];
  }
  return value;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "boolean" || typeof value === "number" ? String(value) : undefined;
}
