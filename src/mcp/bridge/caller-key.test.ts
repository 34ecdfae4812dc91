import assert from "node:assert/strict";
import { test } from "node:test";
import { testExchange, type TestRequest } from "../../../test/policy-harness.ts";
import { callerKey } from "./caller-key.ts";

function keyOf(request: TestRequest, sub?: string): string {
  const exchange = testExchange(request);
  if (sub !== undefined) exchange.identity.jwt = { claims: { iss: "i", sub }, token: "t" };
  return callerKey(exchange);
}

test("callers are told apart by name, by credential, and those without a name by address", () => {
  const keys = [
    keyOf({}),
    keyOf({ remoteAddress: "192.0.2.8" }),
    keyOf({ headers: { authorization: "Bearer a" } }),
    keyOf({ headers: { "x-forwarded-for": "192.0.2.9" } }),
    keyOf({}, "ann"),
    keyOf({}, "bob"),
  ];
  assert.equal(new Set(keys).size, keys.length);
});

test("a caller is the same wherever they are, and whatever a request is about", () => {
  assert.equal(keyOf({}, "ann"), keyOf({ remoteAddress: "192.0.2.8" }, "ann"));
  assert.equal(keyOf({}), keyOf({ headers: { "x-request-id": "1", "mcp-name": "t", traceparent: "x" } }));
});
