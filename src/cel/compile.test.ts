import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { checkCases, fails, Fails } from "../../test/conformance/cel/check-cases.ts";
import { compileExpression } from "./compile.ts";
import { toPlain } from "./plain.ts";
import { CelSyntaxError } from "./syntax-error.ts";
import { CelError, CelObject } from "./value.ts";

describe("expressions of the documentation", () => {
  const call = JSON.stringify({ params: { name: "search", arguments: { product: "gateway" } } });
  const claims = { email: "ann@solo.io", email_verified: true };
  const vertex = "/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4:streamRawPredict";
  const route = `request.path.endsWith(":streamRawPredict") || request.path.endsWith(":rawPredict")
    ? request.path.regexReplace("^.*/publishers/anthropic/models/(.+?):.*", "\${1}")
    : llmRequest.model`;
  const product = 'default(json(request.body).params.arguments.product, "not-applicable")';
  const verified = 'jwt.email.endsWith("@solo.io") && jwt.email_verified == true';
  const cases: [source: string, activation: object, expected: unknown][] = [
    [product, { request: { body: call } }, "gateway"],
    [product, { request: { body: Buffer.from(call) } }, "gateway"],
    [product, { request: { body: '{"params":{}}' } }, "not-applicable"],
    [product, { request: { body: "[]" } }, "not-applicable"],
    [product, { request: { body: "" } }, "not-applicable"],
    [product, { request: {} }, "not-applicable"],
    [product, { request: { body: "{" } }, undefined],
    [verified, { jwt: claims }, true],
    [verified, { jwt: { ...claims, email_verified: false } }, false],
    [verified, { jwt: { ...claims, email: "ann@solo.io.evil.example" } }, false],
    [verified, { jwt: {} }, undefined],
    [verified, {}, undefined],
    [route, { request: { path: vertex } }, "claude-sonnet-4"],
    [route, { request: { path: "/v1/messages" }, llmRequest: { model: "m" } }, "m"],
    ['request.headers["x-solo-org"]', { request: { headers: { "x-solo-org": "acme" } } }, "acme"],
    ['request.headers["x-solo-org"]', { request: { headers: {} } }, undefined],
    ['mcp.tool.name == "echo"', { mcp: { tool: { name: "echo" } } }, true],
    ['mcp.tool.name == "echo"', { mcp: {} }, undefined],
    ['llmRequest.model.stripPrefix("anthropic/")', { llmRequest: { model: "anthropic/claude" } }, "claude"],
  ];
  for (const [source, activation, expected] of cases) {
    test(`${source} with ${JSON.stringify(activation).slice(0, 60)}`, () => {
      assert.deepEqual(toPlain(compileExpression(source).evaluate(activation)), expected);
    });
  }
});

