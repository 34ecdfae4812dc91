import assert from "node:assert/strict";
import { test } from "node:test";
import { tests } from "@bufbuild/cel-spec/testdata/parsing.js";
import { parse } from "../../../src/cel/parser.ts";
import { CelSyntaxError } from "../../../src/cel/syntax-error.ts";

/** Expressions of cel-go's parser tests that are judged differently here, and why. */
const message = "makes a protobuf message";
const differences: Readonly<Record<string, string>> = {
  "foo{ }": message,
  "foo{ a:b }": message,
  "foo{ a:b, c:d }": message,
  'SomeMessage{foo: 5, bar: "xyz"}': message,
  "TestAllTypes{single_int32: 1, single_int64: 2}": message,
};

/** Not about syntax: cel-go's tests also cover its switches for newer syntax, its own limits, and what macros accept. */
const outsideParsing = /unsupported syntax|recursion limit|macro|iteration variable|argument (?:is not|must be)|max recursion|exceeded/;

interface Suite {
  readonly tests?: readonly { readonly original: { readonly expr: string }; readonly ast?: string; readonly error?: string }[];
  readonly suites?: readonly Suite[];
}

function* casesOf(suite: Suite): Generator<{ source: string; valid: boolean }> {
  for (const { original, ast, error } of suite.tests ?? []) {
    if (ast !== undefined || !outsideParsing.test(error ?? "")) yield { source: original.expr, valid: ast !== undefined };
  }
  for (const inner of suite.suites ?? []) yield* casesOf(inner);
}

function isValid(source: string): boolean {
  try {
    parse(source);
    return true;
  } catch (error) {
    assert.ok(error instanceof CelSyntaxError, String(error));
    return false;
  }
}

test("cel-go's parser tests: the same expressions are well-formed", (context) => {
  const cases = Array.from(casesOf(tests as unknown as Suite));
  const wrong = cases.filter(({ source, valid }) => isValid(source) !== valid).map(({ source }) => source);
  context.diagnostic(`${cases.length - wrong.length} of ${cases.length} agree`);
  assert.deepEqual(new Set(wrong), new Set(Object.keys(differences)));
});
