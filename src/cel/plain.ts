import { maxValueDepth } from "./compare.ts";
import { Flat } from "./flat.ts";
import { isMap, mapGet, mapKeys } from "./map.ts";
import { CelAddress, CelNetwork } from "./network.ts";
import { CelDuration, CelTimestamp } from "./time.ts";
import { CelDouble, CelError, CelOptional, CelSecret, CelType, CelUint, redacted, typeOf } from "./value.ts";
import type { Value } from "./value.ts";
import { Flattened } from "../contract/expression.ts";

/**
 * A value as JSON data: bytes as base64, timestamps and durations as text, secrets as `<redacted>`, optionals as their
 * value or null. Ints beyond 2^53 become the nearest number. `flatten()` gives a Flattened at the top, else an object.
 *
 * @returns undefined for an error
 */
export function toPlain(value: Value): unknown {
  if (value instanceof CelError) return undefined;
  if (value instanceof Flat) return new Flattened(value.members.map(([name, member]) => [name, convert(member, 0)]));
  return convert(value, 0);
}

/**
 * A value as the text of a header, label or log field: strings, numbers and bools as such, bytes as their UTF-8 text,
 * lists and maps as JSON.
 *
 * @returns undefined for an error and for null
 */
export function toDisplay(value: Value): string | undefined {
  if (typeof value === "string") return value;
  if (value instanceof CelError || value === null) return undefined;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  const plain = convert(value, 0);
  return typeof plain === "string" || typeof plain === "number" ? String(plain) : plain === null ? undefined : JSON.stringify(plain);
}

/** A value as JSON text, or an error for what JSON cannot hold. Ints keep all their digits. */
export function toJsonText(value: Value): string | CelError {
  try {
    return JSON.stringify(convert(value, 0, (big) => rawJson(big.toString())));
  } catch (error) {
    if (error instanceof CelError) return error;
    return new CelError("the value does not fit into JSON text");
  }
}

/** ECMAScript 2026, ahead of TypeScript's library. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

function convert(value: Value, depth: number, bigint: (value: bigint) => unknown = Number): unknown {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return bigint(value);
  // Deeper values are cut off: nothing that reads this goes that far down.
  if (depth > maxValueDepth) return null;
  if (Array.isArray(value)) return value.map((element: Value) => convert(element, depth + 1, bigint));
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Flat) return Object.fromEntries(value.members.map(([name, member]) => [name, convert(member, depth + 1, bigint)]));
  if (isMap(value)) return convertMap(value, depth, bigint);
  return convertScalar(value, depth, bigint);
}

function convertMap(map: object, depth: number, bigint: (value: bigint) => unknown): unknown {
  return Object.fromEntries(mapKeys(map).map((key) => [keyText(key), convert(mapGet(map, key) as Value, depth + 1, bigint)]));
}

/** A key as the name of a JSON member. */
export function keyText(key: Value): string {
  return key instanceof CelUint ? key.value.toString() : String(key as string | number | bigint | boolean);
}

function convertScalar(value: object, depth: number, bigint: (value: bigint) => unknown): unknown {
  if (value instanceof CelDouble) return value.value;
  if (value instanceof CelUint) return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : bigint(value.value);
  if (value instanceof CelSecret) return redacted;
  if (value instanceof CelType) return value.name;
  if (value instanceof CelOptional) return value.value === undefined ? null : convert(value.value, depth + 1, bigint);
  if (value instanceof CelTimestamp || value instanceof CelDuration || value instanceof CelAddress || value instanceof CelNetwork) {
    return value.toString();
  }
  return typeOf(value).name;
}
