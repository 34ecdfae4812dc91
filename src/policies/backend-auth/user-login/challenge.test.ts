import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isScope, readChallenge, unionOfScopes } from "./challenge.ts";

describe("challenges of servers", () => {
  const cases: readonly [fields: string[], expected: object][] = [
    [[], {}],
    [["Bearer"], {}],
    [['Basic realm="x"'], {}],
    [
      ['Bearer resource_metadata="https://a/.well-known/x", scope="read write"'],
      { resourceMetadata: "https://a/.well-known/x", scope: "read write" },
    ],
    [['bearer error=insufficient_scope,scope="a"'], { error: "insufficient_scope", scope: "a" }],
    [['Basic realm="a, Bearer scope=x", Bearer scope="b", Digest scope="c"'], { scope: "b" }],
    [["Negotiate", 'Bearer scope = "b"'], { scope: "b" }],
    [['Bearer scope="a\\"b"'], {}], // a quote is in no scope
    [['Bearer error="a\\"b", scope="first", scope="second"'], { error: 'a"b', scope: "first" }],
    [[`Bearer scope="${"x".repeat(3_000)}"`], {}],
  ];
  for (const [fields, expected] of cases) {
    it(`reads ${JSON.stringify(fields).slice(0, 80)}`, () => assert.deepEqual(readChallenge(fields), expected));
  }

  it("reads anything without failing, and what it finds is in it", () => {
    const piece = fc.constantFrom("Bearer", " ", ",", "=", '"', "\\", "scope", "error", "a", '"b"', "resource_metadata", "\t", "Basic");
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 30 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), (fields) => {
        const { scope, error } = readChallenge(fields);
        if (scope !== undefined) assert.ok(isScope(scope));
        const bare = fields.join().replaceAll("\\", "");
        if (error !== undefined) assert.ok(bare.includes(error.replaceAll("\\", "")));
      }),
    );
  });

  it("reads long fields in no time", () => {
    const started = performance.now();
    for (const text of [
      '"\\'.repeat(50_000),
      "Bearer ".repeat(50_000),
      `Bearer a${" ".repeat(50_000)}`,
      `Bearer a="${"\\".repeat(50_001)}`,
    ])
      readChallenge([text]);
    assert.ok(performance.now() - started < 1_000);
  });

  it("joins scopes, each once", () => {
    assert.equal(unionOfScopes("a b", undefined, "b c"), "a b c");
    assert.equal(unionOfScopes(undefined), undefined);
  });
});
