import type { CelError, Value } from "../value.ts";

/** What a function does with its operands; for a method the first one is what stands before the dot. */
export type Operation = (...operands: Value[]) => Value;

/** A function of the language. Its operands are never errors, and it never throws. */
export interface FunctionDefinition {
  /** As written, with its namespace: `size`, `base64.encode`. */
  readonly name: string;
  /** `function`: `f(x, y)`. `method`: `x.f(y)`. `both`: either. */
  readonly style: "function" | "method" | "both";
  /** The least and the most operands, what stands before the dot included. */
  readonly operands: readonly [least: number, most: number];
  readonly signature: string;
  readonly summary: string;
  readonly run: Operation;
  /**
   * Does what can be done once, when some operands are written out in the expression (the others are undefined). An error
   * makes the expression unusable; undefined leaves things as they are.
   */
  readonly prepare?: (operands: readonly (Value | undefined)[]) => Operation | CelError | undefined;
  /** It gives a different result each time, so that it is not evaluated when loading. */
  readonly volatile?: true;
}

/** Signature and one sentence on what it does, for the reference page. */
export type Description = readonly [signature: string, summary: string];

/** A function written `f(x, y)`. */
export function plainFunction(
  name: string,
  operands: readonly [least: number, most: number],
  [signature, summary]: Description,
  run: Operation,
): FunctionDefinition {
  return { name, style: "function", operands, signature, summary, run };
}

/** A function written `x.f(y)`; x is its first operand. */
export function method(
  name: string,
  operands: readonly [least: number, most: number],
  [signature, summary]: Description,
  run: Operation,
): FunctionDefinition {
  return { name, style: "method", operands, signature, summary, run };
}
