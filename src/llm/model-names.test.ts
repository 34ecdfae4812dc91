import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { intersectModels, isModelAllowed, matchesModel, parseModelPattern } from "./model-names.ts";

const matches = (pattern: string, name: string): boolean => matchesModel(parseModelPattern(pattern), name);

test("a pattern is a name, a prefix, a suffix or anything", () => {
  assert.ok(matches("gpt-5", "gpt-5"));
  assert.ok(!matches("gpt-5", "gpt-5-mini"));
  assert.ok(matches("gpt-*", "gpt-5") && matches("gpt-*", "gpt-"));
  assert.ok(!matches("gpt-*", "gpt"));
  assert.ok(matches("*-mini", "gpt-5-mini") && !matches("*-mini", "mini"));
  assert.ok(matches("*", "") && matches("*", "anything"));
});

test("specificity counts the characters that are not the star", () => {
  assert.deepEqual(
    ["gpt-5", "gpt-*", "*", "*-mini"].map((text) => parseModelPattern(text).specificity),
    [5, 4, 0, 5],
  );
});

test("a star elsewhere, or two, is refused", () => {
  for (const text of ["a*b", "**", "*a*", "a**"]) assert.throws(() => parseModelPattern(text), /one `\*` is allowed/);
});

test("allowedModels: absent allows all, empty none", () => {
  assert.equal(isModelAllowed(undefined, "x"), true);
  assert.equal(isModelAllowed([], "x"), false);
  assert.equal(isModelAllowed(["gpt-*", "o3"], "o3"), true);
  assert.equal(isModelAllowed(["gpt-*", "o3"], "o3-mini"), false);
});

test("intersections: the narrower of both", () => {
  const both = (listed: string, ...allowed: string[]): string[] => intersectModels(parseModelPattern(listed), allowed);
  assert.deepEqual(both("gpt-*", "gpt-5", "gpt-5-*", "claude-*", "*"), ["gpt-5", "gpt-5-*", "gpt-*"]);
  assert.deepEqual(both("gpt-5", "gpt-*", "*"), ["gpt-5"]);
  assert.deepEqual(both("gpt-*", "*-mini"), ["gpt-*-mini"]);
  assert.deepEqual(both("gpt-5"), []);
  assert.deepEqual(intersectModels(parseModelPattern("gpt-*"), undefined), ["gpt-*"]);
});

test("fuzz: a name is in an intersection exactly when both sides have it", () => {
  const part = fc.stringMatching(/^[ab]{0,3}$/);
  const pattern = fc.oneof(
    part.map((text) => `${text}*`),
    part.map((text) => `*${text}`),
    part,
  );
  fc.assert(
    fc.property(pattern, fc.array(pattern, { maxLength: 4 }), fc.stringMatching(/^[ab]{6,9}$/), (listed, allowed, name) => {
      const expected = matches(listed, name) && isModelAllowed(allowed, name);
      // names longer than both ends together: there `a*b` says no more than its two halves
      const inside = intersectModels(parseModelPattern(listed), allowed).some((text) => {
        const [prefix, suffix] = text.split("*");
        return suffix === undefined ? text === name : name.startsWith(prefix as string) && name.endsWith(suffix);
      });
      assert.equal(inside, expected);
    }),
    { numRuns: 2000 },
  );
});
