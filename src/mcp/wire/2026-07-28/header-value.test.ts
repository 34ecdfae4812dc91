import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeHeaderValue, encodeHeaderValue } from "./header-value.ts";

test("the specification's examples", () => {
  for (const [value, field] of [
    ["us-west1", "us-west1"],
    ["Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="],
    [" padded ", "=?base64?IHBhZGRlZCA=?="],
    ["line1\nline2", "=?base64?bGluZTEKbGluZTI=?="],
    ["=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="],
  ] as const) {
    assert.equal(encodeHeaderValue(value), field);
    assert.equal(decodeHeaderValue(field), value);
  }
});

test("a value that nobody could have encoded is none", () => {
  for (const field of ["=?base64?SGVsbG8?=", "=?base64?!!!?=", "=?base64?/w==?=", "naïve", " x", "x\u0000"]) {
    assert.equal(decodeHeaderValue(field), undefined, field);
  }
});

test("fuzz: every text is read back, and its field is plain ASCII", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.string().map((text) => `=?base64?${text}?=`),
      ),
      (value) => {
        const text = value.isWellFormed() ? value : value.toWellFormed();
        const field = encodeHeaderValue(text);
        assert.match(field, /^[\x20-\x7e\t]*$/);
        assert.equal(decodeHeaderValue(field), text);
      },
    ),
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (field) => void decodeHeaderValue(field)));
});
