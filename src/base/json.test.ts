import assert from "node:assert/strict";
import { test } from "node:test";
import { isJsonObject, objectIn, parseJsonObject } from "./json.ts";

test("objects are told from null, lists and scalars", () => {
  assert.deepEqual([{}, null, [], "x", 1, undefined].map(isJsonObject), [true, false, false, false, false, false]);
});

test("a member that is no object reads as an empty one", () => {
  assert.deepEqual(objectIn({ a: { b: 1 } }, "a"), { b: 1 });
  for (const value of [null, [], "x", undefined]) assert.equal(objectIn(objectIn({ a: value }, "a"), "b")["c"], undefined);
});

test("other people's bytes: an object, or undefined", () => {
  assert.deepEqual(parseJsonObject(Buffer.from('{"a":"é"}')), { a: "é" });
  for (const text of ["", "{", "[]", "null", "1", "\xff"]) assert.equal(parseJsonObject(Buffer.from(text)), undefined);
});
