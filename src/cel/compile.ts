import { dottedName } from "./ast.ts";
import type { Node } from "./ast.ts";
import { indexBy, selectField, selectOptional } from "./access.ts";
import { compileCall } from "./calls.ts";
import { roots as knownRoots } from "./roots.ts";
import { listOf, mapOf } from "./collections.ts";
import { binary, conditional, logic, minus, not } from "./operators.ts";
import { parse } from "./parser.ts";
import { Frame, constant, defaultWorkLimit, missing } from "./program.ts";
import type { Activation, Program } from "./program.ts";
import { ReadSet } from "./read-set.ts";
import { Scope } from "./scope.ts";
import type { Compiling } from "./scope.ts";
import { closest } from "../base/closest.ts";
import { CelSyntaxError, positionAt } from "./syntax-error.ts";
import { CelError, types } from "./value.ts";
import type { CelType, Value } from "./value.ts";

export interface CompileOptions {
  /** The names of the root variables; those of the gateway by default. A name with dots in it is one variable. */
  readonly roots?: Iterable<string>;
  /** false: unknown variables and functions fail when they are evaluated, instead of making the expression unusable. */
  readonly strict?: boolean;
  /** Rounds of loops, and pieces of work inside them, that one evaluation may take. */
  readonly workLimit?: number;
}

/** An expression, ready to be evaluated as often as needed. Immutable, and free of state between evaluations. */
export interface CompiledExpression {
  readonly source: string;
  readonly reads: ReadSet;
  /** What cannot be meant, with its place: fields that a variable never has. To be shown when loading. */
  readonly warnings: readonly string[];
  /** Never throws: whatever goes wrong is a CelError, even a getter of the host that throws. */
  evaluate(activation: Activation): Value;
  /** For conditions: an error when the value is no bool. */
  evaluateBoolean(activation: Activation): boolean | CelError;
  /** An error as people read it: where, and what. */
  describe(error: CelError): string;
}

/**
 * Compiles an expression. Done once, when the configuration is loaded.
 *
 * @throws CelSyntaxError with line and column: bad syntax, unknown variables and functions, bad literals
 */
export function compileExpression(source: string, options: CompileOptions = {}): CompiledExpression {
  const compiler = new Compiler(source, options);
  const program = compiler.compile(parse(source), Scope.outermost);
  return new Expression(source, program, compiler, options.workLimit ?? defaultWorkLimit);
}

class Expression implements CompiledExpression {
  readonly source: string;
  readonly reads: ReadSet;
  readonly warnings: readonly string[];
  readonly #program: Program;
  readonly #usesLocals: boolean;
  readonly #workLimit: number;

  constructor(source: string, program: Program, compiler: Compiler, workLimit: number) {
    this.source = source;
    this.reads = compiler.readSet();
    this.warnings = compiler.warnings;
    this.#program = program;
    this.#usesLocals = compiler.usesLocals;
    this.#workLimit = workLimit;
  }

