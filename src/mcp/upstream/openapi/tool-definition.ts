import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import type { OpenApiDocument } from "./document.ts";
import { SchemaInliner } from "./inline-schema.ts";
import type { Operation, Parameter, ParameterPlace } from "./operation.ts";
import type { Warn } from "./read-parameters.ts";

/** Characters that the schemas of one tool may have; a model has to read them all. */
const schemaBudget = 131_072;
const maxTitle = 64;
const maxDescription = 16_384;

export interface ToolDefinition {
  /** As `tools/list` has it. */
  readonly json: string;
  /** What its schemas took to read, in characters. */
  readonly effort: number;
}

export interface ToolText {
  readonly name: string;
  readonly summary: string | undefined;
  readonly description: string | undefined;
}

/**
 * An operation as MCP describes a tool: its arguments are objects `path`, `query` and `header` with the parameters, and
 * `body`.
 */
export function defineTool(document: OpenApiDocument, operation: Operation, text: ToolText, warn: Warn): ToolDefinition {
  const { name, summary, description } = text;
  const inliner = new SchemaInliner(document, schemaBudget);
  const tool = {
    name,
    ...(summary === undefined ? {} : { title: firstCharacters(summary, maxTitle) }),
    description: firstCharacters(description ?? summary ?? name, maxDescription),
    inputSchema: inputSchema(operation, inliner),
    annotations: annotationsOf(operation.method),
  };
  for (const reference of inliner.missing) warn(`${reference.slice(0, 200)} leads nowhere in this document`);
  return { json: JSON.stringify(tool), effort: inliner.spent };
}

const places: readonly ParameterPlace[] = ["path", "query", "header"];

function inputSchema({ parameters, body }: Operation, inliner: SchemaInliner): JsonObject {
  const properties: [string, unknown][] = [];
  const required: string[] = [];
  for (const place of places) {
    const group = parameters.filter((parameter) => parameter.place === place);
    if (group.length === 0) continue;
    properties.push([place, groupSchema(group, inliner)]);
    if (group.some((parameter) => parameter.required)) required.push(place);
  }
  if (body !== undefined) {
    const schema = body.encoding === "json" ? inliner.inline(body.schema) : { type: "string", contentEncoding: "base64" };
    properties.push(["body", described(schema, body.description, false)]);
    if (body.required) required.push("body");
  }
  return objectSchema(properties, required);
}

function groupSchema(parameters: readonly Parameter[], inliner: SchemaInliner): JsonObject {
  return objectSchema(
    parameters.map(({ name, schema, description }) => [name, described(inliner.inline(schema), description, true)]),
    parameters.filter(({ required }) => required).map(({ name }) => name),
  );
}

function objectSchema(properties: readonly (readonly [string, unknown])[], required: readonly string[]): JsonObject {
  return { type: "object", properties: Object.fromEntries(properties), ...(required.length === 0 ? {} : { required }) };
}

/** @param replaces whether the description goes before the schema's own */
function described(schema: JsonObject | boolean, description: string | undefined, replaces: boolean): unknown {
  if (description === undefined) return schema;
  if (!isJsonObject(schema)) return schema ? { description } : schema;
  return schema["description"] === undefined || replaces
    ? { ...schema, description: firstCharacters(description, maxDescription) }
    : schema;
}

/** What the method promises (RFC 9110 sections 9.2.1 and 9.2.2); about POST and PATCH nothing is known. */
function annotationsOf(method: string): JsonObject | undefined {
  switch (method) {
    case "GET":
    case "HEAD":
    case "OPTIONS":
      return { readOnlyHint: true };
    case "PUT":
      return { idempotentHint: true };
    case "DELETE":
      return { destructiveHint: true, idempotentHint: true };
    default:
      return undefined;
  }
}

/** Cuts between characters, not inside one. */
function firstCharacters(text: string, count: number): string {
  return text.length <= count
    ? text
    : Array.from(text.slice(0, count * 2))
        .slice(0, count)
        .join("");
}