describe("what cannot be meant is refused when loading", () => {
  const cases: [source: string, message: string][] = [
    ["jwtt.sub", '1:1: unknown variable "jwtt"; did you mean "jwt"?'],
    ["Request.path", '1:1: unknown variable "Request"; did you mean "request"?'],
    ["jwt.sub.endWith('x')", '1:9: unknown method "endWith"; did you mean "endsWith"?'],
    ["true &&\n  startWith(jwt.sub)", '2:3: unknown function "startWith"; did you mean "startsWith"?'],
    ["endsWith(jwt.sub, 'x')", "1:1: endsWith is a method: string.endsWith(string) -> bool"],
    ["jwt.sub.json()", "1:9: json is no method: json(string|bytes)"],
    ["size(1, 2)", "1:1: wrong number of arguments for size: size(string|bytes|list|map) -> int"],
    ["[1].all(x)", "1:5: wrong number of arguments for all"],
    ["jwt.sub.matches('(')", "1:17: invalid pattern"],
    ["jwt.sub.matches('(?=a)')", "1:17: invalid pattern"],
    ["cidr('10.0.0.0/33')", "1:6: not a network"],
    ["[1].map(x.y, 1)", "1:11: expected the name of a variable"],
    ["[1].transformList(a, a, 1)", '1:5: the two variables of a loop cannot share the name "a"'],
    ["has(1)", "1:1: has() takes a field"],
    ["coalesce()", "1:1: coalesce() takes at least one argument"],
    ["cel.index(0)", "1:5: no cel.block around this"],
  ];
  for (const [source, message] of cases) {
    test(source, () => {
      assert.throws(
        () => compileExpression(source),
        (error) => error instanceof CelSyntaxError && (assert.ok(error.message.startsWith(message), error.message), true),
      );
    });
  }

  test("line and column are there for programs too", () => {
    assert.throws(() => compileExpression("1 +\n nope"), { line: 2, column: 2, detail: /unknown variable "nope"/ });
  });

  test("unknown names fail when evaluated if that is asked for", () => {
    const expression = compileExpression("nope.x || f(1) || true", { strict: false });
    assert.equal(expression.evaluate({}), true);
  });

  test("fields that a variable never has are warned about", () => {
    assert.deepEqual(compileExpression('request.header["a"]').warnings, ['1:9: request has no field "header"; did you mean "headers"?']);
    assert.deepEqual(compileExpression("jwt.anything + request.path").warnings, []);
  });
});

describe("what an expression reads", () => {
  const cases: [source: string, paths: string[], requestBody: boolean][] = [
    ["1 + 1", [], false],
    ["json(request.body).model", ["request.body"], true],
    ['request["body"]', ["request.body"], true],
    ["request.headers['x-team'] == jwt.team", ["jwt.team", "request.headers.x-team"], false],
    ["request.headers[jwt.name]", ["jwt.name", "request.headers"], false],
    ["has(request.body)", ["request", "request.body"], true],
    ["toJson(request)", ["request"], true],
    ["request.with(r, r.body)", ["request"], true],
    ["[jwt].map(request, request.body)", ["jwt"], false],
    ["mcp.tool.arguments.x.size()", ["mcp.tool.arguments.x"], false],
    ["default(llm.usage, request.bodyPrefix)", ["llm.usage", "request.bodyPrefix"], false],
    ["variables().size()", [], true],
  ];
  for (const [source, paths, requestBody] of cases) {
    test(source, () => {
      const { reads } = compileExpression(source);
      assert.deepEqual(Array.from(reads.paths).toSorted(), paths);
      assert.equal(reads.reads("request.body"), requestBody);
    });
  }
});

describe("conditions", () => {
  test("are true, false, or an error", () => {
    assert.equal(compileExpression("1 < 2").evaluateBoolean({}), true);
    assert.equal(compileExpression("1 > 2").evaluateBoolean({}), false);
    assert.ok(compileExpression("'true'").evaluateBoolean({}) instanceof CelError);
    assert.ok(compileExpression("jwt.sub == 'x'").evaluateBoolean({}) instanceof CelError);
  });

  test("say where they fail", () => {
    const expression = compileExpression("true &&\n  jwt.sub + 1 == 2");
    const error = expression.evaluate({ jwt: { sub: "a" } });
    assert.ok(error instanceof CelError);
    assert.equal(expression.describe(error), "2:11: no such overload: _+_(string, int)");
  });
});

