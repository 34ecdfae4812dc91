import type { Node } from "../ast.ts";
import { constantOf } from "../program.ts";
import type { Program } from "../program.ts";
import type { Scope } from "../scope.ts";
import { CelError, CelOptional, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { Macro } from "./macro.ts";

/** Gives a name to a value inside an expression. What fails only fails where the name is used. */
function bound(value: Program, slot: number, body: Program): Program {
  return (frame) => {
    frame.locals[slot] = value(frame);
    return body(frame);
  };
}

function onOptional(name: string, flat: boolean, summary: string): Macro {
  return {
    name,
    style: "method",
    counts: [2],
    signature: `optional.${name}(value, ${flat ? "optional" : "result"}) -> optional`,
    summary,
    compile({ receiver, args, at }, scope, compiling) {
      const optional = compiling.compile(receiver as Node, scope);
      const inner = compiling.declare(scope, compiling.variableName(args[0] as Node), false);
      const body = compiling.compile(args[1] as Node, inner);
      return (frame) => {
        const value = optional(frame);
        if (value instanceof CelError) return value;
        if (!(value instanceof CelOptional)) return new CelError(noOverload(name, value).message, "failed", at);
        if (value.value === undefined) return CelOptional.none;
        frame.locals[inner.slot] = value.value;
        const result = body(frame);
        return flat || result instanceof CelError ? result : new CelOptional(result);
      };
    },
  };
}

/** The name under which `cel.block` keeps the value of one of its expressions. */
function blockVariable(index: number): string {
  return `@index${index}`;
}

export const bindingMacros: readonly Macro[] = [
  {
    name: "cel.bind",
    style: "function",
    counts: [3],
    signature: "cel.bind(name, value, expression)",
    summary: "The expression with a name for a value that it uses more than once.",
    compile({ args }, scope, compiling) {
      const value = compiling.compile(args[1] as Node, scope);
      const inner = compiling.declare(scope, compiling.variableName(args[0] as Node), false);
      return bound(value, inner.slot, compiling.compile(args[2] as Node, inner));
    },
  },
  {
    name: "with",
    style: "method",
    counts: [2],
    signature: "value.with(name, expression)",
    summary: "The expression with a name for the value: json(request.body).with(b, b.first + b.last).",
    compile({ receiver, args }, scope, compiling) {
      const value = compiling.compile(receiver as Node, scope);
      const inner = compiling.declare(scope, compiling.variableName(args[0] as Node), false);
      return bound(value, inner.slot, compiling.compile(args[1] as Node, inner));
    },
  },
  onOptional("optMap", false, "An optional with the result for the value of an optional, empty when that is."),
  onOptional("optFlatMap", true, "What an expression that gives an optional gives for the value of one, empty when that is."),
  {
    name: "cel.block",
    style: "function",
    counts: [2],
    signature: "cel.block([value, ...], expression)",
    summary: "The expression with numbered values, cel.index(0) and so on. Written by tools rather than people.",
    compile({ at, args }, scope, compiling) {
      const [list, body] = args as [Node, Node];
      if (list.kind !== "list") return compiling.fail(at, "the first argument of cel.block is a list of expressions");
      let inner: Scope = scope;
      const values = list.elements.map(({ node }, index) => {
        const program = compiling.compile(node, inner);
        inner = compiling.declare(inner, blockVariable(index), false);
        return { program, slot: inner.slot };
      });
      const result = compiling.compile(body, inner);
      return (frame) => {
        for (const { program, slot } of values) frame.locals[slot] = program(frame);
        return result(frame);
      };
    },
  },
  {
    name: "cel.index",
    style: "function",
    counts: [1],
    signature: "cel.index(number)",
    summary: "One of the values of the cel.block around it.",
    compile({ at, args }, scope, compiling) {
      const index = constantOf(compiling.compile(args[0] as Node, scope));
      const slot = typeof index === "number" ? scope.find(blockVariable(index)) : undefined;
      if (slot === undefined) return compiling.fail(at, "no cel.block around this has a value of that number");
      return (frame) => frame.locals[slot] as Value;
    },
  },
  {
    name: "cel.iterVar",
    style: "function",
    counts: [2],
    signature: "cel.iterVar(depth, number)",
    summary: "A loop variable without a name of its own. Written by tools rather than people.",
    compile({ at, args }, scope, compiling) {
      const name = compiling.variableName({ kind: "call", at, name: "iterVar", receiver: { kind: "name", at, name: "cel" }, args });
      return compiling.compile({ kind: "name", at, name }, scope);
    },
  },
];
