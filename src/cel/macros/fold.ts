import { isMap, mapGet, mapKeys } from "../map.ts";
import { located, outOfWork } from "../program.ts";
import type { Frame, Program } from "../program.ts";
import type { Compiling, Scope } from "../scope.ts";
import { CelError, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { MacroCall } from "./macro.ts";

/** What a loop makes of its elements. */
export interface Fold<State> {
  start(): State;
  /**
   * Takes what the body gives for one element (undefined: the body says to leave it out).
   *
   * @param element the list's element, or the key
   * @param companion the value of the key, where the loop is over pairs
   * @returns the result, if the loop ends here
   */
  step(state: State, result: Value, element: Value, companion: Value): Value | undefined;
  finish(state: State): Value;
}

/** Gives the body's value for an element, or undefined to leave the element out. */
export type Body = (frame: Frame) => Value | undefined;

/**
 * What the variables of a loop stand for. "elements": one, the element of a list or key of a map. "pairs": two, index and
 * element or key and value. "keys" and "values": one, and only maps are looped over.
 */
export type LoopOver = "elements" | "pairs" | "keys" | "values";

interface Elements {
  /** The elements of a list or the keys of a map; for pairs over a list, its indices. */
  readonly first: readonly Value[];
  /** The values that go with them. */
  readonly second: readonly Value[] | undefined;
}

/**
 * Compiles a loop. Its first argument, or first two for pairs, name the variables.
 *
 * @param options.body compiles the other arguments
 */
export function loop<State>(
  call: MacroCall,
  scope: Scope,
  compiling: Compiling,
  options: { over: LoopOver; body: (inner: Scope) => Body; fold: Fold<State> },
): Program {
  const { at, receiver, args } = call;
  if (receiver === undefined) throw new TypeError("loops are methods");
  const { over, fold } = options;
  const range = compiling.compile(receiver, scope);
  const names = args.slice(0, over === "pairs" ? 2 : 1).map((node) => compiling.variableName(node));
  if (names[0] === names[1]) compiling.fail(at, `the two variables of a loop cannot share the name "${names[0]}"`);
  let inner = scope;
  for (const name of names) inner = compiling.declare(inner, name, true);
  const body = options.body(inner);
  const last = inner.slot;
  const firstSlot = over === "pairs" ? last - 1 : over === "values" ? undefined : last;
  const secondSlot = over === "pairs" || over === "values" ? last : undefined;
  return (frame) => {
    const value = range(frame);
    if (value instanceof CelError) return value;
    const elements = elementsOf(value, over);
    if (elements === undefined) return located(noOverload("a loop", value), at);
    const { first, second } = elements;
    const state = fold.start();
    for (let i = 0; i < first.length; i++) {
      if (--frame.work < 0) return located(outOfWork(), at);
      const element = first[i] as Value;
      const companion = second === undefined ? null : (second[i] as Value);
      if (firstSlot !== undefined) frame.locals[firstSlot] = element;
      if (secondSlot !== undefined) frame.locals[secondSlot] = companion;
      const one = body(frame);
      const result = one === undefined ? undefined : fold.step(state, one, element, companion);
      if (result !== undefined) return result instanceof CelError ? located(result, at) : result;
    }
    return fold.finish(state);
  };
}

function elementsOf(value: Value, over: LoopOver): Elements | undefined {
  if (Array.isArray(value)) {
    if (over === "elements") return { first: value, second: undefined };
    return over === "pairs" ? { first: value.map((_, i) => i), second: value } : undefined;
  }
  if (!isMap(value)) return undefined;
  const keys = mapKeys(value);
  return { first: keys, second: over === "elements" ? undefined : keys.map((key) => mapGet(value, key) as Value) };
}
