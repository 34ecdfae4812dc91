import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { paramFields, paramHeadersOf, paramMismatch } from "./param-headers.ts";

const schema = {
  type: "object",
  properties: {
    region: { type: "string", "x-mcp-header": "Region" },
    query: { type: "string" },
    where: { type: "object", properties: { shard: { type: "integer", "x-mcp-header": "Shard" } } },
    dry: { type: "boolean", "x-mcp-header": "Dry-Run" },
  },
};
const declared = paramHeadersOf(schema);

test("annotated arguments become header fields, the others do not", () => {
  assert.deepEqual(
    declared.map(({ field }) => field),
    ["mcp-param-region", "mcp-param-shard", "mcp-param-dry-run"],
  );
  assert.deepEqual(paramFields(declared, { region: "Zürich", query: "x", where: { shard: 7 }, dry: false }), [
    "mcp-param-region",
    "=?base64?WsO8cmljaA==?=",
    "mcp-param-shard",
    "7",
    "mcp-param-dry-run",
    "false",
  ]);
  assert.deepEqual(paramFields(declared, { region: null }), []);
});

test("annotations that break the rules count for nothing", () => {
  for (const properties of [
    { a: { type: "string", "x-mcp-header": "" } },
    { a: { type: "string", "x-mcp-header": "not a token" } },
    { a: { type: "number", "x-mcp-header": "A" } },
    { a: { type: "array", items: { type: "string", "x-mcp-header": "A" } } },
    { a: { type: "string", "x-mcp-header": "A" }, b: { type: "string", "x-mcp-header": "a" } },
  ]) {
    assert.deepEqual(paramHeadersOf({ type: "object", properties }), []);
  }
});

test("what header fields say has to be true", () => {
  const say =
    (fields: Readonly<Record<string, string>>) =>
    (name: string): string[] =>
      fields[name] === undefined ? [] : [fields[name]];
  assert.equal(paramMismatch(declared, { where: { shard: 42 } }, say({ "mcp-param-shard": "42.0" })), undefined);
  assert.equal(paramMismatch(declared, {}, say({})), undefined);
  assert.match(String(paramMismatch(declared, { region: "eu" }, say({}))), /mcp-param-region header is missing/);
  assert.match(String(paramMismatch(declared, { region: "eu" }, say({ "mcp-param-region": "us" }))), /not what the arguments say/);
  assert.match(String(paramMismatch(declared, { region: "eu" }, say({ "mcp-param-region": "=?base64?!?=" }))), /cannot be decoded/);
});

test("fuzz: fields made from arguments agree with them, whatever the schema and the arguments", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (anySchema, given) => {
      for (const headers of [declared, paramHeadersOf(anySchema)]) {
        const fields = paramFields(headers, given);
        const get = (name: string): string[] =>
          fields.flatMap((field, at) => (field === name && at % 2 === 0 ? [fields[at + 1] as string] : []));
        assert.equal(paramMismatch(headers, given, get), undefined);
      }
    }),
  );
});
