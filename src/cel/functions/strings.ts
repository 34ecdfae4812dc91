import { HeaderView } from "../header-view.ts";
import { isInt } from "../numbers.ts";
import { maxListLength, maxStringLength } from "../program.ts";
import { CelError, isList, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import { method } from "./definition.ts";
import type { FunctionDefinition } from "./definition.ts";
import { formatText } from "./format.ts";
import { codePointLength, quoteText, trimSpace, unitIndex } from "./text.ts";

const tooLong = (): CelError => new CelError("the string becomes too long");

/** An index or count as a JavaScript number; undefined for what is no int. */
function toCount(value: Value): number | undefined {
  return isInt(value) ? Number(value) : undefined;
}

function charAt(text: Value, index: Value): Value {
  const position = toCount(index);
  if (typeof text !== "string" || position === undefined) return noOverload("charAt", text, index);
  const length = codePointLength(text);
  if (position < 0 || position > length) return new CelError(`index out of range: ${position}`);
  return text.slice(unitIndex(text, position), unitIndex(text, position + 1));
}

function indexOf(text: Value, part: Value, from: Value = 0): Value {
  const start = toCount(from);
  if (typeof text !== "string" || typeof part !== "string" || start === undefined) return noOverload("indexOf", text, part, from);
  if (start < 0 || start > codePointLength(text)) return new CelError(`index out of range: ${start}`);
  const found = text.indexOf(part, unitIndex(text, start));
  return found < 0 ? -1 : codePointLength(text.slice(0, found));
}

function lastIndexOf(text: Value, part: Value, from?: Value): Value {
  const start = from === undefined ? Infinity : toCount(from);
  if (typeof text !== "string" || typeof part !== "string" || start === undefined) return noOverload("lastIndexOf", text, part);
  if (start < 0) return new CelError(`index out of range: ${start}`);
  const length = codePointLength(text);
  if (from !== undefined && start > length) return new CelError(`index out of range: ${start}`);
  const found = text.lastIndexOf(part, unitIndex(text, Math.min(start, length)));
  return found < 0 ? -1 : codePointLength(text.slice(0, found));
}

function join(list: Value, separator: Value = ""): Value {
  if (list instanceof HeaderView && separator === "") return list.join();
  if (!isList(list) || typeof separator !== "string" || !list.every((part) => typeof part === "string")) {
    return noOverload("join", list, separator);
  }
  const length = list.reduce<number>((sum, part) => sum + (part as string).length + separator.length, 0);
  return length > maxStringLength ? tooLong() : list.join(separator);
}

function replace(text: Value, old: Value, replacement: Value, limit: Value = -1): Value {
  const count = toCount(limit);
  const texts = typeof text === "string" && typeof old === "string" && typeof replacement === "string";
  if (!texts || count === undefined) return noOverload("replace", text, old, replacement, limit);
  const parts = splitAt(text, old, count < 0 ? Infinity : count, old === "");
  if (text.length + (parts.length - 1) * replacement.length > maxStringLength) return tooLong();
  return parts.join(replacement);
}

/** The pieces of a text between at most `cuts` separators. An empty separator is between all characters. */
function splitAt(text: string, separator: string, cuts: number, withEnds = false): string[] {
  if (cuts === 0) return [text];
  if (separator !== "") {
    const parts = text.split(separator);
    return parts.length - 1 <= cuts ? parts : [...parts.slice(0, cuts), parts.slice(cuts).join(separator)];
  }
  const chars = Array.from(text);
  const parts = withEnds ? ["", ...chars, ""] : chars;
  return parts.length - 1 <= cuts ? parts : [...parts.slice(0, cuts), parts.slice(cuts).join("")];
}

function split(text: Value, separator?: Value, limit: Value = -1): Value {
  if (separator === undefined) return text instanceof HeaderView ? text.split() : noOverload("split", text);
  const count = toCount(limit);
  if (typeof text !== "string" || typeof separator !== "string" || count === undefined) return noOverload("split", text, separator, limit);
  if (count === 0) return [];
  const parts = splitAt(text, separator, count < 0 ? Infinity : count - 1);
  return parts.length > maxListLength ? new CelError("the list becomes too long") : parts;
}

function substring(text: Value, from: Value, to?: Value): Value {
  const start = toCount(from);
  const end = to === undefined ? Infinity : toCount(to);
  if (typeof text !== "string" || start === undefined || end === undefined) return noOverload("substring", text, from);
  const length = codePointLength(text);
  if (start < 0 || start > length || (to !== undefined && end > length)) return new CelError(`index out of range: ${start}`);
  if (start > end) return new CelError(`invalid substring: it starts at ${start} and ends at ${end}`);
  return text.slice(unitIndex(text, start), unitIndex(text, Math.min(end, length)));
}

function changeAscii(pattern: RegExp, change: (text: string) => string): (text: Value) => Value {
  return (text) => (typeof text === "string" ? text.replace(pattern, change) : noOverload("ascii", text));
}

function onText(name: string, run: (text: string) => Value): (text: Value) => Value {
  return (text) => (typeof text === "string" ? run(text) : noOverload(name, text));
}

function onTexts(name: string, run: (text: string, other: string) => Value): (text: Value, other: Value) => Value {
  return (text, other) => (typeof text === "string" && typeof other === "string" ? run(text, other) : noOverload(name, text, other));
}

export const stringFunctions: readonly FunctionDefinition[] = [
  method(
    "contains",
    [2, 2],
    ["string.contains(string) -> bool", "Whether the text has another one in it."],
    onTexts("contains", (a, b) => a.includes(b)),
  ),
  method(
    "startsWith",
    [2, 2],
    ["string.startsWith(string) -> bool", "Whether the text begins with another one."],
    onTexts("startsWith", (a, b) => a.startsWith(b)),
  ),
  method(
    "endsWith",
    [2, 2],
    ["string.endsWith(string) -> bool", "Whether the text ends with another one."],
    onTexts("endsWith", (a, b) => a.endsWith(b)),
  ),
  method(
    "charAt",
    [2, 2],
    ["string.charAt(int) -> string", "The character at an index, counted from 0; empty right behind the last."],
    charAt,
  ),
  method("indexOf", [2, 3], ["string.indexOf(string, from?) -> int", "Where another text first occurs; -1 if nowhere."], indexOf),
  method(
    "lastIndexOf",
    [2, 3],
    ["string.lastIndexOf(string, from?) -> int", "Where another text last occurs; -1 if nowhere."],
    lastIndexOf,
  ),
  method(
    "lowerAscii",
    [1, 1],
    ["string.lowerAscii() -> string", "The text with the letters A to Z in lower case."],
    changeAscii(/[A-Z]+/g, (part) => part.toLowerCase()),
  ),
  method(
    "upperAscii",
    [1, 1],
    ["string.upperAscii() -> string", "The text with the letters a to z in upper case."],
    changeAscii(/[a-z]+/g, (part) => part.toUpperCase()),
  ),
  method("trim", [1, 1], ["string.trim() -> string", "The text without white space at its ends."], onText("trim", trimSpace)),
  method(
    "replace",
    [3, 4],
    ["string.replace(old, new, limit?) -> string", "The text with every occurrence (at most `limit`) of another replaced."],
    replace,
  ),
  method(
    "split",
    [1, 3],
    [
      "string.split(separator, limit?) -> list",
      "The pieces of the text between separators, at most `limit`. headers.split(): each field as the list of its comma-separated values.",
    ],
    split,
  ),
  method(
    "substring",
    [2, 3],
    ["string.substring(from, to?) -> string", "The characters from one index up to, not including, another."],
    substring,
  ),
  method(
    "stripPrefix",
    [2, 2],
    ["string.stripPrefix(string) -> string", "The text without a beginning, if it has that."],
    onTexts("stripPrefix", (text, prefix) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  ),
  method(
    "stripSuffix",
    [2, 2],
    ["string.stripSuffix(string) -> string", "The text without an ending, if it has that."],
    onTexts("stripSuffix", (text, suffix) => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text)),
  ),
  method(
    "join",
    [1, 2],
    ["list.join(separator?) -> string", "The texts of a list in one. On request.headers: each field's values joined with commas."],
    join,
  ),
  method(
    "format",
    [2, 2],
    ["string.format(list) -> string", "The text with %s, %d, %f, %e, %b, %o and %x replaced by the values of a list."],
    formatText,
  ),
  {
    name: "strings.quote",
    style: "function",
    operands: [1, 1],
    signature: "strings.quote(string) -> string",
    summary: "The text as a literal, in double quotes and with escapes.",
    run: onText("strings.quote", quoteText),
  },
];
