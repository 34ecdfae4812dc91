import { doubleValue, isInt, negate, toDouble, toInt, toUint } from "../numbers.ts";
import { CelError, CelUint, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import { plainFunction } from "./definition.ts";
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

export const mathFunctions: readonly FunctionDefinition[] = [
  plainFunction(
    "math.greatest",
    [1, 64],
    ["math.greatest(number, ... or list)", "The largest of some numbers."],
    extreme("math.greatest", 1, true),
  ),
  plainFunction(
    "math.least",
    [1, 64],
    ["math.least(number, ... or list)", "The smallest of some numbers."],
    extreme("math.least", -1, true),
  ),
  plainFunction(
    "math.ceil",
    [1, 1],
    ["math.ceil(double)", "The next whole number up."],
    onDouble("math.ceil", (x) => toDouble(Math.ceil(x))),
  ),
  plainFunction(
    "math.floor",
    [1, 1],
    ["math.floor(double)", "The next whole number down."],
    onDouble("math.floor", (x) => toDouble(Math.floor(x))),
  ),
  plainFunction(
    "math.round",
    [1, 1],
    ["math.round(double)", "The nearest whole number; halves go away from zero."],
    onDouble("math.round", round),
  ),
  plainFunction(
    "math.trunc",
    [1, 1],
    ["math.trunc(double)", "The number without its decimals."],
    onDouble("math.trunc", (x) => toDouble(Math.trunc(x))),
  ),
  plainFunction("math.abs", [1, 1], ["math.abs(number)", "The number without its sign."], abs),
  plainFunction("math.sign", [1, 1], ["math.sign(number)", "-1, 0 or 1."], sign),
  plainFunction("math.sqrt", [1, 1], ["math.sqrt(number)", "The square root, as a double."], squareRoot),
  plainFunction(
    "math.isNaN",
    [1, 1],
    ["math.isNaN(double)", "Whether the double is not a number."],
    onDouble("math.isNaN", (x) => Number.isNaN(x)),
  ),
  plainFunction(
    "math.isInf",
    [1, 1],
    ["math.isInf(double)", "Whether the double is infinite."],
    onDouble("math.isInf", (x) => Math.abs(x) === Infinity),
  ),
  plainFunction(
    "math.isFinite",
    [1, 1],
    ["math.isFinite(double)", "Whether the double is neither infinite nor not a number."],
    onDouble("math.isFinite", (x) => Number.isFinite(x)),
  ),
  plainFunction(
    "math.bitAnd",
    [2, 2],
    ["math.bitAnd(int, int)", "Bits set in both."],
    bitwise("math.bitAnd", (a, b) => a & b),
  ),
  plainFunction(
    "math.bitOr",
    [2, 2],
    ["math.bitOr(int, int)", "Bits set in either."],
    bitwise("math.bitOr", (a, b) => a | b),
  ),
  plainFunction(
    "math.bitXor",
    [2, 2],
    ["math.bitXor(int, int)", "Bits set in one of them."],
    bitwise("math.bitXor", (a, b) => a ^ b),
  ),
  plainFunction("math.bitNot", [1, 1], ["math.bitNot(int)", "All bits turned."], bitNot),
  plainFunction(
    "math.bitShiftLeft",
    [2, 2],
    ["math.bitShiftLeft(int, int)", "The bits moved to the left."],
    shift("math.bitShiftLeft", (bits, by) => bits << by),
  ),
  plainFunction(
    "math.bitShiftRight",
    [2, 2],
    ["math.bitShiftRight(int, int)", "The bits moved to the right, zeros coming in."],
    shift("math.bitShiftRight", (bits, by) => bits >> by),
  ),
];
