import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import type { CallArguments } from "./call-arguments.ts";
import { encodeQuery } from "./encode-query.ts";
import type { Operation, Parameter, ParameterPlace } from "./operation.ts";
import { ArgumentError, commaList, jsonText } from "./scalar-text.ts";

/** An operation with a call's arguments in it. */
export interface RestRequest {
  readonly method: string;
  readonly path: string;
  /** With its `?`, or empty. */
  readonly search: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
  readonly contentType: string | undefined;
}

/**
 * Writes the arguments of a call into the request that an operation is.
 * @param prefix goes in front of the path, instead of the operation's own
 * @throws ArgumentError for what cannot be sent; its text is for the model and quotes no value
 */
export function encodeRequest(operation: Operation, call: CallArguments, prefix: string = operation.prefix): RestRequest {
  checkNames(operation, call.groups);
  const body = encodeBody(operation, call);
  return {
    method: operation.method,
    path: encodePath(operation, group(call, "path"), prefix),
    search: encodeQuery(parametersIn(operation, "query"), group(call, "query")),
    fields: encodeFields(parametersIn(operation, "header"), group(call, "header")),
    body,
    contentType: body === null ? undefined : operation.body?.contentType,
  };
}

function parametersIn({ parameters }: Operation, place: ParameterPlace): Parameter[] {
  return parameters.filter((parameter) => parameter.place === place);
}

/** A model that puts an argument in the wrong place must hear of it, or it believes that it had an effect. */
function checkNames(operation: Operation, groups: JsonObject): void {
  const known = new Set<string>(operation.parameters.map(({ place }) => place));
  known.add("query"); // services know parameters that their description leaves out
  if (operation.body !== undefined) known.add("body");
  for (const name of Object.keys(groups)) {
    if (known.has(name) || groups[name] === null || isEmptyObject(groups[name])) continue;
    throw new ArgumentError(`unknown argument "${name}"; the arguments of this tool are ${[...known].map((one) => `"${one}"`).join(", ")}`);
  }
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function group({ groups }: CallArguments, place: ParameterPlace): JsonObject {
  const value = Object.hasOwn(groups, place) ? groups[place] : undefined;
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw new ArgumentError(`"${place}" must be an object`);
  return value;
}

function encodePath(operation: Operation, values: JsonObject, prefix: string): string {
  const parameters = new Map(parametersIn(operation, "path").map((parameter) => [parameter.name, parameter]));
  checkMembers("path", values, new Set(parameters.keys()));
  let path = prefix;
  for (const part of operation.path) {
    if ("text" in part) path += part.text;
    else path += encodeSegment(part.parameter, parameters.get(part.parameter), values);
  }
  // several parameters may make up one segment
  if (dotSegment.test(path)) throw new ArgumentError('"path" must not make a segment "." or ".."');
  return path;
}

const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

/** An empty value would call another operation (the list instead of one entry), and so would a walk up the path. */
function encodeSegment(name: string, parameter: Parameter | undefined, values: JsonObject): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  const what = `path.${name}`;
  if (value === undefined || value === null) throw new ArgumentError(`"${what}" is missing`);
  if (parameter?.form === "json") return encodeURIComponent(jsonText(value));
  const texts = commaList(what, value);
  const whole = texts.join(",");
  if (whole === "") throw new ArgumentError(`"${what}" must not be empty`);
  if (/(?:^|[/\\])\.{1,2}(?:$|[/\\])/.test(whole)) throw new ArgumentError(`"${what}" must not hold a path segment "." or ".."`);
  return texts.map((text) => encodeURIComponent(text)).join(",");
}

function encodeFields(parameters: readonly Parameter[], values: JsonObject): [string, string][] {
  checkMembers("header", values, new Set(parameters.map(({ name }) => name.toLowerCase())), true);
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue;
    const what = `header.${name}`;
    const parameter = parameters.find((one) => one.name.toLowerCase() === name.toLowerCase());
    const text = parameter?.form === "json" ? jsonText(value) : commaList(what, value).join(",");
    // RFC 9110 section 5.5; what is not ASCII would arrive as something else
    if (!/^[\t\x20-\x7e]*$/.test(text)) throw new ArgumentError(`"${what}" must be printable ASCII in one line`);
    fields.push([name.toLowerCase(), text.trim()]);
  }
  return fields;
}

function checkMembers(place: ParameterPlace, values: JsonObject, known: ReadonlySet<string>, anyCase = false): void {
  for (const name of Object.keys(values)) {
    if (known.has(anyCase ? name.toLowerCase() : name)) continue;
    throw new ArgumentError(`"${place}" has no "${name}"; it has ${[...known].map((one) => `"${one}"`).join(", ")}`);
  }
}

function encodeBody({ body }: Operation, call: CallArguments): Buffer | null {
  const value = Object.hasOwn(call.groups, "body") ? call.groups["body"] : undefined;
  if (body === undefined) return null;
  if (value === undefined || call.body === undefined) {
    if (body.required) throw new ArgumentError('"body" is missing');
    return null;
  }
  if (body.encoding === "json") return call.body;
  if (typeof value !== "string" || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
    throw new ArgumentError('"body" must be a string in base64');
  }
  return Buffer.from(value, "base64");
}
