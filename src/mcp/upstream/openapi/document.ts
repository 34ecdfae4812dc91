import { LineCounter, parseDocument } from "yaml";
import { isJsonObject, type JsonObject } from "../../../base/json.ts";

/** A description of a REST service that is a tree of bounded size: whoever walks it, references aside, comes to an end. */
export interface OpenApiDocument {
  readonly root: JsonObject;
  /** Decides what schemas look like: 3.0 has a dialect of its own, since 3.1 they are JSON Schema 2020-12. */
  readonly dialect: "3.0" | "3.1";
}

/** What a document may be at most. Far more than the largest public APIs need. */
export const documentLimits = {
  /** Characters of JSON. */
  jsonLength: 16_777_216,
  /** Characters of YAML, which takes a hundred times as long to read; the gateway stands still meanwhile. */
  yamlLength: 4_194_304,
  depth: 128,
  /** Values in the tree, those behind YAML aliases counted each time. */
  values: 2_000_000,
  /** Members of one object or elements of one array. */
  members: 20_000,
} as const;

/**
 * Reads an OpenAPI 3.0 or 3.1 document, JSON or YAML.
 * @throws Error that says what is wrong with it, without quoting it
 */
export function readDocument(text: string): OpenApiDocument {
  const root = /^\s*\{/.test(text) ? readJson(text) : readYaml(text);
  if (!isJsonObject(root)) throw new Error("expected an OpenAPI document, a map with `openapi` and `paths`");
  checkSize(root);
  if (root["swagger"] !== undefined) throw new Error("is Swagger 2.0; expected OpenAPI 3.0 or 3.1, so convert it first");
  const version = String(root["openapi"]);
  const minor = /^3\.(\d{1,3})(?:\.|$)/.exec(version)?.[1];
  if (minor === undefined) throw new Error("needs `openapi: 3.0.x` or `3.1.x`, the version it is written in");
  return { root, dialect: minor === "0" ? "3.0" : "3.1" };
}

function readJson(text: string): unknown {
  if (text.length > documentLimits.jsonLength) throw tooLong(text, documentLimits.jsonLength);
  try {
    return JSON.parse(text);
  } catch {
    return readYaml(text); // YAML in braces
  }
}

function readYaml(text: string): unknown {
  if (text.length > documentLimits.yamlLength) throw tooLong(text, documentLimits.yamlLength);
  const lineCounter = new LineCounter();
  const options = { prettyErrors: false, logLevel: "error", schema: "core", merge: false, stringKeys: true, uniqueKeys: false } as const;
  try {
    const document = parseDocument(text, { ...options, lineCounter });
    const [problem] = document.errors;
    if (problem === undefined) return document.toJS({ maxAliasCount: 100 });
    const { line } = lineCounter.linePos(problem.pos[0]);
    throw new Error(`is neither JSON nor YAML: ${problem.code} in line ${line}`);
  } catch (thrown) {
    if (thrown instanceof ReferenceError) throw new Error("has YAML aliases that lead nowhere, or too many of them", { cause: thrown });
    if (thrown instanceof RangeError) throw new Error("is nested too deeply", { cause: thrown });
    throw thrown;
  }
}

function tooLong(text: string, limit: number): Error {
  return new Error(`is ${text.length} characters long; the limit for this format is ${limit}`);
}

/** YAML aliases can make circles and blow up; JSON can be nested without end. @throws Error */
function checkSize(root: unknown): void {
  let values = 0;
  const visit = (value: unknown, depth: number): void => {
    values += 1;
    if (values > documentLimits.values) throw new Error(`holds more than ${documentLimits.values} values`);
    if (typeof value !== "object" || value === null) return;
    if (depth === documentLimits.depth) throw new Error(`is nested more than ${documentLimits.depth} levels deep`);
    const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (members.length > documentLimits.members) throw new Error(`holds a map or list with more than ${documentLimits.members} members`);
    for (const member of members) visit(member, depth + 1);
  };
  visit(root, 0);
}
