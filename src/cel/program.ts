import { CelError } from "./value.ts";
import type { Value } from "./value.ts";

/**
 * What an expression is evaluated against: an object whose properties are the root variables (`activation.jwt`). Getters
 * make them lazy; undefined means that a variable is not there.
 */
export type Activation = object;

/** What one evaluation carries: the variables, those of macros, and the work it may still do. */
export class Frame {
  readonly activation: Activation;
  readonly locals: Value[];
  work: number;

  constructor(activation: Activation, usesLocals: boolean, work: number) {
    this.activation = activation;
    this.locals = usesLocals ? [] : noLocals;
    this.work = work;
  }
}

const noLocals: Value[] = [];

/** A compiled part of an expression. Never throws by itself; the result may be a CelError. */
export type Program = (frame: Frame) => Value;

/** Rounds of loops, and elements or 64-character pieces handled by functions inside of loops: 5 to 20 ms of work. */
export const defaultWorkLimit = 200_000;

/** Longest string and list that operators and functions build; far above what a request carries. */
export const maxStringLength = 16_777_216;
export const maxListLength = 1_048_576;

const constants = new WeakMap<Program, Value>();

/** A program that always gives the same value, and is known to. */
export function constant(value: Value): Program {
  const program: Program = () => value;
  constants.set(program, value);
  return program;
}

/** The value of a program made by `constant`; undefined for every other. */
export function constantOf(program: Program): Value | undefined {
  return constants.get(program);
}

export function outOfWork(): CelError {
  return new CelError("evaluating takes too much work: its loops are too long for this input");
}

/** What handling a value costs inside a loop, next to the round itself. */
export function weight(value: Value | undefined): number {
  if (typeof value === "string") return value.length >> 6;
  if (Array.isArray(value)) return value.length;
  return value instanceof Uint8Array ? value.length >> 6 : 0;
}

/** Gives an error the place of the node that failed, unless it has one from further inside. */
export function located(error: CelError, at: number): CelError {
  if (error.offset < 0) error.offset = at;
  return error;
}

/** The error of a field, key or variable that is not there. */
export function missing(what: string, at: number): CelError {
  return new CelError(what, "missing", at);
}
