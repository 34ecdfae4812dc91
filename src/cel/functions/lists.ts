import { compare, equals, maxValueDepth } from "../compare.ts";
import { isMap, mapSize } from "../map.ts";
import { isInt, numericValue } from "../numbers.ts";
import { maxListLength } from "../program.ts";
import { CelError, CelOptional, isList, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import { method } from "./definition.ts";
import type { FunctionDefinition } from "./definition.ts";
import { codePointLength } from "./text.ts";

/** How many values are compared where neither order nor hashing helps, those inside of others included. */
const maxComparisons = 1_000_000;

function size(value: Value): Value {
  if (typeof value === "string") return codePointLength(value);
  if (isList(value) || value instanceof Uint8Array) return value.length;
  return isMap(value) ? mapSize(value) : noOverload("size", value);
}

function slice(list: Value, from: Value, to: Value): Value {
  if (!isList(list) || !isInt(from) || !isInt(to)) return noOverload("slice", list, from, to);
  if (from >= 0 && from <= to && to <= list.length) return list.slice(Number(from), Number(to));
  return new CelError(`cannot slice from ${from} to ${to}: the list has ${list.length} elements`);
}

function flatten(list: Value, depth: Value = 1): Value {
  if (!isList(list) || !isInt(depth)) return noOverload("flatten", list, depth);
  if (depth < 0) return new CelError("flatten: the depth cannot be negative");
  const flat: Value[] = [];
  return addFlat(list, Math.min(Number(depth), maxValueDepth), flat) ? flat : new CelError("the list becomes too long");
}

function addFlat(list: readonly Value[], depth: number, flat: Value[]): boolean {
  for (const element of list) {
    if (depth > 0 && isList(element)) {
      if (!addFlat(element, depth - 1, flat)) return false;
    } else if (flat.push(element) > maxListLength) return false;
  }
  return true;
}

function sort(list: Value): Value {
  if (!isList(list)) return noOverload("sort", list);
  for (const element of list) {
    if (compare(list[0] as Value, element) instanceof CelError) return noOverload("sort", list[0] as Value, element);
  }
  return list.toSorted((a, b) => Number(compare(a, b)));
}

function distinct(list: Value): Value {
  if (!isList(list)) return noOverload("distinct", list);
  const simple = new Set<Value>();
  const others: Value[] = [];
  const result: Value[] = [];
  const meter = { work: maxComparisons };
  for (const element of list) {
    const key = hashable(element);
    if (key !== undefined) {
      if (simple.has(key)) continue;
      simple.add(key);
    } else {
      const known = others.some((other) => equals(other, element, meter));
      if (meter.work < 0) return new CelError("distinct: too much to compare");
      if (known) continue;
      others.push(element);
    }
    result.push(element);
  }
  return result;
}

/** A value that JavaScript finds equal exactly where CEL does; undefined for lists, maps and the like. */
function hashable(value: Value): string | boolean | number | bigint | undefined {
  if (typeof value === "string" || typeof value === "boolean") return value;
  const number = numericValue(value);
  return typeof number === "bigint" && Number.isSafeInteger(Number(number)) ? Number(number) : number;
}

function reverse(value: Value): Value {
  if (typeof value === "string") return Array.from(value).toReversed().join("");
  return isList(value) ? value.toReversed() : noOverload("reverse", value);
}

function range(count: Value): Value {
  if (!isInt(count)) return noOverload("lists.range", count);
  if (count > maxListLength) return new CelError("the list becomes too long");
  return Array.from({ length: Math.max(0, Number(count)) }, (_, i) => i);
}

function endOf(name: string, position: 0 | -1): (list: Value) => Value {
  return (list) => {
    if (!isList(list)) return noOverload(name, list);
    return list.length === 0 ? CelOptional.none : new CelOptional(list.at(position));
  };
}

/** The smallest (sign -1) or largest (sign 1) of the operands, or of the one list given. */
export function extreme(name: string, sign: 1 | -1, numbersOnly: boolean): (...operands: Value[]) => Value {
  return (...operands) => {
    const only = operands[0] as Value;
    const candidates = operands.length === 1 && isList(only) ? only : operands;
    let best = candidates[0];
    if (best === undefined) return new CelError(`${name}: there is nothing to choose from`);
    for (const candidate of candidates) {
      if (numbersOnly && numericValue(candidate) === undefined) return noOverload(name, candidate);
      const order = compare(candidate, best);
      if (order instanceof CelError) return noOverload(name, candidate, best);
      if (order * sign > 0) best = candidate;
    }
    return best;
  };
}

type Holds = (list: readonly Value[], element: Value) => boolean;

function sets(
  name: string,
  summary: string,
  decide: (a: readonly Value[], b: readonly Value[], holds: Holds) => boolean,
): FunctionDefinition {
  const run = (a: Value, b: Value): Value => {
    if (!isList(a) || !isList(b)) return noOverload(name, a, b);
    if (a.length * b.length > maxComparisons) return new CelError(`${name}: too much to compare`);
    const meter = { work: maxComparisons };
    const result = decide(a, b, (list, element) => list.some((one) => equals(one, element, meter)));
    return meter.work < 0 ? new CelError(`${name}: too much to compare`) : result;
  };
  return { name, style: "function", operands: [2, 2], signature: `${name}(list, list) -> bool`, summary, run };
}

export const listFunctions: readonly FunctionDefinition[] = [
  {
    name: "size",
    style: "both",
    operands: [1, 1],
    signature: "size(string|bytes|list|map) -> int",
    summary: "The number of characters, bytes, elements or entries.",
    run: size,
  },
  method("slice", [3, 3], ["list.slice(from, to) -> list", "The elements from one index up to, not including, another."], slice),
  method("flatten", [1, 2], ["list.flatten(depth?) -> list", "The list with the elements of lists in it in their place."], flatten),
  method("sort", [1, 1], ["list.sort() -> list", "The list in ascending order."], sort),
  method("distinct", [1, 1], ["list.distinct() -> list", "The list without its later duplicates."], distinct),
  method("reverse", [1, 1], ["list.reverse() or string.reverse()", "The list or text from its end to its start."], reverse),
  method("first", [1, 1], ["list.first() -> optional", "The first element, if there is one."], endOf("first", 0)),
  method("last", [1, 1], ["list.last() -> optional", "The last element, if there is one."], endOf("last", -1)),
  {
    name: "lists.range",
    style: "function",
    operands: [1, 1],
    signature: "lists.range(int) -> list",
    summary: "The ints from 0 up to, not including, a number.",
    run: range,
  },
  {
    name: "max",
    style: "function",
    operands: [1, 16],
    signature: "max(value, ...) or max(list)",
    summary: "The largest value.",
    run: extreme("max", 1, false),
  },
  {
    name: "min",
    style: "function",
    operands: [1, 16],
    signature: "min(value, ...) or min(list)",
    summary: "The smallest value.",
    run: extreme("min", -1, false),
  },
  sets("sets.contains", "Whether the first list holds every element of the second.", (a, b, holds) => b.every((one) => holds(a, one))),
  sets("sets.intersects", "Whether the lists have an element in common.", (a, b, holds) => b.some((one) => holds(a, one))),
  sets(
    "sets.equivalent",
    "Whether the lists hold the same elements, in whatever order and number.",
    (a, b, holds) => a.every((one) => holds(b, one)) && b.every((one) => holds(a, one)),
  ),
];
