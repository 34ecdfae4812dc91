import { isMap, mapGet, mapKeys, mapSize } from "./map.ts";
import { numericValue } from "./numbers.ts";
import { CelDuration, CelTimestamp } from "./time.ts";
import { CelOptional, CelScalar, CelSecret, CelType, noOverload } from "./value.ts";
import type { CelError, Value } from "./value.ts";
import { CelAddress, CelNetwork } from "./network.ts";

/** How deep values may be nested that are compared, printed or converted: JSON from outside can be deeper. */
export const maxValueDepth = 256;

/** Counts the steps of work on values whose size is up to the client. */
export interface Meter {
  work: number;
}

/**
 * Equality (CEL language definition, "Equality"): numbers by value whatever their type, lists and maps element by
 * element, and false for values of different kinds. NaN equals nothing.
 *
 * @param meter loses one for each element looked at; when it falls below zero, or what is compared is nested too deeply,
 * the result means nothing.
 */
export function equals(left: Value, right: Value, meter: Meter = { work: Infinity }, depth = 0): boolean {
  if (typeof left === "string" || typeof left === "boolean" || left === null) return left === right;
  const a = numericValue(left);
  if (a !== undefined) {
    const b = numericValue(right);
    return b !== undefined && order(a, b) === 0;
  }
  if (typeof right !== "object" || right === null) return false;
  if (depth > maxValueDepth) meter.work = -1;
  if (--meter.work < 0) return false;
  if (left === right) return true;
  if (Array.isArray(left)) return Array.isArray(right) && listsEqual(left, right, meter, depth);
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  if (left instanceof CelScalar) return scalarsEqual(left, right, meter, depth);
  return isMap(left) && isMap(right) && mapsEqual(left, right, meter, depth);
}

function listsEqual(left: readonly Value[], right: readonly Value[], meter: Meter, depth: number): boolean {
  return (
    left.length === right.length && left.every((element, i) => --meter.work >= 0 && equals(element, right[i] as Value, meter, depth + 1))
  );
}

function mapsEqual(left: object, right: object, meter: Meter, depth: number): boolean {
  if (mapSize(left) !== mapSize(right)) return false;
  return mapKeys(left).every((key) => {
    const [a, b] = [mapGet(left, key), mapGet(right, key)];
    return --meter.work >= 0 && a !== undefined && b !== undefined && equals(a, b, meter, depth + 1);
  });
}

function scalarsEqual(left: CelScalar, right: Value, meter: Meter, depth: number): boolean {
  if (left instanceof CelType) return right instanceof CelType && left.name === right.name;
  if (left instanceof CelTimestamp) return right instanceof CelTimestamp && left.epochNanos === right.epochNanos;
  if (left instanceof CelDuration) return right instanceof CelDuration && left.nanos === right.nanos;
  if (left instanceof CelSecret) return right instanceof CelSecret && left.reveal() === right.reveal();
  if (left instanceof CelAddress) return right instanceof CelAddress && left.equals(right);
  if (left instanceof CelNetwork) return right instanceof CelNetwork && left.equals(right);
  if (!(left instanceof CelOptional && right instanceof CelOptional)) return false;
  if (left.value === undefined || right.value === undefined) return left.value === right.value;
  return equals(left.value, right.value, meter, depth + 1);
}

/** Less than zero, zero, more than zero; NaN when unordered (NaN beside a number); an error for what has no order. */
export function compare(left: Value, right: Value): number | CelError {
  if (typeof left === "string" && typeof right === "string") return compareStrings(left, right);
  const a = numericValue(left);
  const b = numericValue(right);
  if (a !== undefined && b !== undefined) return order(a, b);
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  if (left instanceof CelTimestamp && right instanceof CelTimestamp) return order(left.epochNanos, right.epochNanos);
  if (left instanceof CelDuration && right instanceof CelDuration) return order(left.nanos, right.nanos);
  return noOverload("_<_", left, right);
}

/** An int beside a double is compared as a double, which is only lossy beyond 2^53. */
function order(left: number | bigint, right: number | bigint): number {
  const a = typeof left === typeof right ? left : Number(left);
  const b = typeof left === typeof right ? right : Number(right);
  if (a < b) return -1;
  if (a > b) return 1;
  return a <= b ? 0 : Number.NaN;
}

/** By code point: JavaScript's own order is by UTF-16 unit, and puts U+10000 and up before U+E000. */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  let i = 0;
  while (i < length && left.charCodeAt(i) === right.charCodeAt(i)) i++;
  if (i === length) return left.length - right.length;
  const [a, b] = [left.charCodeAt(i), right.charCodeAt(i)];
  const [aIsSurrogate, bIsSurrogate] = [isSurrogate(a), isSurrogate(b)];
  return aIsSurrogate === bIsSurrogate ? a - b : aIsSurrogate ? 1 : -1;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
