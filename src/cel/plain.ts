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
 * @returns undefined for an error, and for a value that is nested too deeply or has too many parts
 */
export function toPlain(value: Value): unknown {
  if (value instanceof CelError) return undefined;
  const conversion = new Conversion(Number);
  const plain =
    value instanceof Flat
      ? new Flattened(value.members.map(([name, member]) => [name, conversion.convert(member, 0)]))
      : conversion.convert(value, 0);
  return conversion.tooMuch ? undefined : plain;
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
  const conversion = new Conversion(Number);
  const plain = conversion.convert(value, 0);
  if (conversion.tooMuch || plain === null) return undefined;
  return typeof plain === "string" || typeof plain === "number" ? String(plain) : JSON.stringify(plain);
}

/** A value as JSON text. Ints keep all their digits. */
export function toJsonText(value: Value): string | CelError {
  const conversion = new Conversion(exactJson);
  const text = JSON.stringify(conversion.convert(value, 0));
  return conversion.tooMuch ? new CelError("nested too deeply, or too large, for JSON text") : text;
}

/** A number with all its digits: ECMAScript 2026, ahead of TypeScript's library. */
function exactJson(value: bigint): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(value.toString());
}

/** A key as the name of a JSON member. */
export function keyText(key: Value): string {
  return key instanceof CelUint ? key.value.toString() : String(key as string | number | bigint | boolean);
}

/** Parts that a converted value may have: one that an expression builds of shared parts can be far larger than it was. */
const maxParts = 2_000_000;

class Conversion {
  /** Whether something was left out, so that the result must not be used. */
  tooMuch = false;
  #parts = 0;
  readonly #bigint: (value: bigint) => unknown;

  constructor(bigint: (value: bigint) => unknown) {
    this.#bigint = bigint;
  }

  convert(value: Value, depth: number): unknown {
    if (++this.#parts > maxParts || depth > maxValueDepth) {
      this.tooMuch = true;
      return null;
    }
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number") return Number.isFinite(value) ? value : null;
    if (typeof value === "bigint") return this.#bigint(value);
    if (Array.isArray(value)) return value.map((element: Value) => this.convert(element, depth + 1));
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    if (value instanceof Flat) return Object.fromEntries(value.members.map(([name, member]) => [name, this.convert(member, depth + 1)]));
    if (!isMap(value)) return this.#scalar(value, depth);
    return Object.fromEntries(mapKeys(value).map((key) => [keyText(key), this.convert(mapGet(value, key) as Value, depth + 1)]));
  }

  #scalar(value: object, depth: number): unknown {
    if (value instanceof CelDouble) return value.value;
    if (value instanceof CelUint) return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : this.#bigint(value.value);
    if (value instanceof CelSecret) return redacted;
    if (value instanceof CelType) return value.name;
    if (value instanceof CelOptional) return value.value === undefined ? null : this.convert(value.value, depth + 1);
    if (value instanceof CelTimestamp || value instanceof CelDuration || value instanceof CelAddress || value instanceof CelNetwork) {
      return value.toString();
    }
    return typeOf(value).name;
  }
}
