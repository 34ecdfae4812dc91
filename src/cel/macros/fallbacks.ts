import type { Node } from "../ast.ts";
import { hasField } from "../access.ts";
import { CelError, CelObject } from "../value.ts";
import type { Value } from "../value.ts";
import type { Macro } from "./macro.ts";

/** All root variables as one map, read when asked for. */
class RootsView extends CelObject {
  readonly #activation: Readonly<Record<string, unknown>>;
  readonly #names: readonly string[];

  constructor(activation: object, names: readonly string[]) {
    super();
    this.#activation = activation as Readonly<Record<string, unknown>>;
    this.#names = names;
  }

  get(name: string): unknown {
    return this.#names.includes(name) ? this.#activation[name] : undefined;
  }

  keys(): Iterable<string> {
    return this.#names;
  }
}

export const fallbackMacros: readonly Macro[] = [
  {
    name: "has",
    style: "function",
    counts: [1],
    signature: "has(x.field) or has(variable) -> bool",
    summary: "Whether a map has a field, or whether a variable such as jwt is there at all.",
    compile({ at, args }, scope, compiling) {
      const target = args[0] as Node;
      if (target.kind === "select") {
        const { operand, field } = target;
        const isRoot = operand.kind === "name" && scope.find(operand.name) === undefined;
        // Compiled whole as well, so that the field counts as read.
        compiling.compile(target, scope);
        const program = compiling.compile(operand, scope);
        return hasField(program, field, at, isRoot);
      }
      if (target.kind === "name") {
        const variable = compiling.compile(target, scope);
        return (frame) => {
          const value = variable(frame);
          if (value instanceof CelError) return value.kind === "missing" ? false : value;
          return true;
        };
      }
      return compiling.fail(at, "has() takes a field, has(x.field), or a variable");
    },
  },
  {
    name: "default",
    style: "function",
    counts: [2],
    signature: "default(expression, fallback)",
    summary: "The expression, or the fallback when it is null or something it reads is not there. Other errors stay errors.",
    compile({ args }, scope, compiling) {
      const expression = compiling.compile(args[0] as Node, scope);
      const fallback = compiling.compile(args[1] as Node, scope);
      return (frame) => {
        const value = expression(frame);
        if (value === null) return fallback(frame);
        return value instanceof CelError && value.kind === "missing" ? fallback(frame) : value;
      };
    },
  },
  {
    name: "coalesce",
    style: "function",
    counts: "any",
    signature: "coalesce(expression, ...)",
    summary: "The first expression that neither fails nor is null; null if there is none but one was null.",
    compile({ at, args }, scope, compiling) {
      if (args.length === 0) return compiling.fail(at, "coalesce() takes at least one argument");
      const programs = args.map((node) => compiling.compile(node, scope));
      return (frame) => {
        let result: Value | undefined;
        for (const program of programs) {
          const value = program(frame);
          if (value !== null && !(value instanceof CelError)) return value;
          if (result !== null) result = value;
        }
        return result as Value;
      };
    },
  },
  {
    name: "variables",
    style: "function",
    counts: [0],
    signature: "variables() -> map",
    summary: "Every root variable that is there, as one map. Makes the gateway keep everything, bodies included.",
    compile(_call, _scope, compiling) {
      const names = compiling.readEverything();
      return (frame) => new RootsView(frame.activation, names);
    },
  },
];
