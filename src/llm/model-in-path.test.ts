import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { errorCode } from "../../test/llm/harness.ts";
import { modelInPath } from "./model-in-path.ts";

test("the model of Gemini's and Vertex AI's paths", () => {
  assert.equal(modelInPath("/v1beta/models/gemini-2.5-pro:generateContent"), "gemini-2.5-pro");
  assert.equal(
    modelInPath("/v1/projects/p/locations/global/publishers/anthropic/models/claude-opus-4-5@20251101:rawPredict"),
    "claude-opus-4-5@20251101",
  );
  assert.equal(modelInPath("/models/a%20b:countTokens"), "a b");
  assert.equal(modelInPath("/v1beta/tunedModels/mine:streamGenerateContent"), "mine");
  assert.equal(modelInPath("/models/a:b:rawPredict"), "a:b");
});

test("other paths have none", () => {
  for (const path of [
    "/v1/chat/completions",
    "/v1/models/gpt-5",
    "/v1/models",
    "/models/x:",
    "/models/x/y:generateContent",
    "/v1/images/a:b",
  ]) {
    assert.equal(modelInPath(path), undefined, path);
  }
});

test("names that could climb out of their segment, or break a log line, are refused", () => {
  for (const name of ["..", ".", "%2e%2e", "a%2Fb", "a%5Cb", "a%0Ab", "%E0%A4", "%00", "x".repeat(300)]) {
    assert.throws(
      () => modelInPath(`/models/${name}:rawPredict`),
      (thrown) => errorCode(thrown) === "400 invalid_model",
      name,
    );
  }
});

test("fuzz: a name that is given back is safe, and one that is safe is given back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), (name) => {
      const safe = !/[/\\\p{Cc}]/u.test(name) && name !== "." && name !== "..";
      const path = `/v1beta/models/${encodeURIComponent(name)}:generateContent`;
      if (safe) assert.equal(modelInPath(path), name);
      else assert.throws(() => modelInPath(path));
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), (path) => {
      try {
        const model = modelInPath(`/models/${path}`);
        assert.ok(model === undefined || !/[/\\]/.test(model));
      } catch (thrown) {
        assert.equal(errorCode(thrown), "400 invalid_model");
      }
    }),
  );
});
