import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileAliases } from "./model-aliases.ts";

test("exact names go first, then the longest pattern, then the name itself", () => {
  const alias = compileAliases({ "gpt-*": "short", "gpt-*-mini": "long", "gpt-5-mini": "exact", "*b*d*": "middle" });
  assert.equal(alias("gpt-5-mini"), "exact");
  assert.equal(alias("gpt-4-mini"), "long");
  assert.equal(alias("gpt-4"), "short");
  assert.equal(alias("abcd"), "middle");
  assert.equal(alias("adcb"), "adcb");
  assert.equal(alias("gpt-mini"), "short");
});

test("fuzz: a pattern matches what the same regular expression matches", () => {
  const text = (length: number) => fc.stringMatching(new RegExp(`^[ab]{0,${length}}$`));
  fc.assert(
    fc.property(fc.array(text(3), { minLength: 2, maxLength: 5 }), text(10), (parts, model) => {
      const expected = new RegExp(`^${parts.join(".*")}$`).test(model) ? "hit" : model;
      assert.equal(compileAliases({ [parts.join("*")]: "hit" })(model), expected);
    }),
    { numRuns: 2000 },
  );
});
