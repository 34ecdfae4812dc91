import { maxValueDepth } from "../compare.ts";
import { Flat } from "../flat.ts";
import { CelMap, isMap, mapGet, mapKeys } from "../map.ts";
import { keyText } from "../plain.ts";
import { CelError, isList, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";

/** Fields that one `flattenRecursive()` may give. */
const maxMembers = 10_000;

function merge(map: Value, other: Value): Value {
  if (!isMap(map) || !isMap(other)) return noOverload("merge", map, other);
  const merged = new CelMap();
  for (const source of [map, other]) for (const key of mapKeys(source)) merged.set(key, mapGet(source, key) as Value);
  return merged;
}

function entriesOf(value: Value): (readonly [name: string, value: Value])[] | undefined {
  if (isList(value)) return value.map((element, i) => [String(i), element]);
  return isMap(value) ? mapKeys(value).map((key) => [keyText(key), mapGet(value, key) as Value]) : undefined;
}

function flatten(value: Value): Value {
  const entries = entriesOf(value);
  return entries === undefined ? noOverload("flatten", value) : new Flat(entries);
}

function flattenRecursive(value: Value): Value {
  if (entriesOf(value) === undefined) return noOverload("flattenRecursive", value);
  const members: [name: string, value: Value][] = [];
  return collect("", value, members, 0) ? new Flat(members) : new CelError("flattenRecursive: too many members, or nested too deeply");
}

function collect(prefix: string, value: Value, members: [name: string, value: Value][], depth: number): boolean {
  const entries = entriesOf(value);
  if (entries === undefined) {
    members.push([prefix, value]);
    return members.length <= maxMembers;
  }
  if (depth > maxValueDepth) return false;
  return entries.every(([name, member]) => collect(prefix === "" ? name : `${prefix}.${name}`, member, members, depth + 1));
}

function flattening(name: string, summary: string, run: (value: Value) => Value): FunctionDefinition {
  return { name, style: "function", operands: [1, 1], signature: `${name}(map|list)`, summary, run };
}

export const mapFunctions: readonly FunctionDefinition[] = [
  {
    name: "merge",
    style: "method",
    operands: [2, 2],
    signature: "map.merge(map) -> map",
    summary: "The entries of both maps; where both have a key, the second one's.",
    run: merge,
  },
  flattening("flatten", "In log and span fields: one field per entry instead of one that holds them all.", flatten),
  flattening("flattenRecursive", "Like flatten, and the same again for entries that are maps or lists.", flattenRecursive),
  flattening("flatten_recursive", "The older name of flattenRecursive.", flattenRecursive),
];
