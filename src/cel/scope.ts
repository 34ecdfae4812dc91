import type { Node } from "./ast.ts";
import type { Program } from "./program.ts";

/** The variables that macros have introduced around a node, innermost first. */
export class Scope {
  static readonly outermost = new Scope(undefined, "", -1, false);
  readonly parent: Scope | undefined;
  readonly name: string;
  /** Where the variable lies in the locals of a frame. Macros beside each other use the same places. */
  readonly slot: number;
  /** Whether the node is evaluated once per element of something. */
  readonly inLoop: boolean;

  constructor(parent: Scope | undefined, name: string, slot: number, inLoop: boolean) {
    this.parent = parent;
    this.name = name;
    this.slot = slot;
    this.inLoop = inLoop;
  }

  find(name: string): number | undefined {
    return this.name === name ? this.slot : this.parent?.find(name);
  }
}

/** What macros and the compilers of single nodes need from the compiler. */
export interface Compiling {
  compile(node: Node, scope: Scope): Program;
  /** A scope with one more variable. `loop`: the variable takes one value after the other. */
  declare(scope: Scope, name: string, loop: boolean): Scope;
  /** The name of a variable that a macro introduces, as written. @throws CelSyntaxError for anything but a plain name. */
  variableName(node: Node): string;
  /** Notes that everything is read, and gives the names of all root variables. */
  readEverything(): readonly string[];
  /** A name that means nothing: an error when loading or, where leniency is asked for, a program that fails. */
  unknown(at: number, detail: string): Program;
  /** @throws CelSyntaxError always */
  fail(at: number, detail: string): never;
}
