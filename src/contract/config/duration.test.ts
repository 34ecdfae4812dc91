import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDuration } from "./duration.ts";

const good: readonly (readonly [text: string, milliseconds: number])[] = [
  ["0", 0],
  ["0s", 0],
  ["300ms", 300],
  ["15s", 15_000],
  ["1.5s", 1500],
  [".5s", 500],
  ["2.s", 2000],
  ["1h30m", 5_400_000],
  ["1m30s", 90_000],
  ["250us", 0.25],
  ["250µs", 0.25],
  ["250μs", 0.25],
  ["1000000ns", 1],
];

for (const [text, milliseconds] of good) {
  test(`${text} is ${milliseconds} ms`, () => assert.equal(parseDuration(text), milliseconds));
}

for (const text of ["", "5", "-5s", "+5s", "5 s", "5m ", "s", "1d", "1h-5m", "1e3s", "0x5s", ".s", "1s1", "9".repeat(400) + "h"]) {
  test(`${JSON.stringify(text.slice(0, 20))} is no duration`, () => assert.equal(parseDuration(text), undefined));
}

test("whole units come back as they went in", () => {
  fc.assert(
    fc.property(fc.nat({ max: 1000 }), fc.nat({ max: 59 }), fc.nat({ max: 59 }), (hours, minutes, seconds) => {
      assert.equal(parseDuration(`${hours}h${minutes}m${seconds}s`), ((hours * 60 + minutes) * 60 + seconds) * 1000);
    }),
  );
});
