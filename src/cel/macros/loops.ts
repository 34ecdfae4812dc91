import type { Node } from "../ast.ts";
import { compare } from "../compare.ts";
import { CelMap, isMap, mapGet, mapKeys } from "../map.ts";
import type { Compiling, Scope } from "../scope.ts";
import { CelError, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import { loop } from "./fold.ts";
import type { Body, Fold } from "./fold.ts";
import type { Macro } from "./macro.ts";

/** The last argument, evaluated for each element; behind a filter if there is one. */
function body(compiling: Compiling, value: Node, filter?: Node): (inner: Scope) => Body {
  return (inner) => {
    const result = compiling.compile(value, inner);
    if (filter === undefined) return result;
    const keep = compiling.compile(filter, inner);
    return (frame) => {
      const kept = keep(frame);
      if (kept === true) return result(frame);
      if (kept === false) return undefined;
      return kept instanceof CelError ? kept : noOverload("filter", kept);
    };
  };
}

/** The true or false that ends a loop; anything else is remembered and is the result unless a later element ends it. */
function quantifier(deciding: boolean, name: string): Fold<{ failed: Value | undefined }> {
  return {
    start: () => ({ failed: undefined }),
    step(state, value) {
      if (value === deciding) return deciding;
      if (typeof value !== "boolean") state.failed ??= value instanceof CelError ? value : noOverload(name, value);
      return undefined;
    },
    finish: (state) => state.failed ?? !deciding,
  };
}

const exactlyOne: Fold<{ count: number }> = {
  start: () => ({ count: 0 }),
  step(state, value) {
    if (value === true) state.count++;
    else if (value !== false) return value instanceof CelError ? value : noOverload("exists_one", value);
    return undefined;
  },
  finish: (state) => state.count === 1,
};

const collect: Fold<Value[]> = {
  start: () => [],
  step(list, value) {
    if (value instanceof CelError) return value;
    list.push(value);
    return undefined;
  },
  finish: (list) => list,
};

const keepElements: Fold<Value[]> = {
  start: () => [],
  step(list, value, element) {
    if (value === true) list.push(element);
    else if (value !== false) return value instanceof CelError ? value : noOverload("filter", value);
    return undefined;
  },
  finish: (list) => list,
};

const collectByKey: Fold<CelMap> = {
  start: () => new CelMap(),
  step(map, value, key) {
    if (value instanceof CelError) return value;
    map.set(key, value);
    return undefined;
  },
  finish: (map) => map,
};

const collectEntries: Fold<CelMap> = {
  start: () => new CelMap(),
  step(map, value) {
    if (value instanceof CelError) return value;
    if (!isMap(value)) return noOverload("transformMapEntry", value);
    for (const key of mapKeys(value)) {
      const error = map.add(key, mapGet(value, key) as Value);
      if (error !== undefined) return error;
    }
    return undefined;
  },
  finish: (map) => map,
};

const keepEntries: Fold<CelMap> = {
  start: () => new CelMap(),
  step(map, value, key, companion) {
    if (value === true) map.set(key, companion);
    else if (value !== false) return value instanceof CelError ? value : noOverload("filterKeys", value);
    return undefined;
  },
  finish: (map) => map,
};

const sortByKey: Fold<{ key: Value; element: Value }[]> = {
  start: () => [],
  step(pairs, key, element) {
    const first = pairs[0];
    const order = key instanceof CelError ? key : compare(first === undefined ? key : first.key, key);
    if (order instanceof CelError) return order;
    pairs.push({ key, element });
    return undefined;
  },
  finish: (pairs) => pairs.sort((a, b) => Number(compare(a.key, b.key))).map(({ element }) => element),
};

/** A macro whose first two arguments may both be variables. */
function overOneOrTwo<State>(name: string, summary: string, fold: Fold<State>): Macro {
  return {
    name,
    style: "method",
    counts: [2, 3],
    signature: `x.${name}(element, condition) or x.${name}(key, value, condition) -> bool`,
    summary,
    compile: (call, scope, compiling) =>
      loop(call, scope, compiling, {
        over: call.args.length === 3 ? "pairs" : "elements",
        body: body(compiling, call.args.at(-1) as Node),
        fold,
      }),
  };
}

/** A macro with two variables, and a filter that may be left out. */
function transform<State>(name: string, signature: string, summary: string, fold: Fold<State>): Macro {
  return {
    name,
    style: "method",
    counts: [3, 4],
    signature,
    summary,
    compile: (call, scope, compiling) =>
      loop(call, scope, compiling, {
        over: "pairs",
        body: body(compiling, call.args.at(-1) as Node, call.args.length === 4 ? call.args[2] : undefined),
        fold,
      }),
  };
}

export const loopMacros: readonly Macro[] = [
  overOneOrTwo("all", "Whether a condition holds for every element (key, if x is a map).", quantifier(false, "all")),
  overOneOrTwo("exists", "Whether a condition holds for some element (key).", quantifier(true, "exists")),
  overOneOrTwo("exists_one", "Whether a condition holds for exactly one element (key).", exactlyOne),
  overOneOrTwo("existsOne", "The same as exists_one.", exactlyOne),
  {
    name: "map",
    style: "method",
    counts: [2, 3],
    signature: "x.map(element, result) or x.map(element, condition, result) -> list",
    summary: "A list with one result per element (key), of those for which the condition holds.",
    compile: (call, scope, compiling) =>
      loop(call, scope, compiling, {
        over: "elements",
        body: body(compiling, call.args.at(-1) as Node, call.args.length === 3 ? call.args[1] : undefined),
        fold: collect,
      }),
  },
  {
    name: "filter",
    style: "method",
    counts: [2],
    signature: "x.filter(element, condition) -> list",
    summary: "A list of the elements (keys) for which a condition holds.",
    compile: (call, scope, compiling) =>
      loop(call, scope, compiling, { over: "elements", body: body(compiling, call.args[1] as Node), fold: keepElements }),
  },
  {
    name: "sortBy",
    style: "method",
    counts: [2],
    signature: "list.sortBy(element, key) -> list",
    summary: "The list in ascending order of a key computed from each element.",
    compile: (call, scope, compiling) =>
      loop(call, scope, compiling, { over: "elements", body: body(compiling, call.args[1] as Node), fold: sortByKey }),
  },
  transform(
    "transformList",
    "x.transformList(key, value, result) or x.transformList(key, value, condition, result) -> list",
    "A list with one result per entry of a map, or per index and element of a list.",
    collect,
  ),
  transform(
    "transformMap",
    "x.transformMap(key, value, result) or x.transformMap(key, value, condition, result) -> map",
    "A map with the same keys and one result for each.",
    collectByKey,
  ),
  transform(
    "transformMapEntry",
    "x.transformMapEntry(key, value, map) or x.transformMapEntry(key, value, condition, map) -> map",
    "The entries of all the maps that the last argument gives, one for each entry of x.",
    collectEntries,
  ),
  {
    name: "mapValues",
    style: "method",
    counts: [2],
    signature: "map.mapValues(value, result) -> map",
    summary: "A map of the same keys with a result for each value.",
    compile: (call, scope, compiling) =>
      loop(call, scope, compiling, { over: "values", body: body(compiling, call.args[1] as Node), fold: collectByKey }),
  },
  {
    name: "filterKeys",
    style: "method",
    counts: [2],
    signature: "map.filterKeys(key, condition) -> map",
    summary: "The entries of a map for whose key a condition holds.",
    compile: (call, scope, compiling) =>
      loop(call, scope, compiling, { over: "keys", body: body(compiling, call.args[1] as Node), fold: keepEntries }),
  },
];
