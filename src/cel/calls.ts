import type { CallNode } from "./ast.ts";
import { dottedName } from "./ast.ts";
import { folded } from "./collections.ts";
import type { FunctionDefinition, Operation } from "./functions/definition.ts";
import { methods, plainFunctions } from "./functions/table.ts";
import { acceptsCount, findMacro, macroFamilies } from "./macros/table.ts";
import { constantOf, located, outOfWork, weight } from "./program.ts";
import type { Frame, Program } from "./program.ts";
import type { Compiling, Scope } from "./scope.ts";
import { closest } from "../base/closest.ts";
import { CelError } from "./value.ts";
import type { Value } from "./value.ts";

/** Compiles `f(x)`, `namespace.f(x)` and `x.f()`: a macro if one of that name takes as many arguments, else a function. */
export function compileCall(node: CallNode, scope: Scope, compiling: Compiling): Program {
  const { receiver, args, at, name } = node;
  const namespace = receiver === undefined ? "" : namespaceOf(node, scope);
  if (namespace !== undefined) {
    const fullName = namespace === "" ? name : `${namespace}.${name}`;
    const macro = findMacro(fullName, "function");
    if (macro !== undefined && acceptsCount(macro, args.length)) return macro.compile({ at, receiver: undefined, args }, scope, compiling);
    const definition = plainFunctions.get(fullName);
    if (definition !== undefined || receiver === undefined) {
      return callFunction(definition, { ...node, name: fullName, receiver: undefined }, scope, compiling);
    }
    if (macro !== undefined) return compiling.fail(at, wrongCount(fullName, macro.signature));
  }
  const macro = findMacro(name, "method");
  if (macro !== undefined && acceptsCount(macro, args.length)) return macro.compile({ at, receiver, args }, scope, compiling);
  return callFunction(methods.get(name), node, scope, compiling);
}

/** The name before the dot if functions have that as a namespace and no variable of a macro hides it. */
function namespaceOf({ receiver, name }: CallNode, scope: Scope): string | undefined {
  const namespace = receiver === undefined ? undefined : dottedName(receiver);
  if (namespace === undefined || scope.find(namespace.split(".", 1)[0] as string) !== undefined) return undefined;
  const fullName = `${namespace}.${name}`;
  return plainFunctions.has(fullName) || findMacro(fullName, "function") !== undefined ? namespace : undefined;
}

function callFunction(definition: FunctionDefinition | undefined, node: CallNode, scope: Scope, compiling: Compiling): Program {
  const { receiver, args, at, name } = node;
  if (definition === undefined) return compiling.unknown(at, unknownFunction(name, receiver !== undefined));
  const operands = (receiver === undefined ? args : [receiver, ...args]).map((operand) => compiling.compile(operand, scope));
  const [least, most] = definition.operands;
  if (operands.length < least || operands.length > most) return compiling.unknown(at, wrongCount(name, definition.signature));
  const constants = operands.map(constantOf);
  const prepared = constants.some((value) => value !== undefined) ? definition.prepare?.(constants) : undefined;
  if (prepared instanceof CelError) return compiling.fail((args[0] ?? node).at, prepared.message);
  const call = callWith(operands, prepared ?? definition.run, at, scope.inLoop);
  const foldable = definition.volatile !== true && constants.every((value) => value !== undefined);
  return foldable ? folded(callWith(operands, prepared ?? definition.run, at, false)) : call;
}

/** One closure per number of operands: spreading a list of them would cost more than most functions. */
function callWith(operands: readonly Program[], run: Operation, at: number, inLoop: boolean): Program {
  const [first, second] = operands;
  if (inLoop || first === undefined || operands.length > 2) return callWithMany(operands, run, at, inLoop);
  if (second === undefined) {
    return (frame) => {
      const a = first(frame);
      if (a instanceof CelError) return a;
      const result = run(a);
      return result instanceof CelError ? located(result, at) : result;
    };
  }
  const fixed = constantOf(second);
  if (fixed !== undefined) {
    return (frame) => {
      const a = first(frame);
      if (a instanceof CelError) return a;
      const result = run(a, fixed);
      return result instanceof CelError ? located(result, at) : result;
    };
  }
  return (frame) => {
    const a = first(frame);
    if (a instanceof CelError) return a;
    const b = second(frame);
    if (b instanceof CelError) return b;
    const result = run(a, b);
    return result instanceof CelError ? located(result, at) : result;
  };
}

/** Inside a loop, the size of what goes in and comes out is counted as work. */
function callWithMany(operands: readonly Program[], run: Operation, at: number, inLoop: boolean): Program {
  return (frame: Frame) => {
    const values: Value[] = [];
    for (const operand of operands) {
      const value = operand(frame);
      if (value instanceof CelError) return value;
      if (inLoop) frame.work -= weight(value);
      values.push(value);
    }
    if (frame.work < 0) return located(outOfWork(), at);
    const result = run(...values);
    if (inLoop) frame.work -= weight(result);
    return result instanceof CelError ? located(result, at) : result;
  };
}

function wrongCount(name: string, signature: string): string {
  return `wrong number of arguments for ${name}: ${signature}`;
}

function unknownFunction(name: string, isMethod: boolean): string {
  const macro = findMacro(name, isMethod ? "method" : "function");
  if (macro !== undefined) return wrongCount(name, macro.signature);
  const other = isMethod ? plainFunctions.get(name) : methods.get(name);
  const otherMacro = findMacro(name, isMethod ? "function" : "method");
  const signature = other?.signature ?? otherMacro?.signature;
  if (signature !== undefined) return `${name} is ${isMethod ? "no method" : "a method"}: ${signature}`;
  const guess = closest(name, functionNames());
  return `unknown ${isMethod ? "method" : "function"} "${name}"${guess === undefined ? "" : `; did you mean "${guess}"?`}`;
}

function functionNames(): Set<string> {
  const macros = macroFamilies.flatMap((family) => family.macros.map((macro) => macro.name));
  return new Set([...plainFunctions.keys(), ...methods.keys(), ...macros]);
}