describe("host data", () => {
  class Lazy extends CelObject {
    readonly asked: string[] = [];
    get(name: string): unknown {
      this.asked.push(name);
      return name === "b" ? { c: [1, 2.5, "x"] } : undefined;
    }
    keys(): string[] {
      return ["a", "b"];
    }
  }

  test("only what is read is asked for", () => {
    const lazy = new Lazy();
    assert.equal(compileExpression("o.b.c[1]", { roots: ["o"] }).evaluate({ o: lazy }), 2.5);
    assert.deepEqual(lazy.asked, ["b"]);
    assert.equal(compileExpression("o.map(k, k) == ['b'] && !has(o.a)", { roots: ["o"] }).evaluate({ o: lazy }), true);
  });

  test("a getter that throws is an error", () => {
    const activation = {
      get o(): unknown {
        throw new Error("broken");
      },
    };
    const value = compileExpression("o.x", { roots: ["o"] }).evaluate(activation);
    assert.ok(value instanceof CelError);
    assert.match(value.message, /broken/);
  });

  checkCases(
    [
      ["o.constructor", fails],
      ["o.__proto__", fails],
      ["has(o.toString)", false],
      ["o['hasOwnProperty']", fails],
      ["own.constructor", 1],
      ["bare.x", 1],
      ["has(o.undefined)", false],
      ["o['null'] == null", true],
      ["type(o.whole) == int && type(o.fraction) == double", true],
      ["o.whole + o.fraction", 3.5],
      ["o.huge > 1", true],
      ["o.list[1]", "b"],
      ["o.list[2]", fails],
      ["o.list[-1]", fails],
      ["'a'[0]", fails],
    ],
    {
      o: { whole: 1, fraction: 2.5, huge: 1e300, undefined: undefined, null: null, list: ["a", "b"] },
      own: JSON.parse('{"constructor":1}') as unknown,
      bare: Object.assign(Object.create(null) as object, { x: 1 }),
    },
  );
});

describe("errors beside deciding terms", () => {
  checkCases([
    ["false && 1 / 0 == 1", false],
    ["1 / 0 == 1 && false", false],
    ["true || 1 / 0 == 1", true],
    ["1 / 0 == 1 || true", true],
    ["1 / 0 == 1 || false", fails],
    ["1 / 0 == 1 || 'x' || true", true],
    ["true && true && 1 / 0 == 1 && true && false", false],
    ["1 && false", false],
    ["true && 1", fails],
    ["!1", fails],
    ["1 ? 2 : 3", fails],
    ["false ? 1 / 0 : 3", 3],
  ]);
});

describe("work", () => {
  const run = (source: string, activation: object): unknown => compileExpression(source, { roots: ["list", "text"] }).evaluate(activation);

  test("a hostile list cannot keep the gateway busy", () => {
    const list = Array.from({ length: 3_000 }, (_, i) => i);
    const started = performance.now();
    for (const source of [
      "list.all(a, list.all(b, list.all(c, a + b + c >= 0)))",
      "list.map(a, list.map(b, b)).size() > 0",
      "list.exists(a, [a] == list + [a])",
      "list.exists(a, -1 in list)",
      "list.all(a, list.map(b, b).size() > 0)",
      "list.exists(a, a == 9999 || list.exists(b, b < 0)) || true",
    ]) {
      const value = run(source, { list });
      if (source.endsWith("|| true")) assert.equal(value, true);
      else assert.ok(value instanceof CelError && /too much work/.test(value.message), source);
    }
    assert.ok(performance.now() - started < 2_000);
  });

  test("nor can long texts", () => {
    const list = Array.from({ length: 100_000 }, () => 1);
    const text = "x".repeat(1_000_000);
    const started = performance.now();
    assert.ok(run("list.exists(a, text.contains('y'))", { list, text }) instanceof CelError);
    assert.ok(run("list.exists(a, json('\"' + text + '\"') == 'y')", { list, text }) instanceof CelError);
    assert.ok(performance.now() - started < 2_000);
  });

  test("doubling a text ends", () => {
    let source = "a24";
    for (let i = 24; i > 0; i--) source = `cel.bind(a${i}, a${i - 1} + a${i - 1}, ${source})`;
    const value = run(`cel.bind(a0, text, ${source})`, { text: "0123456789" });
    assert.ok(value instanceof CelError && /too long/.test(value.message));
  });

  test("deep data is compared, printed and flattened without running out of stack", () => {
    const text = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    for (const source of ["json(text) == json(text)", "toJson(json(text))", "flattenRecursive(json(text))", "'%s'.format([json(text)])"]) {
      const value = run(source, { text });
      assert.ok(value instanceof CelError || typeof value === "string", source);
    }
  });

  test("values that share their parts cannot be blown up", () => {
    const wrap = (body: string): string => {
      let source = body;
      for (let i = 40; i > 0; i--) source = `cel.bind(a${i}, [a${i - 1}, a${i - 1}], ${source})`;
      return `cel.bind(a0, [text], ${source})`;
    };
    const started = performance.now();
    for (const body of ["toJson(a40)", "a40.flatten(99)", "'%s'.format([a40])", "flattenRecursive(a40)"]) {
      assert.ok(run(wrap(body), { text: "x" }) instanceof CelError, body);
    }
    assert.equal(toPlain(run(wrap("a40"), { text: "x" }) as object), undefined);
    assert.ok(performance.now() - started < 30_000); // unbounded, it would take years;
  });

  test("messages do not quote what came with the request", () => {
    const text = "hunter2";
    for (const source of [
      "int(text)",
      "uint(text)",
      "double(text)",
      "bool(text)",
      "timestamp(text)",
      "duration(text)",
      "ip(text)",
      "cidr(text)",
      "json(text)",
      "{'a': 1}[text]",
      "[1][text]",
      "'x'.matches('(' + text)",
      "{text: 1, text: 2}",
      "text.query(text)",
      "jsonField('{}', text)",
      "base64.decode(text + '!')",
      "url.decode('%' + text)",
      "unvalidatedJwtPayload(text)",
      "text + 1",
      "timestamp(0).getHours(text)",
    ]) {
      const value = run(source, { text });
      assert.ok(value instanceof CelError && !value.message.includes(text), source);
    }
  });

  test("ordinary loops are well within the limit", () => {
    const list = Array.from({ length: 200 }, (_, i) => `item ${i}`);
    assert.equal(run("list.all(a, list.exists(b, a == b))", { list }), true);
  });
});

