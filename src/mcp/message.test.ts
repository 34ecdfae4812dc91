import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../contract/errors.ts";
import { decodeMessage } from "./message.ts";

const decode = (value: unknown) => decodeMessage(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));

test("requests, notifications and responses are told apart", () => {
  assert.equal(decode({ jsonrpc: "2.0", id: 1, method: "ping" }).kind, "request");
  assert.equal(decode({ jsonrpc: "2.0", id: "", method: "ping", params: {} }).kind, "request");
  assert.equal(decode({ jsonrpc: "2.0", method: "notifications/initialized" }).kind, "notification");
  assert.equal(decode({ jsonrpc: "2.0", id: "a", result: {} }).kind, "response");
  assert.equal(decode({ jsonrpc: "2.0", id: 0, error: { code: 1, message: "no" } }).kind, "response");
});

test("unknown members are no mistake", () => {
  assert.equal(decode({ jsonrpc: "2.0", id: 1, method: "ping", extra: true }).kind, "request");
});

const wrong: readonly (readonly [string, unknown])[] = [
  ["the body is not JSON", "{"],
  ["the body is not JSON", ""],
  ["batches are not supported; send one message per request", "[]"],
  ["batches are not supported; send one message per request", [{ jsonrpc: "2.0", id: 1, method: "ping" }]],
  ["expected a JSON object", "null"],
  ["expected a JSON object", '"ping"'],
  ['expected "jsonrpc": "2.0"', { id: 1, method: "ping" }],
  ['expected "jsonrpc": "2.0"', { jsonrpc: 2, id: 1, method: "ping" }],
  ["id must be a string or a number", { jsonrpc: "2.0", id: null, method: "ping" }],
  ["id must be a string or a number", { jsonrpc: "2.0", id: {}, method: "ping" }],
  ["method must be a string", { jsonrpc: "2.0", id: 1, method: 7 }],
  ["expected a method, a result or an error", { jsonrpc: "2.0", id: 1 }],
  ["expected a method, a result or an error", { jsonrpc: "2.0", id: 1, result: {}, error: {} }],
  ["id must be a string or a number", { jsonrpc: "2.0", result: {} }],
];

for (const [text, value] of wrong) {
  test(`400: ${text} (${JSON.stringify(value).slice(0, 60)})`, () => {
    assert.throws(
      () => decode(value),
      (thrown) => {
        assert.ok(thrown instanceof GatewayError);
        assert.equal(thrown.status, 400);
        const body = JSON.parse(thrown.details.body?.text ?? "") as { jsonrpc: string; error: { code: number; message: string } };
        assert.equal(body.jsonrpc, "2.0");
        assert.equal(body.error.code, -32600);
        assert.equal(body.error.message, `invalid MCP message: ${text}`);
        return true;
      },
    );
  });
}

test("400: parameters that are no object are the parameters' mistake, not the message's", () => {
  for (const params of [[1], null, "x"]) {
    assert.throws(
      () => decode({ jsonrpc: "2.0", id: 1, method: "ping", params }),
      (thrown) => {
        assert.ok(thrown instanceof GatewayError);
        assert.equal(thrown.status, 400);
        const error = { code: -32602, message: "invalid params: expected an object" };
        assert.deepEqual(JSON.parse(thrown.details.body?.text ?? ""), { jsonrpc: "2.0", id: 1, error });
        return true;
      },
    );
  }
});

test("a body that is no JSON is not quoted in the error: it may hold secrets", () => {
  assert.throws(
    () => decode('{"password": "hunter2'),
    (thrown) => !(thrown as GatewayError).message.includes("hunter2"),
  );
});

test("nesting of any depth is decoded or refused, never a crash", () => {
  const depth = 200_000;
  const nested = `${"[".repeat(depth)}${"]".repeat(depth)}`;
  assert.equal(decode(`{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":${nested}}}`).kind, "request");
  assert.throws(() => decode(nested), GatewayError);
});

test("fuzz: any bytes are a message or a 400", () => {
  const almost = fc.record(
    {
      jsonrpc: fc.constantFrom("2.0", "1.0", 2),
      id: fc.jsonValue(),
      method: fc.jsonValue(),
      params: fc.jsonValue(),
      result: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    almost.map((value) => Buffer.from(JSON.stringify(value))),
  );
  fc.assert(
    fc.property(bodies, (bytes) => {
      try {
        assert.equal(decodeMessage(bytes).bytes, bytes);
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError);
        assert.equal(thrown.status, 400);
      }
    }),
    { numRuns: 2_000 },
  );
});
