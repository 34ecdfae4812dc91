import assert from "node:assert/strict";
import { test } from "node:test";
import { analyseBacktracking } from "./regex-backtracking.ts";

/** Degree of searching and of matching a whole text; undefined where V8 must not be used. */
const cases: [pattern: string, search: number | undefined, whole?: number][] = [
  ["", 1, 0],
  ["abc", 1, 0],
  ["^abc", 0, 0],
  ["gr(a|e)y", 1, 0],
  ["\\d{3}-\\d{2}-\\d{4}", 1, 0],
  ["^/v1/[^/]+/chat$", 1, 1],
  ["^/v1/.*", 1, 1],
  // Three repeats, but the last one accepts wherever it stops.
  ["^.*/publishers/anthropic/models/(.+?):.*", 2, 3],
  ["^[a-z]+[0-9]+$", 1, 1],
  ["[a-z]+@[a-z]+\\.com", 2, 1],
  ["^.*a.*b.*c", 3, 3],
  ["^(?:a|b)*$", 1, 1],
  ["^(/[a-z]+)*$", 2, 2],
  ["(?i)^bearer ", 0, 0],
  // Exponential, or not proven otherwise.
  ["(a+)+", undefined],
  ["^(a+)+$", undefined],
  ["(a|a)*b", undefined],
  ["(a|ab)*c", undefined],
  ["(.*)*=", undefined],
  ["(a?){1,60}b", undefined],
  ["(a{1,50})+", undefined],
  ["(a+b?)*c", undefined],
  ["(?:(a)|b)*", undefined],
  // Means something else to V8, or is not read.
  ["(?m)^a", undefined],
  ["(?i:a)b", undefined],
  ["\\pL", undefined],
  ["[[:alpha:]]", undefined],
  ["(?i)\\w", undefined],
  ["(?i)é", undefined],
  ["a{,3}", undefined],
  ["\\x41", undefined],
  ["[a&&b]", 1],
];

for (const [pattern, search, whole] of cases) {
  test(`backtracking of /${pattern}/`, () => {
    const analysis = analyseBacktracking(pattern);
    assert.equal(analysis?.search.degree, search);
    if (whole !== undefined) assert.equal(analysis?.whole.degree, whole);
  });
}
