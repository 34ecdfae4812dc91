import { doubleValue, isInt, numericValue, toDouble, toInt, toUint } from "../numbers.ts";
import { CelAddress, CelNetwork } from "../network.ts";
import { CelDuration, CelTimestamp, epochSeconds, parseDuration, parseTimestamp, timestampFromSeconds } from "../time.ts";
import { CelError, CelSecret, CelUint, noOverload, typeOf } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of bytes, or an error when they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | CelError {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return new CelError("the bytes are not valid UTF-8");
  }
}

function toBool(value: Value): Value {
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return noOverload("bool", value);
  if (/^(?:1|t|true|TRUE|True)$/.test(value)) return true;
  if (/^(?:0|f|false|FALSE|False)$/.test(value)) return false;
  return new CelError("not the text of a bool");
}

function toBytes(value: Value): Value {
  if (value instanceof Uint8Array) return value;
  return typeof value === "string" ? Buffer.from(value, "utf8") : noOverload("bytes", value);
}

function convertToDouble(value: Value): Value {
  const number = numericValue(value);
  if (number !== undefined) return toDouble(Number(number));
  if (typeof value !== "string") return noOverload("double", value);
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) return toDouble(Number(value));
  const special = /^([+-]?)(?:(inf|infinity)|nan)$/i.exec(value);
  if (special === null) return new CelError("not the text of a double");
  return special[2] === undefined ? Number.NaN : special[1] === "-" ? -Infinity : Infinity;
}

function convertToInt(value: Value): Value {
  if (isInt(value)) return value;
  if (value instanceof CelUint) return toInt(value.value);
  const double = doubleValue(value);
  if (double !== undefined) {
    // The two ends are excluded: doubles there stand for ints that are out of range.
    if (!(double > -(2 ** 63) && double < 2 ** 63)) return new CelError("integer overflow");
    return toInt(BigInt(Math.trunc(double)));
  }
  if (value instanceof CelTimestamp) return toInt(epochSeconds(value));
  if (typeof value !== "string") return noOverload("int", value);
  if (!/^[+-]?\d{1,20}$/.test(value)) return new CelError("not the text of an int");
  return toInt(BigInt(value.replace("+", "")));
}

function convertToUint(value: Value): Value {
  if (value instanceof CelUint) return value;
  if (isInt(value)) return toUint(BigInt(value));
  const double = doubleValue(value);
  if (double !== undefined) {
    if (!(double >= 0 && double < 2 ** 64)) return new CelError("unsigned integer overflow");
    return toUint(BigInt(Math.trunc(double)));
  }
  if (typeof value !== "string") return noOverload("uint", value);
  if (!/^\+?\d{1,20}$/.test(value)) return new CelError("not the text of a uint");
  return toUint(BigInt(value.replace("+", "")));
}

function convertToString(value: Value): Value {
  if (typeof value === "string") return value;
  const number = numericValue(value);
  if (number !== undefined) return formatNumber(number);
  if (typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return decodeText(value);
  if (value instanceof CelTimestamp || value instanceof CelDuration) return value.toString();
  if (value instanceof CelAddress || value instanceof CelNetwork || value instanceof CelSecret) return value.toString();
  return noOverload("string", value);
}

/** A number in Go's notation: `1e+21`, `+Inf`. */
function formatNumber(number: number | bigint): string {
  if (number === Infinity) return "+Inf";
  if (number === -Infinity) return "-Inf";
  return String(number);
}

function convertToTimestamp(value: Value): Value {
  if (value instanceof CelTimestamp) return value;
  if (typeof value === "string") return parseTimestamp(value);
  return isInt(value) ? timestampFromSeconds(BigInt(value)) : noOverload("timestamp", value);
}

function convertToDuration(value: Value): Value {
  if (value instanceof CelDuration) return value;
  return typeof value === "string" ? parseDuration(value) : noOverload("duration", value);
}

function conversion(name: string, takes: string, summary: string, run: (value: Value) => Value): FunctionDefinition {
  return { name, style: "function", operands: [1, 1], signature: `${name}(${takes}) -> ${name}`, summary, run };
}

export const conversionFunctions: readonly FunctionDefinition[] = [
  conversion("bool", "string", "The bool that a text spells: true or false, t or f, 1 or 0.", toBool),
  conversion("bytes", "string", "The UTF-8 bytes of a text.", toBytes),
  conversion("double", "number|string", "The nearest double.", convertToDouble),
  conversion("duration", "string", 'A length of time such as "1h30m" or "250ms".', convertToDuration),
  conversion("int", "number|string|timestamp", "An int: decimals are cut off, a timestamp gives seconds since 1970.", convertToInt),
  conversion("string", "any simple value", "The text of a value. Bytes must be UTF-8.", convertToString),
  conversion("timestamp", "string|int", "A point in time from RFC 3339 text, or seconds since 1970.", convertToTimestamp),
  conversion("uint", "number|string", "An unsigned int: decimals are cut off.", convertToUint),
  {
    name: "dyn",
    style: "function",
    operands: [1, 1],
    signature: "dyn(value) -> value",
    summary: "The value itself; for expressions written for type-checking implementations.",
    run: (value) => value,
  },
  {
    name: "type",
    style: "function",
    operands: [1, 1],
    signature: "type(value) -> type",
    summary: "The type of a value, to be compared with int, string, list, map and so on.",
    run: (value) => typeOf(value),
  },
];
