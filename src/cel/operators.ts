import type { BinaryOperator } from "./ast.ts";
import { compare, equals } from "./compare.ts";
import { isMap, mapHas } from "./map.ts";
import { arithmetic, negate, numericValue } from "./numbers.ts";
import { constantOf, located, maxListLength, maxStringLength, outOfWork, weight } from "./program.ts";
import type { Frame, Program } from "./program.ts";
import { timeArithmetic } from "./time.ts";
import { CelError, noOverload } from "./value.ts";
import type { Value } from "./value.ts";

/** `!x` */
export function not(operand: Program, at: number): Program {
  return (frame) => {
    const value = operand(frame);
    if (typeof value === "boolean") return !value;
    return value instanceof CelError ? value : located(noOverload("!_", value), at);
  };
}

/** `-x` */
export function minus(operand: Program, at: number): Program {
  return (frame) => {
    const value = operand(frame);
    if (value instanceof CelError) return value;
    const result = negate(value);
    return result instanceof CelError ? located(result, at) : result;
  };
}

/**
 * `a && b && ...` and `a || b || ...`: the deciding value (false for &&, true for ||) wins wherever it stands, even
 * beside terms that fail.
 */
export function logic(terms: readonly Program[], deciding: boolean, at: number): Program {
  const name = deciding ? "_||_" : "_&&_";
  const [left, right] = terms as [Program, Program];
  if (terms.length === 2) {
    return (frame) => {
      const a = left(frame);
      if (a === deciding) return deciding;
      const b = right(frame);
      if (b === deciding) return deciding;
      return typeof a === "boolean" && typeof b === "boolean" ? b : failedTerm(a, b, name, at);
    };
  }
  return (frame) => {
    let failed: Value | undefined;
    for (let i = 0; i < terms.length; i++) {
      const value = (terms[i] as Program)(frame);
      if (value === deciding) return deciding;
      if (typeof value !== "boolean") failed ??= value;
    }
    return failed === undefined ? !deciding : failedTerm(failed, failed, name, at);
  };
}

function failedTerm(a: Value, b: Value, name: string, at: number): CelError {
  const failed = typeof a === "boolean" ? b : a;
  return failed instanceof CelError ? failed : located(noOverload(name, a, b), at);
}

/** `condition ? yes : no` */
export function conditional(condition: Program, yes: Program, no: Program, at: number): Program {
  return (frame) => {
    const value = condition(frame);
    if (value === true) return yes(frame);
    if (value === false) return no(frame);
    return value instanceof CelError ? value : located(noOverload("_?_:_", value), at);
  };
}

type Operation = (left: Value, right: Value, frame: Frame) => Value;

/** The two sides of a binary operator. */
export interface Sides {
  readonly left: Program;
  readonly right: Program;
}

/** All binary operators except && and ||. `inLoop`: what they cost is counted. */
export function binary(operator: BinaryOperator, { left, right }: Sides, at: number, inLoop: boolean): Program {
  const operation = (operator === "in" ? searchConstant(right) : undefined) ?? operations[operator];
  if (inLoop) return metered({ left, right }, operation, at);
  return (frame) => {
    const a = left(frame);
    if (a instanceof CelError) return a;
    const b = right(frame);
    if (b instanceof CelError) return b;
    const result = operation(a, b, frame);
    return result instanceof CelError ? located(result, at) : result;
  };
}

function metered({ left, right }: Sides, operation: Operation, at: number): Program {
  return (frame) => {
    const a = left(frame);
    if (a instanceof CelError) return a;
    const b = right(frame);
    if (b instanceof CelError) return b;
    frame.work -= weight(a) + weight(b);
    const result = frame.work < 0 ? outOfWork() : operation(a, b, frame);
    return result instanceof CelError ? located(result, at) : result;
  };
}

const operations: Readonly<Record<BinaryOperator, Operation>> = {
  "+": add,
  "-": (a, b) => timeArithmetic("-", a, b) ?? arithmetic("-", a, b),
  "*": (a, b) => arithmetic("*", a, b),
  "/": (a, b) => arithmetic("/", a, b),
  "%": (a, b) => arithmetic("%", a, b),
  "==": (a, b, frame) => checked(equals(a, b, frame), frame),
  "!=": (a, b, frame) => checked(!equals(a, b, frame), frame),
  "<": ordered("<", (order) => order < 0),
  "<=": ordered("<=", (order) => order <= 0),
  ">": ordered(">", (order) => order > 0),
  ">=": ordered(">=", (order) => order >= 0),
  in: isIn,
};

/** A comparison that ran out of work has no result. */
function checked(result: boolean, frame: Frame): Value {
  return frame.work < 0 ? outOfWork() : result;
}

function ordered(operator: string, holds: (order: number) => boolean): Operation {
  return (a, b) => {
    const order = compare(a, b);
    return typeof order === "number" ? holds(order) : noOverload(`_${operator}_`, a, b);
  };
}

function add(a: Value, b: Value): Value {
  if (typeof a === "string" && typeof b === "string") {
    return a.length + b.length > maxStringLength ? new CelError("the string becomes too long") : a + b;
  }
  if (numericValue(a) !== undefined) return arithmetic("+", a, b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length + b.length > maxListLength ? new CelError("the list becomes too long") : [...a, ...b];
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.concat([a, b]);
  return timeArithmetic("+", a, b) ?? noOverload("_+_", a, b);
}

function isIn(element: Value, container: Value, frame: Frame): Value {
  if (Array.isArray(container)) {
    return checked(
      container.some((one: Value) => equals(element, one, frame)),
      frame,
    );
  }
  return isMap(container) ? mapHas(container, element) : noOverload("@in", element, container);
}

/** `x in ["a", "b"]` with fixed strings looks the text up instead of comparing it with each. */
function searchConstant(container: Program): Operation | undefined {
  const list = constantOf(container);
  if (!Array.isArray(list) || !list.every((element) => typeof element === "string")) return undefined;
  const strings: ReadonlySet<Value> = new Set(list);
  return (element) => strings.has(element);
}
