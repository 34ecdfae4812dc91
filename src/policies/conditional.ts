import type { CompiledExpression } from "../cel/compile.ts";
import { ReadSet } from "../cel/read-set.ts";
import type { Exchange } from "../contract/exchange.ts";
import { holds } from "../cel/environment.ts";

/** One of several forms of a policy, and when it is the one. */
export interface Branch<T> {
  readonly condition: CompiledExpression | undefined;
  readonly value: T;
}

/** Chooses by condition, in the order of the file. */
export interface Choice<T> {
  /** What the conditions read. */
  readonly reads: ReadSet;
  /** The first branch whose condition holds or that has none; undefined when there is no such branch. */
  readonly pick: (exchange: Exchange) => T | undefined;
}

export function compileChoice<T>(branches: readonly Branch<T>[]): Choice<T> {
  const reads = ReadSet.union(branches.flatMap(({ condition }) => (condition === undefined ? [] : [condition.reads])));
  const [first] = branches;
  if (first === undefined) return { reads, pick: () => undefined };
  if (first.condition === undefined) return { reads, pick: () => first.value };
  return {
    reads,
    pick: (exchange) => branches.find(({ condition }) => condition === undefined || holds(condition, exchange))?.value,
  };
}