  evaluate(activation: Activation): Value {
    try {
      return this.#program(new Frame(activation, this.#usesLocals, this.#workLimit));
    } catch (error) {
      // Getters of the host may throw, and V8 does so when it runs out of stack or string length.
      return new CelError(`evaluating broke off: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  evaluateBoolean(activation: Activation): boolean | CelError {
    const value = this.evaluate(activation);
    if (typeof value === "boolean" || value instanceof CelError) return value;
    return new CelError("the expression is no condition: it gives neither true nor false");
  }

  describe(error: CelError): string {
    if (error.offset < 0) return error.message;
    const { line, column } = positionAt(this.source, error.offset);
    return `${line}:${column}: ${error.message}`;
  }
}

/** Names of types in expressions: `type(x) == int`. */
const typeNames = new Map<string, CelType>(Object.values(types).map((type) => [type.name, type]));

class Compiler implements Compiling {
  usesLocals = false;
  readonly warnings: string[] = [];
  readonly #source: string;
  readonly #roots: ReadonlySet<string>;
  /** Whether the variables are not those of the gateway. */
  readonly #ownRoots: boolean;
  readonly #strict: boolean;
  readonly #paths = new Set<string>();
  #readsEverything = false;

  constructor(source: string, options: CompileOptions) {
    this.#source = source;
    this.#ownRoots = options.roots !== undefined;
    this.#roots = new Set(options.roots ?? knownRoots.map(({ name }) => name));
    this.#strict = options.strict ?? true;
  }

  readSet(): ReadSet {
    return new ReadSet(this.#paths, this.#readsEverything);
  }

  compile(node: Node, scope: Scope): Program {
    switch (node.kind) {
      case "literal":
        return constant(node.value);
      case "name":
      case "select":
      case "index":
        return this.#access(node, scope);
      case "call":
        return compileCall(node, scope, this);
      case "unary": {
        const operand = this.compile(node.operand, scope);
        return node.operator === "!" ? not(operand, node.at) : minus(operand, node.at);
      }
      case "binary":
        return binary(
          node.operator,
          { left: this.compile(node.left, scope), right: this.compile(node.right, scope) },
          node.at,
          scope.inLoop,
        );
      case "logic": {
        const terms = node.terms.map((term) => this.compile(term, scope));
        return logic(terms, node.operator === "||", node.at);
      }
      case "conditional":
        return conditional(this.compile(node.condition, scope), this.compile(node.yes, scope), this.compile(node.no, scope), node.at);
      case "list":
        return listOf(
          node.elements.map((element) => ({ program: this.compile(element.node, scope), optional: element.optional, at: element.node.at })),
        );
      case "map":
        return mapOf(
          node.entries.map(({ key, value, optional }) => ({
            key: this.compile(key, scope),
            value: this.compile(value, scope),
            optional,
            at: key.at,
          })),
        );
    }
  }

  /** A variable with the fields and elements that are read of it: `request.headers["x-team"]`. */
  #access(node: Node, scope: Scope): Program {
    const steps: Extract<Node, { kind: "select" | "index" }>[] = [];
    let base: Node = node;
    while (base.kind === "select" || base.kind === "index") {
      steps.unshift(base);
      base = base.operand;
    }
    const start = base.kind === "name" ? this.#start(base, steps, scope) : { program: this.compile(base, scope), used: 0 };
    return steps.slice(start.used).reduce((operand, step) => this.#step(operand, step, scope), start.program);
  }

  #step(operand: Program, step: Extract<Node, { kind: "select" | "index" }>, scope: Scope): Program {
    if (step.kind === "select") {
      return step.optional ? selectOptional(operand, constant(step.field), step.at) : selectField(operand, step.field, step.at);
    }
    const key = this.compile(step.key, scope);
    return step.optional ? selectOptional(operand, key, step.at) : indexBy(operand, key, step.at);
  }

  /** What a chain begins with, and how many of its steps belong to the name. */
  #start(base: Extract<Node, { kind: "name" }>, steps: readonly Node[], scope: Scope): { program: Program; used: number } {
    const { name, at } = base;
    const slot = scope.find(name);
    if (slot !== undefined) return { program: (frame) => frame.locals[slot] as Value, used: 0 };
    for (let used = steps.length; used >= 0; used--) {
      const fullName = used === 0 ? name : dottedName(steps[used - 1] as Node);
      if (fullName === undefined) continue;
      if (this.#roots.has(fullName)) {
        this.#paths.add(pathOf(fullName, steps.slice(used)));
        this.#checkField(fullName, steps[used]);
        return { program: readRoot(fullName, at), used };
      }
      const type = typeNames.get(fullName);
      if (type !== undefined) return { program: constant(type), used };
    }
    return { program: this.unknown(at, this.#unknownVariable(name)), used: 0 };
  }

  declare(scope: Scope, name: string, loop: boolean): Scope {
    this.usesLocals = true;
    return new Scope(scope, name, scope.slot + 1, scope.inLoop || loop);
  }

  variableName(node: Node): string {
    if (node.kind === "name") return node.name;
    // cel.iterVar(0, 1), which tools write where people write a name.
    if (node.kind === "call" && node.name === "iterVar" && node.receiver !== undefined && dottedName(node.receiver) === "cel") {
      const numbers = node.args.map((arg) => (arg.kind === "literal" ? arg.value : undefined));
      if (numbers.length === 2 && numbers.every((number) => typeof number === "number")) return `@iter${numbers.join(":")}`;
    }
    return this.fail(node.at, "expected the name of a variable");
  }

  readEverything(): readonly string[] {
    this.#readsEverything = true;
    return Array.from(this.#roots);
  }

  unknown(at: number, detail: string): Program {
    if (this.#strict) return this.fail(at, detail);
    const error = missing(detail, at);
    return () => error;
  }

  fail(at: number, detail: string): never {
    throw new CelSyntaxError(this.#source, at, detail);
  }

  /** The gateway's own variables are known by field; a misspelt one would only ever fail. */
  #checkField(root: string, step: Node | undefined): void {
    const variable = this.#ownRoots ? undefined : knownRoots.find(({ name }) => name === root);
    if (variable === undefined || variable.open || step?.kind !== "select" || Object.hasOwn(variable.fields, step.field)) return;
    const guess = closest(step.field, Object.keys(variable.fields));
    const { line, column } = positionAt(this.#source, step.at);
    this.warnings.push(`${line}:${column}: ${root} has no field "${step.field}"${guess === undefined ? "" : `; did you mean "${guess}"?`}`);
  }

  #unknownVariable(name: string): string {
    const guess = closest(name, this.#roots);
    if (guess !== undefined) return `unknown variable "${name}"; did you mean "${guess}"?`;
    return `unknown variable "${name}"; there are ${Array.from(this.#roots).join(", ")}`;
  }
}

function readRoot(name: string, at: number): Program {
  const absent = missing(`the variable ${name} is not there`, at);
  return (frame) => {
    const value = (frame.activation as Readonly<Record<string, Value | undefined>>)[name];
    return value === undefined ? absent : value;
  };
}

/** The path that a chain reads, as far as it is written out. */
function pathOf(root: string, steps: readonly Node[]): string {
  let path = root;
  for (const step of steps) {
    const key = step.kind === "select" ? step.field : step.kind === "index" && step.key.kind === "literal" ? step.key.value : undefined;
    if (typeof key !== "string" || !/^[\w-]+$/.test(key)) break;
    path += `.${key}`;
  }
  return path;
}
