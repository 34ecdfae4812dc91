import assert from "node:assert/strict";
import { test } from "node:test";
import { compileApiRoutes, standardRoutes } from "./api-paths.ts";

test("the standard paths, also below a prefix", () => {
  const typeOf = compileApiRoutes(standardRoutes);
  const cases = {
    "/v1/chat/completions": "completions",
    "/openai/v1/chat/completions": "completions",
    "/v1/messages": "messages",
    "/v1/messages/count_tokens": "anthropicTokenCount",
    "/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict": "messages",
    "/v1beta/models/gemini-2.5-pro:generateContent": "generateContent",
    "/v1beta/models/gemini-2.5-pro:countTokens": "geminiCountTokens",
    "/v1/responses": "responses",
    "/v1/responses/compact": "detect",
    "/v1/images/generations": "detect",
    "/v1/embeddings": "embeddings",
    "/v2/rerank": "rerank",
    "/v1/audio/transcriptions": "passthrough",
    "/": "passthrough",
  };
  for (const [path, type] of Object.entries(cases)) assert.equal(typeOf(path), type, path);
});

test("the longest suffix wins, and without a star some paths have no type", () => {
  const typeOf = compileApiRoutes({ "/b": "messages", "/a/b": "responses" });
  assert.equal(typeOf("/x/a/b"), "responses");
  assert.equal(typeOf("/x/b"), "messages");
  assert.equal(typeOf("/x"), undefined);
});
