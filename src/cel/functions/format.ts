import { compareStrings, maxValueDepth } from "../compare.ts";
import { isMap, mapGet, mapKeys } from "../map.ts";
import { isInt, numericValue } from "../numbers.ts";
import { maxStringLength } from "../program.ts";
import { CelAddress, CelNetwork } from "../network.ts";
import { CelDuration, CelTimestamp } from "../time.ts";
import { CelError, CelSecret, CelType, CelUint, isList, noOverload, typeOf } from "../value.ts";
import type { Value } from "../value.ts";
import { decodeText } from "./conversion.ts";

/** The strings extension of CEL: `"%s has %d".format([name, count])`. */
export function formatText(template: Value, args: Value): Value {
  if (typeof template !== "string" || !isList(args)) return noOverload("format", template, args);
  let result = "";
  let next = 0;
  let at = 0;
  while (at < template.length) {
    const percent = template.indexOf("%", at);
    if (percent < 0) break;
    result += template.slice(at, percent);
    const clause = /^%(?:%|(?:\.(\d{1,3}))?([a-zA-Z]))/.exec(template.slice(percent, percent + 6));
    if (clause === null) return new CelError(`unreadable formatting clause at ${percent}`);
    at = percent + clause[0].length;
    if (clause[2] === undefined) {
      result += "%";
      continue;
    }
    const value = args[next++];
    if (value === undefined) return new CelError(`format: argument ${next - 1} is missing`);
    const text = formatOne(clause[2], clause[1], value);
    if (text instanceof CelError) return text;
    result += text;
    if (result.length > maxStringLength) return new CelError("the string becomes too long");
  }
  return result + template.slice(at);
}

function formatOne(letter: string, precision: string | undefined, value: Value): string | CelError {
  const digits = precision === undefined ? 6 : Math.min(Number(precision), 100);
  switch (letter) {
    case "s":
      return showValue(value, 0);
    case "d":
      return whenNumber(letter, value, (number) => (typeof number === "number" ? special(number) : undefined) ?? String(number));
    case "f":
      return whenNumber(letter, value, (number) => special(Number(number)) ?? fixed(Number(number), digits));
    case "e":
      return whenNumber(letter, value, (number) => special(Number(number)) ?? scientific(Number(number), digits));
    case "b":
      return typeof value === "boolean" ? String(Number(value)) : inBase(letter, value, 2);
    case "o":
      return inBase(letter, value, 8);
    case "x":
      return hexadecimal(letter, value);
    case "X": {
      const text = hexadecimal(letter, value);
      return typeof text === "string" ? text.toUpperCase() : text;
    }
    default:
      return new CelError(`unknown formatting clause: %${letter}`);
  }
}

function whenNumber(letter: string, value: Value, show: (number: number | bigint) => string): string | CelError {
  const number = numericValue(value);
  return number === undefined ? unsuitable(letter, value) : show(number);
}

function inBase(letter: string, value: Value, base: number): string | CelError {
  if (value instanceof CelUint) return value.value.toString(base);
  return isInt(value) ? value.toString(base) : unsuitable(letter, value);
}

function hexadecimal(letter: string, value: Value): string | CelError {
  if (typeof value === "string") return Buffer.from(value, "utf8").toString("hex");
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : inBase(letter, value, 16);
}

function unsuitable(letter: string, value: Value): CelError {
  return new CelError(`%${letter} cannot show a value of type ${typeOf(value).name}`);
}

function special(number: number): string | undefined {
  if (Number.isFinite(number)) return undefined;
  return String(number);
}

/** Like `toFixed`, but a tie goes to the even digit, as in C and Go. */
function fixed(number: number, digits: number): string {
  // oxlint-disable-next-line oxc/number-arg-out-of-range -- up to 100 digits since ES2018
  const exact = number.toFixed(100);
  if (exact.includes("e")) return BigInt(number).toString() + (digits === 0 ? "" : `.${"0".repeat(digits)}`);
  const cut = exact.indexOf(".") + 1 + digits;
  const kept = exact.slice(0, digits === 0 ? cut - 1 : cut);
  const isTie = /^50*$/.test(exact.slice(cut));
  return isTie && /[02468]$/.test(kept) ? kept : number.toFixed(digits);
}

function scientific(number: number, digits: number): string {
  return number.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Values as people read them: lists in brackets, maps in braces with their keys in order. */
function showValue(value: Value, depth: number): string | CelError {
  if (depth > maxValueDepth) return new CelError("format: a value is nested too deeply");
  if (typeof value === "string") return value;
  const number = numericValue(value);
  if (number !== undefined) return String(number);
  if (value === null || typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return decodeText(value);
  if (isList(value)) return showAll(value, depth, "[", "]");
  if (isMap(value)) return showMap(value, depth);
  if (value instanceof CelType) return value.name;
  if (value instanceof CelTimestamp || value instanceof CelDuration) return value.toString();
  if (value instanceof CelAddress || value instanceof CelNetwork || value instanceof CelSecret) return value.toString();
  return unsuitable("s", value);
}

function showAll(values: readonly Value[], depth: number, open: string, close: string): string | CelError {
  const parts: string[] = [];
  let length = 0;
  for (const value of values) {
    const text = showValue(value, depth + 1);
    if (text instanceof CelError) return text;
    parts.push(text);
    length += text.length + 2;
    if (length > maxStringLength) return new CelError("the string becomes too long");
  }
  return `${open}${parts.join(", ")}${close}`;
}

function showMap(map: object, depth: number): string | CelError {
  const entries: [key: string, text: string][] = [];
  let length = 0;
  for (const key of mapKeys(map)) {
    const name = showValue(key, depth + 1);
    if (name instanceof CelError) return name;
    const text = showValue(mapGet(map, key) as Value, depth + 1);
    if (text instanceof CelError) return text;
    entries.push([name, text]);
    length += name.length + text.length + 4;
    if (length > maxStringLength) return new CelError("the string becomes too long");
  }
  entries.sort(([a], [b]) => compareStrings(a, b));
  return `{${entries.map(([key, text]) => `${key}: ${text}`).join(", ")}}`;
}
