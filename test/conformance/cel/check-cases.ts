import assert from "node:assert/strict";
import { test } from "node:test";
import { compileExpression } from "../../../src/cel/compile.ts";
import { toPlain } from "../../../src/cel/plain.ts";
import { CelError } from "../../../src/cel/value.ts";

/** Expected of an expression that fails when evaluated; a string: with these words in the message. */
export class Fails {
  readonly words: string;

  constructor(words = "") {
    this.words = words;
  }
}

export const fails = new Fails();

/** An expression, and its value as plain data or how it fails. */
export type Case = readonly [source: string, expected: unknown];

/** One test per expression, evaluated with some variables. */
export function checkCases(cases: readonly Case[], variables: Readonly<Record<string, unknown>> = {}): void {
  for (const [source, expected] of cases) {
    test(source, () => {
      const expression = compileExpression(source, { roots: Object.keys(variables) });
      const value = expression.evaluate(variables);
      if (expected instanceof Fails) {
        assert.ok(value instanceof CelError, `expected an error, got ${JSON.stringify(toPlain(value))}`);
        assert.ok(value.message.includes(expected.words), value.message);
      } else {
        assert.ok(!(value instanceof CelError), value instanceof CelError ? expression.describe(value) : "");
        assert.deepEqual(toPlain(value), expected);
      }
    });
  }
}
