import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestEdits } from "./request-edits.ts";

function edits(text: string): { request: RequestEdits; bytes: Buffer } {
  const bytes = Buffer.from(text);
  return { request: new RequestEdits(JSON.parse(text) as Record<string, unknown>, bytes), bytes };
}

test("a body without changes is the same buffer, also after changes that lead back", () => {
  const { request, bytes } = edits('{ "model": "a", "seed": 12345678901234567890 }');
  request.set("model", "a");
  request.remove("absent");
  assert.equal(request.toBytes(), bytes);
  request.set("model", "b");
  request.set("model", "a");
  request.set("new", 1);
  request.restore("new");
  assert.equal(request.toBytes(), bytes);
});

test("changes are seen at once and written in place; the rest keeps its bytes", () => {
  const { request } = edits('{"model": "a", "seed": 12345678901234567890, "old":1}');
  request.set("model", "b");
  request.remove("old");
  request.set("stream_options", { include_usage: true });
  assert.equal(request.get("model"), "b");
  assert.equal(request.has("old"), false);
  assert.equal(request.toBytes().toString(), '{"model": "b","seed": 12345678901234567890,"stream_options":{"include_usage":true}}');
});

test("names of Object.prototype are ordinary names", () => {
  const { request } = edits("{}");
  assert.equal(request.get("toString"), undefined);
  request.set("constructor", 1);
  assert.equal(request.toBytes().toString(), '{"constructor":1}');
});
