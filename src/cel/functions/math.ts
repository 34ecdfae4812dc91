import { doubleValue, isInt, negate, toDouble, toInt, toUint } from "../numbers.ts";
import { CelError, CelUint, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition } from "./definition.ts";
import { extreme } from "./lists.ts";

function onDouble(name: string, compute: (number: number) => Value): (value: Value) => Value {
  return (value) => {
    const number = doubleValue(value);
    return number === undefined ? noOverload(name, value) : compute(number);
  };
}

/** Halves go away from zero, unlike with Math.round. */
function round(number: number): Value {
  return toDouble(Math.sign(number) * Math.round(Math.abs(number)));
}

function abs(value: Value): Value {
  if (value instanceof CelUint) return value;
  if (isInt(value)) return value < 0 ? negate(value) : value;
  const number = doubleValue(value);
  return number === undefined ? noOverload("math.abs", value) : toDouble(Math.abs(number));
}

function sign(value: Value): Value {
  if (value instanceof CelUint) return new CelUint(value.value === 0n ? 0n : 1n);
  if (isInt(value)) return value > 0 ? 1 : value < 0 ? -1 : 0;
  const number = doubleValue(value);
  return number === undefined ? noOverload("math.sign", value) : toDouble(Math.sign(number));
}

function squareRoot(value: Value): Value {
  const number = isInt(value) ? Number(value) : value instanceof CelUint ? Number(value.value) : doubleValue(value);
  return number === undefined ? noOverload("math.sqrt", value) : toDouble(Math.sqrt(number));
}

function bitwise(name: string, compute: (a: bigint, b: bigint) => bigint): (a: Value, b: Value) => Value {
  return (a, b) => {
    if (isInt(a) && isInt(b)) return toInt(compute(BigInt(a), BigInt(b)));
    if (a instanceof CelUint && b instanceof CelUint) return toUint(compute(a.value, b.value));
    return noOverload(name, a, b);
  };
}

function bitNot(value: Value): Value {
  if (isInt(value)) return toInt(~BigInt(value));
  return value instanceof CelUint ? toUint(BigInt.asUintN(64, ~value.value)) : noOverload("math.bitNot", value);
}

/** Shifts work on the 64 bits of a number; no bits of the sign come in from the left. */
function shift(name: string, compute: (bits: bigint, by: bigint) => bigint): (value: Value, by: Value) => Value {
  return (value, by) => {
    const isUint = value instanceof CelUint;
    if (!(isUint || isInt(value)) || !isInt(by)) return noOverload(name, value, by);
    if (by < 0) return new CelError(`${name}: negative offset`);
    const bits = BigInt.asUintN(64, isUint ? value.value : BigInt(value));
    const shifted = by >= 64 ? 0n : compute(bits, BigInt(by));
    return isUint ? toUint(BigInt.asUintN(64, shifted)) : toInt(BigInt.asIntN(64, shifted));
  };
}

function define(
  name: string,
  operands: readonly [number, number],
  parameters: string,
  summary: string,
  run: FunctionDefinition["run"],
): FunctionDefinition {
  return { name, style: "function", operands, signature: `${name}(${parameters})`, summary, run };
}

export const mathFunctions: readonly FunctionDefinition[] = [
  define("math.greatest", [1, 64], "number, ... or list", "The largest of some numbers.", extreme("math.greatest", 1, true)),
  define("math.least", [1, 64], "number, ... or list", "The smallest of some numbers.", extreme("math.least", -1, true)),
  define("math.ceil", [1, 1], "double", "The next whole number up.", onDouble("math.ceil", (x) => toDouble(Math.ceil(x)))),
  define("math.floor", [1, 1], "double", "The next whole number down.", onDouble("math.floor", (x) => toDouble(Math.floor(x)))),
  define("math.round", [1, 1], "double", "The nearest whole number; halves go away from zero.", onDouble("math.round", round)),
  define("math.trunc", [1, 1], "double", "The number without its decimals.", onDouble("math.trunc", (x) => toDouble(Math.trunc(x)))),
  define("math.abs", [1, 1], "number", "The number without its sign.", abs),
  define("math.sign", [1, 1], "number", "-1, 0 or 1.", sign),
  define("math.sqrt", [1, 1], "number", "The square root, as a double.", squareRoot),
  define("math.isNaN", [1, 1], "double", "Whether the double is not a number.", onDouble("math.isNaN", (x) => Number.isNaN(x))),
  define("math.isInf", [1, 1], "double", "Whether the double is infinite.", onDouble("math.isInf", (x) => Math.abs(x) === Infinity)),
  define("math.isFinite", [1, 1], "double", "Whether the double is neither infinite nor not a number.", onDouble("math.isFinite", (x) => Number.isFinite(x))),
  define("math.bitAnd", [2, 2], "int, int", "Bits set in both.", bitwise("math.bitAnd", (a, b) => a & b)),
  define("math.bitOr", [2, 2], "int, int", "Bits set in either.", bitwise("math.bitOr", (a, b) => a | b)),
  define("math.bitXor", [2, 2], "int, int", "Bits set in one of them.", bitwise("math.bitXor", (a, b) => a ^ b)),
  define("math.bitNot", [1, 1], "int", "All bits turned.", bitNot),
  define("math.bitShiftLeft", [2, 2], "int, int", "The bits moved to the left.", shift("math.bitShiftLeft", (bits, by) => bits << by)),
  define("math.bitShiftRight", [2, 2], "int, int", "The bits moved to the right, zeros coming in.", shift("math.bitShiftRight", (bits, by) => bits >> by)),
];
