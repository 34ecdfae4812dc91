import assert from "node:assert/strict";
import { test } from "node:test";
import { compileExpression } from "../../../src/cel/compile.ts";
import { equals } from "../../../src/cel/compare.ts";
import { mapGet, mapKeys, isMap } from "../../../src/cel/map.ts";
import { CelSyntaxError } from "../../../src/cel/syntax-error.ts";
import { CelError, isList, typeOf } from "../../../src/cel/value.ts";
import type { Value } from "../../../src/cel/value.ts";
import { expectedFailures } from "./expected-failures.ts";
import { fromVector, readVectors } from "./vectors.ts";
import type { Vector } from "./vectors.ts";

/** Runs a vector; undefined if it passes, else what went wrong. */
function run(vector: Vector): string | undefined {
  let result: Value;
  try {
    const roots = [...vector.variables, ...Object.keys(vector.bindings)];
    const expression = compileExpression(vector.expr, { roots, strict: !vector.disableCheck });
    if (vector.checkOnly) return undefined;
    const activation = Object.fromEntries(Object.entries(vector.bindings).map(([name, value]) => [name, fromVector(value)]));
    result = expression.evaluate(activation);
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    result = new CelError(error.message);
  }
  if (vector.expected === undefined) return result instanceof CelError ? undefined : `expected an error, got ${show(result)}`;
  if (result instanceof CelError) return `expected ${JSON.stringify(vector.expected)}, got the error: ${result.message}`;
  const expected = fromVector(vector.expected);
  return same(result, expected) ? undefined : `expected ${show(expected)}, got ${show(result)}`;
}

/** Equal, and of the same type at every level: 1 is not 1.0 here. */
function same(result: Value, expected: Value): boolean {
  if (typeOf(result) !== typeOf(expected)) return false;
  if (isList(result) && isList(expected)) {
    return result.length === expected.length && result.every((element, i) => same(element, expected[i] as Value));
  }
  if (isMap(result) && isMap(expected)) {
    const keys = mapKeys(expected);
    return mapKeys(result).length === keys.length && keys.every((key) => hasSame(result, expected, key));
  }
  return equals(result, expected) || (Number.isNaN(result) && Number.isNaN(expected));
}

function hasSame(result: object, expected: object, key: Value): boolean {
  const value = mapGet(result, key);
  return value !== undefined && same(value, mapGet(expected, key) as Value);
}

function show(value: Value): string {
  return `${typeOf(value).name} ${JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? `${inner}` : inner))}`;
}

const vectors = readVectors();

test("official CEL vectors without protobuf", (context) => {
  const unexpected: string[] = [];
  const stale = new Set(Object.keys(expectedFailures));
  let passed = 0;
  for (const vector of vectors) {
    const failure = run(vector);
    if (failure === undefined) passed++;
    else if (!stale.delete(vector.id)) unexpected.push(`${vector.id}: ${vector.expr}\n    ${failure}`);
  }
  context.diagnostic(`${passed} of ${vectors.length} vectors pass (${((100 * passed) / vectors.length).toFixed(2)}%)`);
  assert.deepEqual(unexpected, [], "vectors that fail");
  assert.deepEqual(Array.from(stale), [], "entries of expected-failures.ts that are stale");
  assert.ok(vectors.length > 1_600, "the suite has shrunk");
});
