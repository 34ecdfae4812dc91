import { CelDouble, CelError, CelUint, noOverload } from "./value.ts";
import type { Value } from "./value.ts";

const minInt = -(2n ** 63n);
const maxInt = 2n ** 63n - 1n;
const maxUint = 2n ** 64n - 1n;

/** An int of any size within 64 bits, else an error. */
export function toInt(value: bigint): Value {
  if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  return value < minInt || value > maxInt ? new CelError("integer overflow") : value;
}

/** A uint within 64 bits, else an error. */
export function toUint(value: bigint): Value {
  return value < 0n || value > maxUint ? new CelError("unsigned integer overflow") : new CelUint(value);
}

/** A double: boxed only where its value could be taken for an int. */
export function toDouble(value: number): Value {
  return Number.isSafeInteger(value) ? new CelDouble(value) : value;
}

export function isInt(value: Value): value is number | bigint {
  return typeof value === "number" ? Number.isSafeInteger(value) : typeof value === "bigint";
}

/** The value of a double; undefined for anything else, ints included. */
export function doubleValue(value: Value): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? undefined : value;
  return value instanceof CelDouble ? value.value : undefined;
}

/** The mathematical value of any number: JavaScript compares number and bigint exactly. Undefined for a non-number. */
export function numericValue(value: Value): number | bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (value instanceof CelDouble || value instanceof CelUint) return value.value;
  return undefined;
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

/**
 * Arithmetic on two numbers. Beyond the standard, which wants both sides of one type, an int beside a double counts as a
 * double and a uint beside an int as an int: JSON numbers come as either, depending on their value.
 */
export function arithmetic(operator: ArithmeticOperator, left: Value, right: Value): Value {
  if (isInt(left) && isInt(right)) return intArithmetic(operator, left, right);
  if (left instanceof CelUint && right instanceof CelUint) {
    const result = bigArithmetic(operator, left.value, right.value);
    return typeof result === "bigint" ? toUint(result) : result;
  }
  const [a, b] = [numericValue(left), numericValue(right)];
  if (a === undefined || b === undefined) return noOverload(`_${operator}_`, left, right);
  if (doubleValue(left) !== undefined || doubleValue(right) !== undefined) {
    return operator === "%" ? noOverload("_%_", left, right) : toDouble(doubleArithmetic(operator, Number(a), Number(b)));
  }
  const result = bigArithmetic(operator, BigInt(a), BigInt(b));
  return typeof result === "bigint" ? toInt(result) : result;
}

function intArithmetic(operator: ArithmeticOperator, left: number | bigint, right: number | bigint): Value {
  if (typeof left === "number" && typeof right === "number") {
    const result = smallArithmetic(operator, left, right);
    if (Number.isSafeInteger(result)) return result + 0; // turns -0 into 0
  }
  const result = bigArithmetic(operator, BigInt(left), BigInt(right));
  return typeof result === "bigint" ? toInt(result) : result;
}

/** Not a safe integer where the exact result is out of reach, or where the divisor is zero. */
function smallArithmetic(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return Math.trunc(left / right);
    case "%":
      return left % right;
  }
}

function bigArithmetic(operator: ArithmeticOperator, left: bigint, right: bigint): bigint | CelError {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0n ? new CelError("division by zero") : left / right;
    case "%":
      return right === 0n ? new CelError("modulus by zero") : left % right;
  }
}

function doubleArithmetic(operator: "+" | "-" | "*" | "/", left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
  }
}

/** The minus sign. Unsigned integers have none. */
export function negate(value: Value): Value {
  if (typeof value === "number") return Number.isSafeInteger(value) ? 0 - value : -value;
  if (typeof value === "bigint") return toInt(-value);
  return value instanceof CelDouble ? toDouble(-value.value) : noOverload("-_", value);
}