test("evaluating never throws and has no memory of evaluations before", () => {
  const sources = [
    "o.a.b",
    "o.x + 1",
    "o.l.map(e, e.x)",
    "o.a in o.l",
    "size(o.s)",
    "o.s.split(o.x)",
    "toJson(o)",
    "o.l[o.x]",
    "json(o.s)",
  ];
  const expressions = sources.map((source) => compileExpression(source, { roots: ["o"] }));
  const data = fc.dictionary(fc.constantFrom("a", "l", "s", "x", "__proto__"), fc.jsonValue());
  fc.assert(
    fc.property(data, fc.constantFrom(...expressions), (o, expression) => {
      assert.deepEqual(toPlain(expression.evaluate({ o })), toPlain(expression.evaluate({ o })));
    }),
    { numRuns: 2_000, seed: 20261122 },
  );
});

describe("numbers", () => {
  checkCases([
    ["9007199254740991 + 1", 9007199254740992],
    ["string(9007199254740993 + 1)", "9007199254740994"],
    ["9223372036854775807 + 1", new Fails("overflow")],
    ["-9223372036854775808 / -1", new Fails("overflow")],
    ["7 / 2", 3],
    ["-7 / 2", -3],
    ["-7 % 3", -1],
    ["7.0 / 2.0", 3.5],
    ["1 / 0", new Fails("division by zero")],
    ["1 % 0", new Fails("modulus by zero")],
    ["string(1.0 / 0.0)", "+Inf"],
    ["1u - 2u", new Fails("overflow")],
    ["1 + 1.5", 2.5],
    ["type(1 + 1.0) == double", true],
    ["type(1 + 1u) == int", true],
    ["5 % 2.0", fails],
    ["string(0 * -1)", "0"],
    ["string(-(0.0))", "0"],
    ["1 == 1.0 && 1u == 1 && 1.0 in [1u]", true],
    ["type(1.0) == type(1)", false],
    ["0.0 / 0.0 == 0.0 / 0.0", false],
    ["2 < 2.5 && 2u < 3 && 9007199254740993 > 9007199254740992", true],
  ]);
});
