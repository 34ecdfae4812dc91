import { isMap, mapGet } from "../map.ts";
import { toJsonText } from "../plain.ts";
import { CelError, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";
import { decodeBase64 } from "./encoding.ts";

function parseJson(value: Value): Value {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) return noOverload("json", value);
  // No body at all counts as a missing value, so that default(json(request.body).x, ...) covers requests without one.
  if (value.length === 0) return new CelError("there is no JSON: the text is empty", "missing");
  try {
    return JSON.parse(typeof value === "string" ? value : Buffer.from(value).toString("utf8")) as Value;
  } catch {
    // The parser's own message quotes the text, which may hold secrets.
    return new CelError("invalid JSON");
  }
}

function jsonField(text: Value, name: Value): Value {
  const parsed = parseJson(text);
  if (parsed instanceof CelError) return parsed;
  if (!isMap(parsed) || typeof name !== "string") return noOverload("jsonField", parsed, name);
  const value = mapGet(parsed, name);
  return value === undefined ? new CelError("the object has no member of that name", "missing") : value;
}

function jwtPayload(token: Value): Value {
  if (typeof token !== "string") return noOverload("unvalidatedJwtPayload", token);
  const segments = token.split(".");
  if (segments.length !== 3) return new CelError(`a JWT has 3 segments, not ${segments.length}`);
  const payload = decodeBase64(segments[1] as string, "base64url");
  return payload === undefined || payload.length === 0 ? new CelError("the payload of the JWT is not base64url") : parseJson(payload);
}

function define(name: string, parameters: string, summary: string, run: (value: Value) => Value): FunctionDefinition {
  return { name, style: "function", operands: [1, 1], signature: `${name}(${parameters})`, summary, run };
}

export const jsonFunctions: readonly FunctionDefinition[] = [
  define("json", "string|bytes", "The value that JSON text stands for: json(request.body).model.", parseJson),
  define("toJson", "value", "A value as JSON text.", toJsonText),
  define("to_json", "value", "The older name of toJson.", toJsonText),
  {
    name: "jsonField",
    style: "function",
    operands: [2, 2],
    signature: "jsonField(string|bytes, name)",
    summary: "One member of the object that JSON text stands for.",
    run: jsonField,
  },
  define(
    "unvalidatedJwtPayload",
    "string",
    "The claims of a JWT whose signature nobody has checked: never decide about access by them.",
    jwtPayload,
  ),
];
