import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkCases, fails, Fails } from "../../../test/conformance/cel/check-cases.ts";
import { compileExpression } from "../compile.ts";
import { toPlain } from "../plain.ts";

const list = "[1, 2, 3]";
const map = "{'a': 1, 'b': 2}";

describe("loops", () => {
  checkCases([
    [`${list}.all(x, x > 0)`, true],
    [`${list}.all(x, 1 / (x - 1) == 9)`, false],
    [`${list}.all(x, 1 / (x - 1) < 9)`, new Fails("division by zero")],
    [`${list}.all(x, x)`, fails],
    ["[].all(x, fail())", true],
    [`${list}.exists(x, 1 / (x - 1) == 1)`, true],
    [`${list}.exists(x, x > 3)`, false],
    [`${list}.exists_one(x, x > 2)`, true],
    [`${list}.existsOne(x, x > 1)`, false],
    [`${list}.exists_one(x, 1 / (x - 1) == 1)`, fails],
    [`${list}.map(x, x * x)`, [1, 4, 9]],
    [`${list}.map(x, x > 1, x * x)`, [4, 9]],
    [`${list}.map(x, 1 / (x - 1))`, fails],
    [`${list}.map(x, x, 1)`, fails],
    [`${list}.filter(x, x != 2)`, [1, 3]],
    [`${list}.filter(x, x)`, fails],
    [`${map}.map(k, k)`, ["a", "b"]],
    [`${map}.all(k, v, k != '' && v > 0)`, true],
    [`${list}.exists(i, v, i == 2 && v == 3)`, true],
    [`${list}.transformList(i, v, i * v)`, [0, 2, 6]],
    [`${list}.transformList(i, v, i > 0, i * v)`, [2, 6]],
    [`${map}.transformMap(k, v, v * 10)`, { a: 10, b: 20 }],
    [`${map}.transformMap(k, v, k == 'a', v)`, { a: 1 }],
    [`${map}.transformMapEntry(k, v, {string(v): k})`, { 1: "a", 2: "b" }],
    [`${map}.transformMapEntry(k, v, {'same': k})`, new Fails("repeated key")],
    [`${map}.transformMapEntry(k, v, 1)`, fails],
    [`${map}.mapValues(v, v * 2)`, { a: 2, b: 4 }],
    ["[1].mapValues(v, v)", fails],
    [`${map}.filterKeys(k, k == 'a')`, { a: 1 }],
    [`${map}.filterKeys(k, 42)`, fails],
    [`${map}.filterKeys(k, !k.startsWith('a')).mapValues(v, v + 1)`, { b: 3 }],
    ["['bb', 'a', 'ccc'].sortBy(x, size(x))", ["a", "bb", "ccc"]],
    ["[1, 'a'].sortBy(x, x)", fails],
    ["1.0.map(x, x)", fails],
    [
      `${list}.map(x, ${list}.map(y, x * y))`,
      [
        [1, 2, 3],
        [2, 4, 6],
        [3, 6, 9],
      ],
    ],
    [`${list}.map(x, ${list}.filter(x, x > 2).size() + x)`, [2, 3, 4]],
    [`${list}.map(x, {'x': x}.with(m, m.x) + ${map}.mapValues(v, v + x).b)`, [4, 6, 8]],
  ]);
});

describe("names for values", () => {
  checkCases([
    ["cel.bind(a, 2, a * a)", 4],
    ["cel.bind(a, 1 / 0, true)", true],
    ["cel.bind(a, 1 / 0, a == 1 || true)", true],
    ["cel.bind(a, 1, cel.bind(b, a + 1, a + b)) + cel.bind(c, 1, c)", 4],
    ["[1, 2].with(a, a + a)", [1, 2, 1, 2]],
    ["cel.block([1, cel.index(0) + 1], cel.index(1) + cel.index(0))", 3],
    ["[1, 2].map(cel.iterVar(0, 0), cel.iterVar(0, 0) * 2)", [2, 4]],
  ]);
});

describe("presence and fallbacks", () => {
  checkCases(
    [
      ["has(jwt.sub)", true],
      ["has(jwt.nope)", false],
      ["has(absent.x)", false],
      ["has(absent.x.y)", fails],
      ["has(jwt)", true],
      ["has(absent)", false],
      ["has(jwt.sub.x)", fails],
      ["default(jwt.nope, 'x')", "x"],
      ["default(jwt.nope.deeper, 'x')", "x"],
      ["default(absent.x, 'x')", "x"],
      ["default(jwt.nothing, 'x')", "x"],
      ["default(jwt.sub, fail())", "ann"],
      ["default(jwt.sub.x, 'x')", "x"],
      ["default([1][5], 'x')", "x"],
      ["default(1 / 0, 'x')", new Fails("division by zero")],
      ["default(absent.x, absent.y)", fails],
      ["coalesce(absent, 1 / 0, jwt.sub)", "ann"],
      ["coalesce(null, 'x')", "x"],
      ["coalesce(null)", null],
      ["coalesce(1 / 0, null, fail())", null],
      ["coalesce(1 / 0, fail('last'))", new Fails("last")],
      ["variables().jwt.sub", "ann"],
      ["has(variables().absent)", false],
      ["variables().map(k, k)", ["jwt"]],
    ],
    { jwt: { sub: "ann", nothing: null }, absent: undefined },
  );

  test("names of macros are free for variables and fields", () => {
    const expression = compileExpression("[1].map(size, size + 1) == [2] && {'map': 1}.map == 1", { roots: [] });
    assert.equal(toPlain(expression.evaluate({})), true);
  });
});
