import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "./closest.ts";

const keys = ["host", "hostname", "protocol", "policies", "mcp"];

const cases: readonly (readonly [word: string, meant: string | undefined])[] = [
  ["hots", "host"],
  ["Host", "host"],
  ["hostnam", "hostname"],
  ["protocl", "protocol"],
  ["protcool", "protocol"],
  ["polices", "policies"],
  ["mpc", "mcp"],
  ["backend", undefined],
  ["x", undefined],
  ["", undefined],
];

for (const [word, meant] of cases) {
  test(`${JSON.stringify(word)} is nearest to ${meant ?? "nothing"}`, () => assert.equal(closest(word, keys), meant));
}

test("of equally near candidates the first is taken", () => {
  assert.equal(closest("localRatLimit", ["localRateLimit", "localXRatLimit"]), "localRateLimit");
});
