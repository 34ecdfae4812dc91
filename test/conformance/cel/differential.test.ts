import assert from "node:assert/strict";
import { test } from "node:test";
import { celEnv, isCelError, isCelList, isCelMap, isCelType, isCelUint, parse, plan } from "@bufbuild/cel";
import type { CelResult } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import fc from "fast-check";
import { compileExpression } from "../../../src/cel/compile.ts";
import { isMap, mapGet, mapKeys } from "../../../src/cel/map.ts";
import { doubleValue, isInt } from "../../../src/cel/numbers.ts";
import { CelError, CelType, CelUint, isList } from "../../../src/cel/value.ts";
import type { Value } from "../../../src/cel/value.ts";
import { expressions, variableNames } from "./expressions.ts";

const ours = { i: 42, d: 2.5, s: "héllo", b: true, list: [1, "a", 2.5, null], map: { a: 1, b: [true], c: { d: "x" } } };
const theirs = {
  i: 42n,
  d: 2.5,
  s: "héllo",
  b: true,
  list: [1n, "a", 2.5, null],
  map: new Map<string, bigint | boolean[] | Map<string, string>>([
    ["a", 1n],
    ["b", [true]],
    ["c", new Map([["d", "x"]])],
  ]),
};
const environment = celEnv({ funcs: strings });

/** A value in words that are the same for both engines. */
function describeOurs(value: Value): string {
  if (value instanceof CelError) return "error";
  if (isInt(value)) return `int ${value}`;
  const double = doubleValue(value);
  if (double !== undefined) return `double ${Object.is(double, -0) ? "-0" : double}`;
  if (value instanceof CelUint) return `uint ${value.value}`;
  if (value instanceof CelType) return `type ${value.name}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (isList(value)) return `[${value.map(describeOurs).join(", ")}]`;
  if (isMap(value)) return describeEntries(mapKeys(value).map((key) => [describeOurs(key), describeOurs(mapGet(value, key) as Value)]));
  return JSON.stringify(value);
}

function describeTheirs(value: CelResult): string {
  if (isCelError(value)) return "error";
  if (typeof value === "bigint") return `int ${value}`;
  if (typeof value === "number") return `double ${Object.is(value, -0) ? "-0" : value}`;
  if (isCelUint(value)) return `uint ${value.value}`;
  if (isCelType(value)) return `type ${value.name}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (isCelList(value)) return `[${Array.from(value, describeTheirs).join(", ")}]`;
  if (isCelMap(value)) return describeEntries(Array.from(value, ([key, inner]) => [describeTheirs(key), describeTheirs(inner)]));
  return JSON.stringify(value);
}

function describeEntries(entries: readonly (readonly [string, string])[]): string {
  return `{${entries
    .map(([key, value]) => `${key}: ${value}`)
    .toSorted()
    .join(", ")}}`;
}

test("generated expressions mean the same to @bufbuild/cel", (context) => {
  let values = 0;
  let runs = 0;
  const property = fc.property(expressions, (source) => {
    const expected = describeTheirs(plan(environment, parse(source))(theirs));
    const actual = describeOurs(compileExpression(source, { roots: variableNames }).evaluate(ours));
    runs++;
    if (actual !== "error") values++;
    assert.equal(actual, expected, source);
  });
  fc.assert(property, { numRuns: 6_000, seed: 20261122, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false });
  context.diagnostic(`${runs} expressions, ${values} of which have a value`);
  assert.ok(values > 500, "hardly any expression had a value");
});
