import { isHopByHop } from "../../../base/hop-by-hop.ts";
import { isJsonObject, type JsonObject, objectIn } from "../../../base/json.ts";
import type { Parameter, ParameterForm, ParameterPlace, PathPart, RequestBody } from "./operation.ts";
import { dereference } from "./reference.ts";

/** Told what cannot be served of an operation. */
export type Warn = (problem: string) => void;

/**
 * The parameters of an operation: its own, and those of its path that it does not replace (same name and place; names of
 * headers in any case). Every parameter in the path's text is there, described or not.
 */
export function readParameters(root: JsonObject, lists: readonly unknown[], path: readonly PathPart[], warn: Warn): Parameter[] {
  const found = new Map<string, Parameter>();
  const inPath = new Set(path.flatMap((part) => ("parameter" in part ? [part.parameter] : [])));
  for (const list of lists) {
    for (const entry of Array.isArray(list) ? (list as unknown[]) : []) {
      const parameter = readParameter(dereference(root, entry), inPath, warn);
      if (parameter !== undefined) found.set(keyOf(parameter), parameter);
    }
  }
  for (const name of inPath) {
    if (found.has(keyOf({ place: "path", name }))) continue;
    warn(`path parameter "${name}" is not described`);
    const made: Parameter = { name, place: "path", required: true, form: "comma", schema: { type: "string" }, description: undefined };
    found.set(keyOf(made), made);
  }
  return [...found.values()];
}

function keyOf({ place, name }: Pick<Parameter, "place" | "name">): string {
  return `${place} ${place === "header" ? name.toLowerCase() : name}`;
}

function readParameter(entry: JsonObject | undefined, inPath: ReadonlySet<string>, warn: Warn): Parameter | undefined {
  const name = entry?.["name"];
  const place = entry?.["in"];
  if (entry === undefined || typeof name !== "string" || name === "") {
    warn("a parameter has no name, or its reference leads nowhere");
    return undefined;
  }
  if (place === "cookie") {
    warn(`cookie parameter "${name}" cannot be set by a tool`);
    return undefined;
  }
  if (place !== "path" && place !== "query" && place !== "header") {
    warn(`parameter "${name}" is neither in path, query nor header`);
    return undefined;
  }
  if ((place === "path" && !inPath.has(name)) || (place === "header" && !isSettable(name))) return undefined;
  const media = Object.values(objectIn(entry, "content"))[0];
  const { description } = entry;
  return {
    name,
    place,
    required: place === "path" || entry["required"] === true,
    form: media === undefined ? formOf(place, entry) : "json",
    schema: isJsonObject(media) ? media["schema"] : entry["schema"],
    description: typeof description === "string" ? description : undefined,
  };
}

/** Whether a tool may set the field: not what frames the message or tells who it is for, and not what the gateway negotiates. */
function isSettable(header: string): boolean {
  const name = header.toLowerCase();
  const isToken = /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name);
  return isToken && !isHopByHop(name) && !name.startsWith("mcp-") && !protectedFields.has(name);
}

const protectedFields = new Set(["host", "content-length", "content-type", "content-encoding", "accept", "accept-encoding", "expect"]);

function formOf(place: ParameterPlace, { style, explode }: JsonObject): ParameterForm {
  if (place !== "query") return "comma";
  if (style === "deepObject") return "deepObject";
  if (style === "spaceDelimited" && explode !== true) return "space";
  if (style === "pipeDelimited" && explode !== true) return "pipe";
  return explode === false ? "comma" : "repeated";
}

/** JSON before bytes; other media types cannot be sent, and neither can a body of a method that has none. */
export function readBody(root: JsonObject, method: string, value: unknown, warn: Warn): RequestBody | undefined {
  const body = value === undefined ? undefined : dereference(root, value);
  if (body === undefined) {
    if (value !== undefined) warn("the reference of its request body leads nowhere");
    return undefined;
  }
  const types = Object.entries(objectIn(body, "content")).map(([type, media]) => ({ type: essenceOf(type), media }));
  const chosen = types.find(({ type }) => isJson(type)) ?? types.find(({ type }) => type === bytesType);
  if (method === "GET" || method === "HEAD" || chosen === undefined) {
    warn(
      `its request body cannot be sent (${chosen === undefined ? "neither JSON nor application/octet-stream" : `a ${method} has none`})`,
    );
    return undefined;
  }
  const { description } = body;
  return {
    required: body["required"] === true,
    contentType: chosen.type === "*/*" ? "application/json" : chosen.type,
    encoding: chosen.type === bytesType ? "base64" : "json",
    schema: isJsonObject(chosen.media) ? chosen.media["schema"] : undefined,
    description: typeof description === "string" ? description : undefined,
  };
}

const bytesType = "application/octet-stream";

function isJson(type: string): boolean {
  return type === "application/json" || type === "*/*" || /^application\/[a-z0-9.-]+\+json$/.test(type);
}

/** A media type without its parameters. */
function essenceOf(type: string): string {
  return (type.split(";")[0] ?? "").trim().toLowerCase();
}
