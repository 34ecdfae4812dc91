import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { failureText, refusedResult, toolResult } from "./tool-result.ts";

interface Result {
  readonly content: readonly { readonly type: string; readonly text: string }[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

function resultOf(body: string | Buffer, status = 200, contentType = "application/json"): Result {
  return JSON.parse(toolResult({ status, contentType, body: Buffer.from(body) }).toString()) as Result;
}

test("structured content is an object: the service's own, or one around its value", () => {
  for (const [body, structured] of [
    ['{"a":1}', { a: 1 }],
    ["[1,2]", { data: [1, 2] }],
    ['"x"', { data: "x" }],
    ["0", { data: 0 }],
    ["\uFEFF {}\n", {}],
    ["plain", { code: 200, message: "plain" }],
    ["", { code: 200, message: "" }],
    [Buffer.from([0xff, 0xfe]), { code: 200, message: "2 bytes of application/json" }],
  ] as const) {
    const result = resultOf(body);
    assert.deepEqual(result.structuredContent, structured);
    assert.deepEqual(JSON.parse(result.content[0]?.text ?? ""), structured);
    assert.deepEqual([result.content.length, result.isError], [1, undefined]);
  }
  assert.deepEqual(resultOf("null"), { content: [{ type: "text", text: "null" }] });
});

test("numbers stay as the service wrote them", () => {
  const text = toolResult({ status: 200, contentType: "", body: Buffer.from('{"id":12345678901234567890}') }).toString();
  assert.ok(text.endsWith('"structuredContent":{"id":12345678901234567890}}'));
});

test("redirects and refusals are errors that say their status", () => {
  for (const status of [301, 400, 401, 404, 429]) {
    const { isError, content, structuredContent } = resultOf('{"a":1}', status);
    assert.deepEqual([isError, content[0]?.text, structuredContent], [true, `HTTP status ${status}`, { a: 1 }]);
  }
  assert.deepEqual(JSON.parse(refusedResult('no "x"').toString()), { content: [{ type: "text", text: 'no "x"' }], isError: true });
});

test("a failure is told with the beginning of its text", () => {
  assert.equal(failureText({ status: 500, contentType: "", body: Buffer.from("") }), "HTTP status 500");
  assert.equal(
    failureText({ status: 502, contentType: "text/html", body: Buffer.from("x".repeat(600)) }),
    `HTTP status 502: ${"x".repeat(500)}`,
  );
});

test("whatever the body, the result is JSON with one text for it", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      ),
      fc.integer({ min: 200, max: 499 }),
      (body, status) => {
        const { content, isError } = resultOf(body, status);
        assert.equal(content.length, isError === true ? 2 : 1);
      },
    ),
    { numRuns: 300 },
  );
});
