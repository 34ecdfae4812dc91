import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalisePath } from "./path.ts";

const cases: [given: string, expected: string | undefined][] = [
  ["/", "/"],
  ["/v1/chat/completions", "/v1/chat/completions"],
  ["/a//b/", "/a//b/"],
  ["/a/./b", "/a/b"],
  ["/a/../b", "/b"],
  ["/a/..", "/"],
  ["/a/.", "/a/"],
  ["/..", undefined],
  ["/a/../../b", undefined],
  ["/%2e%2e/etc", undefined],
  ["/a/%2E%2e/b", "/b"],
  ["/%61dmin", "/admin"],
  ["/a%2fb", "/a%2Fb"],
  ["/.well-known/x", "/.well-known/x"],
  ["/a%zz", undefined],
  ["/a%0", undefined],
  ["/a%00", undefined],
  ["/a\\b", undefined],
  ["/a b", undefined],
  ["/é", undefined],
  ["a", undefined],
  ["", undefined],
];

for (const [given, expected] of cases) {
  test(`normalisePath(${JSON.stringify(given)})`, () => assert.equal(normalisePath(given), expected));
}

test("normalising is idempotent and leaves no dot segment", () => {
  const piece = fc.constantFrom("a", "..", ".", "%2e", "%2E%2e", "%41", "%2f", "", "x.y", ".z");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = normalisePath(`/${pieces.join("/")}`);
      if (once === undefined) return;
      assert.equal(normalisePath(once), once);
      assert.ok(!once.split("/").some((segment) => segment === "." || segment === ".."));
    }),
  );
});

test("any string is answered without throwing", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void normalisePath(`/${text}`)));
});
