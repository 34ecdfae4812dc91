import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../../../base/json.ts";
import { documentLimits } from "./document.ts";
import type { RestApi } from "./operation.ts";
import { readApi } from "./read-api.ts";

interface Tool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly annotations?: JsonObject;
}

function read(paths: unknown, more: JsonObject = {}): RestApi {
  return readApi(JSON.stringify({ openapi: "3.0.3", info: { title: "T", version: "1" }, paths, ...more }));
}

function toolsOf(api: RestApi): Tool[] {
  return (JSON.parse(api.list.toString()) as { tools: Tool[] }).tools;
}

function tool(operation: JsonObject, more: JsonObject = {}, path = "/a"): Tool {
  return toolsOf(read({ [path]: { post: { operationId: "o", ...operation } } }, more))[0] ?? assert.fail("no tool");
}

const get = (operationId?: string): JsonObject => ({ get: operationId === undefined ? {} : { operationId } });

test("versions: 3.0 and 3.1, quoted or not; others are named", () => {
  const paths = "paths: {/a: {get: {operationId: a}}}";
  for (const version of ["3.0.3", "3.1.0", "3.1", '"3.0"'])
    assert.equal(readApi(`openapi: ${version}\n${paths}`).operations.size, 1, version);
  for (const [text, problem] of [
    [`swagger: "2.0"\n${paths}`, /Swagger 2\.0; expected OpenAPI 3/],
    [`openapi: 2.0\n${paths}`, /needs `openapi: 3\.0\.x`/],
    [paths, /needs `openapi/],
    ["", /expected an OpenAPI document/],
    ["- a", /expected an OpenAPI document/],
    ["a: [", /neither JSON nor YAML: BAD_INDENT|neither JSON nor YAML: [A-Z_]+ in line \d/],
    ["a: *b", /aliases/],
    ["openapi: 3.0.0\na: &a [*a]", /nested more than 128 levels/],
    ["openapi: 3.0.0\npaths: {}", /no operation/],
    ["[".repeat(10_000), /nested|neither/],
    [`{"openapi":"3.0.0","a":${"[".repeat(1_000)}${"]".repeat(1_000)}}`, /nested more than 128 levels/],
    [`a: "${"x".repeat(documentLimits.yamlLength)}"`, /characters long; the limit for this format is/],
    [`{"openapi":"3.0.0","a":[${"0,".repeat(documentLimits.members)}0]}`, /more than 20000 members/],
  ] as const) {
    assert.throws(() => readApi(text), problem, text.slice(0, 40));
  }
});

test("title and description: the first there is, not too long", () => {
  assert.deepEqual(pick(tool({ summary: "Short.", description: "Long." })), ["Short.", "Long."]);
  assert.deepEqual(pick(tool({ summary: "s".repeat(63) + "😀t" })), ["s".repeat(63) + "😀", "s".repeat(63) + "😀t"]);
  assert.deepEqual(pick(tool({})), [undefined, "o"]);
  function pick({ title, description }: Tool): unknown[] {
    return [title, description];
  }
});

test("an operation without operationId gets a name that only depends on method and path", () => {
  const long = `/${"segment/".repeat(10)}{id}`;
  const api = read({ "/a/{id}": get(), "/a/id": get(), "/b": get("x"), "/c": get("x"), [long]: get() });
  const names = toolsOf(api).map(({ name }) => name);
  assert.deepEqual(names.slice(0, 4), ["get_a_id", "get_a_id_efe9cea7", "x", "get_c"]);
  assert.match(names[4] ?? "", /^get_segment_[a-z_]{27}_[0-9a-f]{8}$/);
  assert.ok(names.every((name) => name.length <= 48));
  assert.deepEqual(api.warnings.slice(0, 4), [
    'GET /a/{id}: path parameter "id" is not described',
    'GET /a/{id}: no operationId; its tool is called "get_a_id"',
    'GET /a/id: no operationId; its tool is called "get_a_id_efe9cea7"',
    'GET /c: operationId "x" is taken; its tool is called "get_c"',
  ]);
});

test("every method but TRACE, with what it promises", () => {
  const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
  const tools = toolsOf(read({ "/a": Object.fromEntries(methods.map((method) => [method, { operationId: method }])) }));
  assert.deepEqual(
    tools.map(({ name, annotations }) => [name, annotations]),
    [
      ["get", { readOnlyHint: true }],
      ["put", { idempotentHint: true }],
      ["post", undefined],
      ["delete", { destructiveHint: true, idempotentHint: true }],
      ["options", { readOnlyHint: true }],
      ["head", { readOnlyHint: true }],
      ["patch", undefined],
    ],
  );
});

test("servers: their path is the prefix", () => {
  const prefixOf = (servers: unknown): string | undefined => read({ "/a": get("a") }, { servers }).operations.get("a")?.prefix;
  assert.equal(prefixOf(undefined), "");
  assert.equal(prefixOf([]), "");
  assert.equal(prefixOf([{ url: "https://h.example/" }]), "");
  assert.equal(prefixOf([{ url: "https://h.example:8080/v1/" }]), "/v1");
  assert.equal(prefixOf([{ url: "/api/../v 2" }]), "/v%202");
  assert.equal(prefixOf([{ url: "https://{env}.example/{base}", variables: { env: { default: "x" }, base: { default: "v3" } } }]), "/v3");
  assert.equal(prefixOf([{ url: "https://a.example/v1" }, { url: "https://b.example/v1" }]), "/v1");
  assert.throws(() => prefixOf([{ url: "/v1" }, { url: "/v2" }]), /several `servers`/);
  const api = read({
    "/a": { servers: [{ url: "/own" }], get: { operationId: "a" }, put: { operationId: "b", servers: [{ url: "/x" }] } },
  });
  assert.deepEqual([api.operations.get("a")?.prefix, api.operations.get("b")?.prefix], ["/own", "/x"]);
});

test("parameters of the path and of the operation become one list", () => {
  const parameters = [
    { name: "id", in: "path", required: true, schema: { type: "integer" } },
    { name: "X-A", in: "header", schema: { type: "string" } },
    { name: "a", in: "query", schema: { type: "string" } },
  ];
  const own = [
    { name: "x-a", in: "header", required: true, description: "Own.", schema: { type: "integer" } },
    { $ref: "#/components/parameters/Page" },
  ];
  const components = { parameters: { Page: { name: "page", in: "query", required: true, schema: { type: "integer", minimum: 1 } } } };
  const [found] = toolsOf(read({ "/{id}": { parameters, get: { operationId: "o", parameters: own } } }, { components }));
  assert.deepEqual(found?.inputSchema, {
    type: "object",
    properties: {
      path: { type: "object", properties: { id: { type: "integer" } }, required: ["id"] },
      query: { type: "object", properties: { a: { type: "string" }, page: { type: "integer", minimum: 1 } }, required: ["page"] },
      header: { type: "object", properties: { "x-a": { type: "integer", description: "Own." } }, required: ["x-a"] },
    },
    required: ["path", "query", "header"],
  });
});

test("parameters that a tool cannot or must not set are left out", () => {
  const header = (name: string): JsonObject => ({ name, in: "header", required: true, schema: {} });
  const parameters = [
    ...["Content-Type", "content-length", "Host", "Transfer-Encoding", "Accept", "Connection", "Mcp-Session-Id", "a b", "a\n"].map(header),
    { name: "sid", in: "cookie", required: true, schema: {} },
    { name: "gone", in: "path", required: true, schema: {} },
    { $ref: "#/nowhere" },
    { $ref: "#/components/parameters/Loop" },
  ];
  const components = { parameters: { Loop: { $ref: "#/components/parameters/Loop" } } };
  const api = read({ "/a": { get: { operationId: "o", parameters } } }, { components });
  assert.deepEqual(toolsOf(api)[0]?.inputSchema, { type: "object", properties: {} });
  assert.deepEqual(api.warnings, [
    'GET /a: cookie parameter "sid" cannot be set by a tool',
    "GET /a: a parameter has no name, or its reference leads nowhere",
    "GET /a: a parameter has no name, or its reference leads nowhere",
  ]);
});

test("a parameter that only the path's text has is there", () => {
  assert.deepEqual(tool({}, {}, "/a/{x}").inputSchema, {
    type: "object",
    properties: { path: { type: "object", properties: { x: { type: "string" } }, required: ["x"] } },
    required: ["path"],
  });
});

test("bodies: JSON, else bytes, else none", () => {
  const bodyOf = (content: JsonObject, more: JsonObject = {}): unknown =>
    (tool({ requestBody: { content, ...more } }).inputSchema["properties"] as JsonObject)["body"];
  const bytes = { "application/octet-stream": {} };
  const json = { schema: { type: "integer" } };
  assert.deepEqual(bodyOf({ ...bytes, "application/json": json }), { type: "integer" });
  assert.deepEqual(bodyOf({ ...bytes, "application/json; charset=utf-8": json }), { type: "integer" });
  assert.deepEqual(bodyOf({ "application/merge-patch+json": json }), { type: "integer" });
  assert.deepEqual(bodyOf(bytes, { description: "A file." }), { type: "string", contentEncoding: "base64", description: "A file." });
  assert.equal(bodyOf({ "text/plain": json }), undefined);
  assert.deepEqual(tool({ requestBody: { required: true, content: bytes } }).inputSchema["required"], ["body"]);
});

test("too much is refused, and only so many warnings are given", () => {
  const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`/p${index}`, get(`o${index}`)]));
  assert.throws(() => read(many), /more than 2000 operations/);
  const schema = { description: "x".repeat(100_000) };
  const content = { "application/json": { schema: { $ref: "#/components/schemas/Big" } } };
  const big = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`/p${index}`, { post: { requestBody: { content } } }]));
  assert.throws(() => read(big, { components: { schemas: { Big: schema } } }), /tools of more than 16000000 characters/);
  const ignored = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`x-${index}`, 1]));
  const often = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`/p${index}`, { post: { requestBody: { content } } }]));
  assert.throws(() => read(often, { components: { schemas: { Big: ignored } } }), /same large schemas from too many operations/);
  const { warnings } = read(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`/p${index}`, get()])));
  assert.deepEqual([warnings.length, warnings.at(-1)], [21, "and 30 more such findings"]);
});

test("whatever the document, reading it ends, with tools or with an Error", () => {
  const key = fc.constantFrom(
    "get",
    "post",
    "parameters",
    "requestBody",
    "content",
    "application/json",
    "schema",
    "$ref",
    "properties",
    "items",
    "allOf",
    "oneOf",
    "not",
    "name",
    "in",
    "servers",
    "url",
    "a",
    "__proto__",
    "nullable",
    "type",
  );
  const leaf = fc.oneof(
    fc.constantFrom("path", "query", "object", "#/paths", "#/paths/~1a/get", "#/components/schemas/A", "#", true, null, 1),
    fc.string(),
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof({ depthSize: "medium" }, leaf, fc.array(tie("node"), { maxLength: 4 }), fc.dictionary(key, tie("node"), { maxKeys: 5 })),
  }));
  fc.assert(
    fc.property(node, node, fc.constantFrom("3.0.0", "3.1.0"), (item, schema, openapi) => {
      const text = JSON.stringify({ openapi, paths: { "/a/{b}": item, "/c": { post: item } }, components: { schemas: { A: schema } } });
      try {
        const api = readApi(text);
        for (const { name, inputSchema } of toolsOf(api)) {
          assert.ok(api.operations.has(name));
          assert.equal(inputSchema["type"], "object");
        }
      } catch (thrown) {
        assert.match((thrown as Error).message, /no operation|several `servers`/);
      }
    }),
    { numRuns: 300 },
  );
});

test("whatever the text, reading it ends", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => `openapi: 3.0.0\npaths: ${json}`),
      ),
      (text) => {
        assert.throws(() => readApi(text), Error);
      },
    ),
    { numRuns: 300 },
  );
});
