import { isPlainObject } from "../contract/config/combinators.ts";

/** How messages name what a place expects and what it holds, and what they advise. Nothing here repeats a value. */

const shapeNames: Readonly<Record<string, string>> = {
  object: "a map",
  record: "a map",
  array: "a list",
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  null: "nothing",
};

/** The name of what a schema expects. */
export function shapeName(expected: string): string {
  return shapeNames[expected] ?? expected;
}

/** The name of what a value is. */
export function shapeOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) ? "a whole number" : "a number";
  if (typeof value === "boolean") return "true or false";
  return isPlainObject(value) ? "a map" : "a string";
}

/**
 * What to do about a value of the wrong shape: the slips that YAML invites.
 * @param keys what is said of the keys that the place has, if it takes a map
 */
export function advice(expected: string, value: unknown, keys: string | undefined): string | undefined {
  const wants = (shape: string): boolean => expected.includes(shape);
  if (value === null) {
    return wants("a map") || wants("a list") ? "what belongs to it must be indented further than it is" : undefined;
  }
  if (wants("a string")) return typeof value === "number" || typeof value === "boolean" ? "put it in quotes" : undefined;
  if (typeof value === "string") return adviceForText(expected, value) ?? keys;
  if (wants("a list") && isPlainObject(value)) return "begin each entry with `- `";
  if (wants("a map") && Array.isArray(value)) return adviceForList(value, keys);
  return keys;
}

function adviceForText(expected: string, text: string): string | undefined {
  if (expected.includes("number")) return /^\d+$/.test(text) ? "leave out the quotes" : undefined;
  if (expected.includes("true")) return /^(?:true|false)$/.test(text) ? "leave out the quotes" : "YAML has no other words for them";
  if (expected.includes("a list")) return "write it in brackets, `[...]`, or as an entry after `- `";
  return /^\w+:\S/.test(text) ? "is there a space missing after the `:`?" : undefined;
}

/** Entries that hold the keys of the map have a dash too many; others are in want of the key that takes a list. */
function adviceForList(list: readonly unknown[], keys: string | undefined): string {
  const written = list.flatMap((entry) => (isPlainObject(entry) ? Object.keys(entry) : []));
  if (keys === undefined || written.some((key) => keys.includes(`\`${key}\``))) return "leave out the `- ` in front of its keys";
  return keys;
}
