import { isMap, mapSize } from "../map.ts";
import { numericValue } from "../numbers.ts";
import { CelDuration, CelTimestamp } from "../time.ts";
import { CelError, CelOptional, isList, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";

function isZero(value: Value): boolean {
  if (value === null || value === false || value === "") return true;
  const number = numericValue(value);
  if (number !== undefined) return Number(number) === 0;
  if (isList(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelDuration) return value.nanos === 0n;
  if (value instanceof CelTimestamp) return value.epochNanos === 0n;
  return isMap(value) && mapSize(value) === 0;
}

function onOptional(name: string, run: (optional: CelOptional, other: Value) => Value): FunctionDefinition["run"] {
  return (optional, other) => (optional instanceof CelOptional ? run(optional, other) : noOverload(name, optional));
}

function either(optional: CelOptional, other: Value): Value {
  if (optional.value !== undefined) return optional;
  return other instanceof CelOptional ? other : noOverload("or", optional, other);
}

function unwrap(list: Value): Value {
  if (!isList(list)) return noOverload("optional.unwrap", list);
  const values: Value[] = [];
  for (const element of list) {
    if (!(element instanceof CelOptional)) return noOverload("optional.unwrap", element);
    if (element.value !== undefined) values.push(element.value);
  }
  return values;
}

export const optionalFunctions: readonly FunctionDefinition[] = [
  {
    name: "optional.of",
    style: "function",
    operands: [1, 1],
    signature: "optional.of(value) -> optional",
    summary: "An optional with a value.",
    run: (value) => new CelOptional(value),
  },
  {
    name: "optional.ofNonZeroValue",
    style: "function",
    operands: [1, 1],
    signature: "optional.ofNonZeroValue(value) -> optional",
    summary: "An optional with a value; empty for null, false, zero, and empty texts, lists and maps.",
    run: (value) => (isZero(value) ? CelOptional.none : new CelOptional(value)),
  },
  {
    name: "optional.none",
    style: "function",
    operands: [0, 0],
    signature: "optional.none() -> optional",
    summary: "An empty optional.",
    run: () => CelOptional.none,
  },
  {
    name: "optional.unwrap",
    style: "function",
    operands: [1, 1],
    signature: "optional.unwrap(list) -> list",
    summary: "The values of those optionals in a list that have one.",
    run: unwrap,
  },
  {
    name: "unwrapOpt",
    style: "method",
    operands: [1, 1],
    signature: "list.unwrapOpt() -> list",
    summary: "The same as optional.unwrap.",
    run: unwrap,
  },
  {
    name: "hasValue",
    style: "method",
    operands: [1, 1],
    signature: "optional.hasValue() -> bool",
    summary: "Whether the optional has a value.",
    run: onOptional("hasValue", ({ value }) => value !== undefined),
  },
  {
    name: "value",
    style: "method",
    operands: [1, 1],
    signature: "optional.value()",
    summary: "The value of an optional; fails when it is empty.",
    run: onOptional("value", ({ value }) => (value === undefined ? new CelError("the optional is empty", "missing") : value)),
  },
  {
    name: "or",
    style: "method",
    operands: [2, 2],
    signature: "optional.or(optional) -> optional",
    summary: "The optional, or another one when it is empty.",
    run: onOptional("or", either),
  },
  {
    name: "orValue",
    style: "method",
    operands: [2, 2],
    signature: "optional.orValue(value)",
    summary: "The value of an optional, or another one when it is empty.",
    run: onOptional("orValue", ({ value }, other) => (value === undefined ? other : value)),
  },
];
