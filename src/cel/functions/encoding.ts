import { createHash } from "node:crypto";
import { CelMap, isMap, mapGet, mapKeys } from "../map.ts";
import { keyText, toDisplay } from "../plain.ts";
import { CelError, isList, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import { plainFunction } from "./definition.ts";
import type { FunctionDefinition } from "./definition.ts";

/** Text as its UTF-8 bytes, bytes as they are; undefined for anything else. */
function bytesOf(value: Value): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  return typeof value === "string" ? Buffer.from(value, "utf8") : undefined;
}

/** Decodes base64 with or without padding; undefined when it is none. Node alone would skip what it does not know. */
export function decodeBase64(text: string, alphabet: "base64" | "base64url"): Buffer | undefined {
  const stripped = text.replace(/={1,2}$/, "");
  const valid = alphabet === "base64" ? /^[A-Za-z0-9+/]*$/ : /^[A-Za-z0-9_-]*$/;
  if (!valid.test(stripped) || stripped.length % 4 === 1) return undefined;
  return stripped === text || text.length % 4 === 0 ? Buffer.from(stripped, alphabet) : undefined;
}

function base64Encode(value: Value): Value {
  const bytes = bytesOf(value);
  return bytes === undefined ? noOverload("base64.encode", value) : Buffer.from(bytes).toString("base64");
}

function base64Decode(value: Value): Value {
  const bytes = bytesOf(value);
  if (bytes === undefined) return noOverload("base64.decode", value);
  return decodeBase64(Buffer.from(bytes).toString("latin1"), "base64") ?? new CelError("not base64");
}

function hash(algorithm: "sha1" | "sha256" | "md5"): FunctionDefinition {
  const name = `${algorithm}.encode`;
  return {
    name,
    style: "function",
    operands: [1, 1],
    signature: `${name}(string|bytes) -> string`,
    summary: `The ${algorithm.toUpperCase()} hash, as hexadecimal digits in lower case.`,
    run(value) {
      const bytes = bytesOf(value);
      return bytes === undefined ? noOverload(name, value) : createHash(algorithm).update(bytes).digest("hex");
    },
  };
}

/** RFC 3986: everything but unreserved characters is escaped. `encodeURIComponent` leaves five more. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function percentDecode(text: string): string | CelError {
  try {
    return decodeURIComponent(text);
  } catch {
    return new CelError("not percent-encoded UTF-8");
  }
}

function formEncode(value: Value): Value {
  if (typeof value === "string") return percentEncode(value).replaceAll("%20", "+");
  if (!isMap(value)) return noOverload("form.encode", value);
  const fields = new URLSearchParams();
  for (const key of mapKeys(value)) {
    const member = mapGet(value, key) as Value;
    for (const one of isList(member) ? member : [member]) fields.append(keyText(key), toDisplay(one) ?? "");
  }
  return fields.toString();
}

function formDecode(value: Value): Value {
  const bytes = bytesOf(value);
  if (bytes === undefined) return noOverload("form.decode", value);
  const fields = new URLSearchParams(Buffer.from(bytes).toString("utf8"));
  const map = new CelMap();
  for (const name of new Set(fields.keys())) {
    const values = fields.getAll(name);
    map.set(name, values.length === 1 ? (values[0] as string) : values);
  }
  return map;
}

export const encodingFunctions: readonly FunctionDefinition[] = [
  plainFunction("base64.encode", [1, 1], ["base64.encode(string|bytes) -> string", "Base64 with padding (RFC 4648)."], base64Encode),
  plainFunction(
    "base64.decode",
    [1, 1],
    ["base64.decode(string) -> bytes", "The bytes that base64 stands for, padded or not; string(...) makes text of them."],
    base64Decode,
  ),
  plainFunction("base64Encode", [1, 1], ["base64Encode(string|bytes) -> string", "The older name of base64.encode."], base64Encode),
  plainFunction("base64Decode", [1, 1], ["base64Decode(string) -> bytes", "The older name of base64.decode."], base64Decode),
  plainFunction(
    "url.encode",
    [1, 1],
    ["url.encode(string) -> string", "The text with everything but letters, digits and -._~ percent-encoded."],
    (value) => {
      const bytes = bytesOf(value);
      return bytes === undefined ? noOverload("url.encode", value) : percentEncode(Buffer.from(bytes).toString("utf8"));
    },
  ),
  plainFunction("url.decode", [1, 1], ["url.decode(string) -> string", "The text with percent-encoding undone."], (value) =>
    typeof value === "string" ? percentDecode(value) : noOverload("url.decode", value),
  ),
  plainFunction(
    "form.encode",
    [1, 1],
    ["form.encode(map|string) -> string", "The fields of a form (application/x-www-form-urlencoded); a list gives a field per element."],
    formEncode,
  ),
  plainFunction(
    "form.decode",
    [1, 1],
    ["form.decode(string|bytes) -> map", "The fields of a form by name; a list for names that occur more than once."],
    formDecode,
  ),
  hash("sha1"),
  hash("sha256"),
  hash("md5"),
];
