import { isJsonObject, type JsonObject } from "./json.ts";
import { protoFields, ProtoWriter } from "./protobuf.ts";

/** google.protobuf.Struct: JSON data inside a protobuf message. Its numbers are doubles. */

/** Objects and lists in each other, as Google's own parsers bound them. */
const maxDepth = 100;

/** @throws Error for data that is nested too deeply */
export function writeStruct(object: JsonObject): Buffer {
  return structOf(object, 0);
}

/** @throws Error for bytes that are no Struct, or one that is nested too deeply */
export function readStruct(bytes: Buffer): Record<string, unknown> {
  return readFields(bytes, 0);
}

function structOf(object: JsonObject, depth: number): Buffer {
  if (depth > maxDepth) throw tooDeep();
  const struct = new ProtoWriter();
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    struct.bytes(1, new ProtoWriter().bytes(1, key).bytes(2, valueOf(value, depth)).finish());
  }
  return struct.finish();
}

function valueOf(value: unknown, depth: number): Buffer {
  const written = new ProtoWriter();
  if (typeof value === "number") written.double(2, value);
  else if (typeof value === "string") written.bytes(3, value);
  else if (typeof value === "boolean") written.varint(4, value ? 1 : 0);
  else if (Array.isArray(value)) written.bytes(6, listOf(value, depth + 1));
  else if (isJsonObject(value)) written.bytes(5, structOf(value, depth + 1));
  else written.varint(1, 0);
  return written.finish();
}

function listOf(elements: readonly unknown[], depth: number): Buffer {
  if (depth > maxDepth) throw tooDeep();
  const list = new ProtoWriter();
  for (const element of elements) list.bytes(1, valueOf(element, depth));
  return list.finish();
}

function readFields(bytes: Buffer, depth: number): Record<string, unknown> {
  if (depth > maxDepth) throw tooDeep();
  const entries = protoFields(bytes).flatMap((field): [string, unknown][] => {
    if (field.number !== 1) return [];
    const entry = protoFields(field.bytes);
    const key = entry.findLast(({ number }) => number === 1)?.bytes.toString("utf8") ?? "";
    const value = entry.findLast(({ number }) => number === 2);
    return [[key, value === undefined ? null : readValue(value.bytes, depth)]];
  });
  return Object.fromEntries(entries); // defines, so that a key `__proto__` is one like any other
}

function readValue(bytes: Buffer, depth: number): unknown {
  const chosen = protoFields(bytes).findLast(({ number }) => number >= 1 && number <= 6);
  switch (chosen?.number) {
    case 2:
      return readDouble(chosen.bytes);
    case 3:
      return chosen.bytes.toString("utf8");
    case 4:
      return chosen.varint !== 0;
    case 5:
      return readFields(chosen.bytes, depth + 1);
    case 6:
      return readList(chosen.bytes, depth + 1);
    case undefined:
    default:
      return null; // 1 is the null, and a Value of none of them is taken for it
  }
}

function readDouble(bytes: Buffer): number {
  if (bytes.length !== 8) throw new Error("a number is not a double");
  return bytes.readDoubleLE();
}

function readList(bytes: Buffer, depth: number): unknown[] {
  if (depth > maxDepth) throw tooDeep();
  return protoFields(bytes).flatMap((field) => (field.number === 1 ? [readValue(field.bytes, depth)] : []));
}

function tooDeep(): Error {
  return new Error("data is nested too deeply");
}
