import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalisePath } from "../../../base/path.ts";
import { readArguments } from "./call-arguments.ts";
import { encodeRequest, type RestRequest } from "./encode-request.ts";
import type { Operation } from "./operation.ts";
import { readApi } from "./read-api.ts";

function operation(path: string, described: object): Operation {
  const text = JSON.stringify({ openapi: "3.1.0", paths: { [path]: { post: { operationId: "o", ...described } } } });
  return readApi(text).operations.get("o") ?? assert.fail();
}

function message(args: unknown): Buffer {
  return Buffer.from(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"o","arguments":${typeof args === "string" ? args : JSON.stringify(args)}}}`,
  );
}

/** @param args as value, or as JSON text */
function encode(on: Operation, args: unknown, prefix?: string): RestRequest {
  return encodeRequest(on, readArguments(message(args)), prefix);
}

const query = (name: string, more: object = {}): object => ({ name, in: "query", schema: {}, ...more });
const plain = operation("/a", {});
const segment = operation("/a/{x}/b", {});

test("paths: prefix, fixed text and arguments", () => {
  assert.equal(encode(segment, { path: { x: "ü/?#%&" } }).path, "/a/%C3%BC%2F%3F%23%25%26/b");
  assert.equal(encode(segment, { path: { x: 5 } }, "/v1").path, "/v1/a/5/b");
  assert.equal(encode(segment, { path: { x: true } }).path, "/a/true/b");
  assert.equal(encode(segment, { path: { x: ["a,b", 1] } }).path, "/a/a%2Cb,1/b");
  assert.equal(encode(operation("/{a}.{b}/c d?e", {}), { path: { a: "x", b: "y" } }).path, "/x.y/c%20d%3Fe");
});

test("whole numbers keep all their digits", () => {
  const big = "12345678901234567890";
  assert.equal(encode(segment, `{"path":{"x":${big}}}`).path, `/a/${big}/b`);
  assert.equal(encode(plain, `{"query":{"x":-${big},"y":[1,${big}],"z":1e21}}`).search, `?x=-${big}&y=1&y=${big}&z=1e%2B21`);
  const body = operation("/a", { requestBody: { content: { "application/json": {} } } });
  assert.equal(encode(body, `{"body": {"id": ${big}, "x": 1.0} }`).body?.toString(), `{"id": ${big}, "x": 1.0}`);
});

test("queries: repeated, null as a bare name, described or not", () => {
  assert.equal(encode(plain, { query: { a: ["1", 2], b: null, "c d": "e&f", g: "" } }).search, "?a=1&a=2&b&c%20d=e%26f&g=");
  assert.equal(encode(plain, { query: {} }).search, "");
  assert.throws(() => encode(plain, { query: { a: { b: 1 } } }), /"query\.a" must not be an object/);
});

test("queries: as the parameter's style says", () => {
  const styled = (more: object, value: unknown): string =>
    encode(operation("/a", { parameters: [query("p", more)] }), { query: { p: value } }).search;
  assert.equal(styled({ explode: false }, ["a", "b,c"]), "?p=a,b%2Cc");
  assert.equal(styled({ style: "pipeDelimited" }, ["a", "b"]), "?p=a%7Cb");
  assert.equal(styled({ style: "spaceDelimited" }, ["a", "b"]), "?p=a%20b");
  assert.equal(styled({ style: "deepObject" }, { a: 1, b: ["x", null] }), "?p%5Ba%5D=1&p%5Bb%5D=x&p%5Bb%5D");
  assert.equal(styled({}, { a: 1, b: "x" }), "?a=1&b=x");
  assert.equal(styled({ explode: false }, { a: 1, b: "x" }), "?p=a,1,b,x");
  assert.equal(styled({ schema: undefined, content: { "application/json": { schema: {} } } }, { a: [1] }), "?p=%7B%22a%22%3A%5B1%5D%7D");
  assert.throws(() => styled({ style: "deepObject" }, [1]), /must not be a list/);
});

test("fields: only described ones, and only text that can stand in one", () => {
  const on = operation("/a", { parameters: [{ name: "X-A", in: "header", schema: {} }] });
  assert.deepEqual(encode(on, { header: { "x-a": [1, true] } }).fields, [["x-a", "1,true"]]);
  for (const value of ["a\nb", "a\r\nb: c", "\u0000", "ü", { a: { b: 1 } }])
    assert.throws(() => encode(on, { header: { "X-A": value } }), /"header\.X-A/);
  assert.throws(() => encode(on, { header: { authorization: "x" } }), /"header" has no "authorization"/);
});

test("bodies: JSON as written, bytes from base64, and none where there is none", () => {
  const bytes = operation("/a", { requestBody: { required: true, content: { "application/octet-stream": {} } } });
  const { body, contentType } = encode(bytes, { body: "AP8=" });
  assert.deepEqual([body, contentType], [Buffer.from([0, 255]), "application/octet-stream"]);
  for (const wrong of ["%", "AP8", 1, null]) assert.throws(() => encode(bytes, { body: wrong }), /base64/);
  assert.throws(() => encode(bytes, {}), /"body" is missing/);
  assert.deepEqual([encode(plain, {}).body, encode(plain, {}).contentType], [null, undefined]);
  assert.throws(() => encode(plain, { body: {}, x: 1 }), /unknown argument "x"/);
});

test("arguments that are none", () => {
  for (const args of ["[]", '"a"', "1"]) assert.throws(() => encode(plain, args), /must be an object/);
  assert.throws(() => encode(plain, { query: [] }), /"query" must be an object/);
  assert.throws(() => encode(plain, '{"query":{"a":1},"Query":{}}'), /ambiguous|unknown argument/);
  assert.equal(encode(plain, "null").search, "");
});

test("a path argument stays in its place: decoded it is what it was, and the path has no more segments", () => {
  const two = operation("/a/{x}{y}/b", {});
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("..", ".", "../x", "a/../b", "..\\x", "%2e%2e", "a?b", "a#b", "//", ";x"),
  );
  fc.assert(
    fc.property(text, text, (x, y) => {
      let path: string;
      try {
        ({ path } = encode(two, { path: { x, y } }));
      } catch (thrown) {
        assert.match((thrown as Error).message, /empty|segment|half a character/);
        return;
      }
      const segments = path.split("/");
      assert.equal(segments.length, 4);
      assert.equal(decodeURIComponent(segments[2] ?? ""), x + y);
      assert.match(path, /^[A-Za-z0-9/_.!~*'()%-]+$/);
      const normal = normalisePath(path);
      if (!path.includes("%00")) assert.equal(normal?.split("/").length, 4, path);
    }),
    { numRuns: 300 },
  );
});

test("a query decodes to what it was", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { minLength: 1 }))),
      (values) => {
        const names = Object.keys(values).map((name) => name.toLowerCase());
        fc.pre(new Set(names).size === names.length);
        const { search } = encode(plain, { query: values });
        const expected = Object.entries(values).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
        assert.deepEqual([...new URLSearchParams(search)], expected);
        assert.match(search, /^[\x21-\x7e]*$/);
        assert.ok(!search.includes("#"));
      },
    ),
    { numRuns: 300 },
  );
});

test("whatever the arguments, no field gets a second line", () => {
  const on = operation("/a", { parameters: [{ name: "a", in: "header", schema: {} }] });
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        for (const [name, text] of encode(on, { header: { a: value } }).fields) assert.match(`${name}: ${text}`, /^a: [\t\x20-\x7e]*$/);
      } catch (thrown) {
        assert.match((thrown as Error).message, /^"header/);
      }
    }),
    { numRuns: 300 },
  );
});
