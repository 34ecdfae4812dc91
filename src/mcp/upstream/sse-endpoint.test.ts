import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readEndpoint } from "./sse-endpoint.ts";

const stream = "https://old.test:8443/base/sse?tenant=1";

test("the endpoint is relative to the stream, and stays at its origin", () => {
  for (const [data, path, search] of [
    ["/messages?sessionId=1", "/messages", "?sessionId=1"],
    ["messages", "/base/messages", ""],
    ["?sessionId=1", "/base/sse", "?sessionId=1"],
    ["https://OLD.test:8443/m?a=b#c", "/m", "?a=b"],
    ["/a/../b c", "/b%20c", ""],
  ] as const) {
    assert.deepEqual(readEndpoint(data, stream), { path, search }, data);
  }
  for (const data of [
    "//elsewhere.test/m",
    "http://old.test:8443/m",
    "https://old.test/m",
    "\\\\elsewhere.test/m",
    "javascript:1",
    "data:,x",
  ]) {
    assert.throws(() => readEndpoint(data, stream), /another origin/, data);
  }
  assert.throws(() => readEndpoint("https://", stream), /holds no URL/);
  assert.throws(() => readEndpoint(`/${"x".repeat(9_000)}`, stream), /holds no URL/);
});

test("fuzz: whatever a server sends, it is a path at its origin or an error", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "/",
      "//",
      "\\",
      "?",
      "#",
      "@",
      ":",
      "..",
      "%2e",
      "%00",
      "\r\n",
      "\t",
      " ",
      "http:",
      "https://old.test:8443",
      "old.test",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const data = pieces.join("");
      let endpoint;
      try {
        endpoint = readEndpoint(data, stream);
      } catch (thrown) {
        assert.match((thrown as Error).message, /^the endpoint event (holds no URL|leads to another origin, )/);
        return;
      }
      assert.match(endpoint.path, /^\/[\x21-\x7e]*$/);
      assert.match(endpoint.search, /^(\?[\x21-\x7e]+)?$/);
      assert.equal(new URL(data, stream).origin, "https://old.test:8443");
    }),
    { numRuns: 2_000 },
  );
});
