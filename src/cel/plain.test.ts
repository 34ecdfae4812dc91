import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Flattened } from "../contract/expression.ts";
import { compileExpression } from "./compile.ts";
import { toDisplay, toPlain } from "./plain.ts";
import { CelError, CelSecret } from "./value.ts";

const value = (source: string): ReturnType<ReturnType<typeof compileExpression>["evaluate"]> =>
  compileExpression(source, { roots: ["secret"] }).evaluate({ secret: new CelSecret("hunter2") });

describe("values as plain data and as text", () => {
  const cases: [source: string, plain: unknown, display: string | undefined][] = [
    ["'a'", "a", "a"],
    ["1", 1, "1"],
    ["1.0", 1, "1"],
    ["1.5", 1.5, "1.5"],
    ["5u", 5, "5"],
    ["9007199254740993", 9007199254740992, "9007199254740993"],
    ["true", true, "true"],
    ["null", null, undefined],
    ["b'hi'", "aGk=", "hi"],
    ["[1, {'a': b'hi'}]", [1, { a: "aGk=" }], '[1,{"a":"aGk="}]'],
    ["{1: 'a', true: 'b', 2u: 'c'}", { 1: "a", true: "b", 2: "c" }, '{"1":"a","2":"c","true":"b"}'],
    ["duration('90s')", "90s", "90s"],
    ["timestamp(0)", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"],
    ["ip('::1')", "::1", "::1"],
    ["optional.of(1)", 1, "1"],
    ["optional.none()", null, undefined],
    ["int", "int", "int"],
    ["0.0 / 0.0", null, "NaN"],
    ["secret", "<redacted>", "<redacted>"],
    ["{'s': secret}", { s: "<redacted>" }, '{"s":"<redacted>"}'],
    ["secret.unredacted()", "hunter2", "hunter2"],
    ["'' + string(secret)", "<redacted>", "<redacted>"],
  ];
  for (const [source, plain, display] of cases) {
    test(source, () => {
      assert.deepEqual(toPlain(value(source)), plain);
      assert.equal(toDisplay(value(source)), display);
    });
  }

  test("an error has neither", () => {
    assert.equal(toPlain(new CelError("x")), undefined);
    assert.equal(toDisplay(new CelError("x")), undefined);
  });

  test("a key named __proto__ is a member like any other", () => {
    const plain = toPlain(value("{'__proto__': {'x': 1}}")) as object;
    assert.deepEqual(Object.keys(plain), ["__proto__"]);
    assert.equal(Object.getPrototypeOf(plain), Object.prototype);
  });

  test("a secret does not show in JSON either", () => {
    assert.equal(JSON.stringify(new CelSecret("hunter2")), '"<redacted>"');
    assert.ok(!Object.values(new CelSecret("hunter2")).includes("hunter2"));
  });
});

describe("flattening", () => {
  const cases: [source: string, members: [string, unknown][]][] = [
    [
      "flatten({'a': 1, 'b': {'c': 2}})",
      [
        ["a", 1],
        ["b", { c: 2 }],
      ],
    ],
    [
      "flatten(['x', 'y'])",
      [
        ["0", "x"],
        ["1", "y"],
      ],
    ],
    [
      "flattenRecursive({'a': [{'b': 1}, 2], 'c': {}})",
      [
        ["a.0.b", 1],
        ["a.1", 2],
      ],
    ],
    ["flatten_recursive([1])", [["0", 1]]],
  ];
  for (const [source, members] of cases) {
    test(source, () => {
      const plain = toPlain(value(source));
      assert.ok(plain instanceof Flattened);
      assert.deepEqual(plain.members, members);
    });
  }

  test("inside of something else it is an object", () => {
    assert.deepEqual(toPlain(value("[flatten({'a': 1})]")), [{ a: 1 }]);
    assert.equal(toDisplay(value("flatten({'a': 1})")), '{"a":1}');
    assert.ok(value("flatten(1)") instanceof CelError);
  });
});
