import type { Node } from "../ast.ts";
import type { Program } from "../program.ts";
import type { Compiling, Scope } from "../scope.ts";

/** A use of a macro in an expression. */
export interface MacroCall {
  readonly at: number;
  /** What stands before the dot; undefined for a macro without one. */
  readonly receiver: Node | undefined;
  readonly args: readonly Node[];
}

/** Looks like a function, but takes expressions instead of their values. */
export interface Macro {
  /** As written, with its namespace: `all`, `cel.bind`. */
  readonly name: string;
  /** `method`: it follows a value and a dot. */
  readonly style: "function" | "method";
  /** The numbers of arguments it takes, without what stands before the dot. */
  readonly counts: readonly number[] | "any";
  readonly signature: string;
  readonly summary: string;
  compile(call: MacroCall, scope: Scope, compiling: Compiling): Program;
}
