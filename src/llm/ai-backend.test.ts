import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCode, exchangeFor, receive, TestProvider, type TestRequest } from "../../test/llm/harness.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import { Reply } from "../contract/reply.ts";
import { type AiBackend, compileAiBackend } from "./ai-backend.ts";
import type { AiBackendSettings } from "./settings.ts";

function backendFor(settings: Partial<AiBackendSettings> = {}): { backend: AiBackend; provider: TestProvider } {
  const provider = new TestProvider();
  const full: AiBackendSettings = { name: "ai", provider: { kind: "openAI", openAI: {} }, ...settings };
  return { backend: compileAiBackend(full, provider.context("backends.ai")), provider };
}

async function send(backend: AiBackend, request: TestRequest): Promise<{ exchange: Exchange; text: string }> {
  const exchange = exchangeFor(request);
  await backend.decode(exchange);
  return { exchange, text: (await receive(await backend.call(exchange))).toString() };
}

test("without routes every request is a chat completion", async () => {
  const { backend, provider } = backendFor();
  provider.reply = () => Reply.json(200, { model: "m", usage: { prompt_tokens: 1, completion_tokens: 1 } });
  const { exchange } = await send(backend, { path: "/anything", body: { model: "o3", messages: [] } });
  assert.equal(provider.last.url, "https://api.openai.com:443/v1/chat/completions");
  assert.equal(exchange.llm?.usage.totalTokens, 2);
  await assert.rejects(send(backend, { path: "/anything", body: "[]" }), (thrown) => errorCode(thrown) === "400 invalid_request_body");
});

test("the provider's model goes before the client's, which may then be missing", async () => {
  const { backend, provider } = backendFor({ provider: { kind: "openAI", openAI: { model: "o3" } } });
  const { exchange } = await send(backend, { body: { messages: [] } });
  assert.deepEqual(provider.last.json, { messages: [], model: "o3" });
  assert.equal(exchange.llm?.requestModel, "o3");
  const plain = backendFor();
  await assert.rejects(send(plain.backend, { body: { messages: [] } }), (thrown) => errorCode(thrown) === "400 missing_model");
});

test("routes say what paths are; a path without a type is no route", async () => {
  const { backend, provider } = backendFor({
    ai: { routes: { "/v1/embeddings": "embeddings", "/raw": "passthrough", "/look": "detect", "/v1/models": "models" } },
  });
  provider.reply = () => Reply.json(200, { model: "e", usage: { prompt_tokens: 5, total_tokens: 5 } });
  const embedded = await send(backend, { path: "/v1/embeddings", body: { model: "text-embedding-3", input: "x", dimensions: 8 } });
  assert.equal(embedded.exchange.llm?.operation, "embeddings");
  assert.equal(embedded.exchange.llm?.usage.inputTokens, 5);
  assert.deepEqual(embedded.exchange.llm?.params, { dimensions: 8 });

  const exchange = exchangeFor({ path: "/raw", body: "not json" });
  await backend.decode(exchange);
  await backend.call(exchange);
  assert.equal(exchange.body.collected, undefined);
  assert.equal(provider.last.text, "not json");
  assert.equal(provider.last.url, "https://api.openai.com:443/raw");

  const detected = await send(backend, { path: "/look", body: "not json" });
  assert.equal(provider.last.text, "not json");
  assert.equal(detected.exchange.llm?.usage.inputTokens, 5);

  await send(backend, { method: "GET", path: "/v1/models" });
  assert.equal(provider.last.url, "https://api.openai.com:443/v1/models");

  await assert.rejects(send(backend, { path: "/other", body: {} }), (thrown) => thrown instanceof GatewayError && thrown.status === 404);
});

test("defaults, overrides and aliases; the alias is applied last", async () => {
  const { backend, provider } = backendFor({
    ai: { defaults: { user: "u" }, overrides: { model: "fast-1" }, modelAliases: { "fast-*": "o3-mini" } },
  });
  const { exchange } = await send(backend, { body: { model: "x", messages: [] } });
  assert.deepEqual(provider.last.json, { model: "o3-mini", messages: [], user: "u" });
  assert.equal(exchange.llm?.clientModel, "x");
});

test("a backend that the route did not let decode does so itself, and reads another's call again", async () => {
  const one = backendFor();
  const other = backendFor({ name: "other", provider: { kind: "openAI", openAI: { model: "o3" } }, ai: { routes: { "*": "responses" } } });
  const exchange = exchangeFor({ body: { model: "gpt-5", input: "x" } });
  await one.backend.call(exchange);
  assert.equal(one.provider.last.url, "https://api.openai.com:443/v1/chat/completions");
  await other.backend.call(exchange);
  assert.equal(other.provider.last.url, "https://api.openai.com:443/v1/responses");
  assert.equal(other.provider.last.json["model"], "o3");
});

test("custom needs an address; vertex has Google's credentials as the least specific policy", async () => {
  const custom = { kind: "custom", custom: { formats: [{ type: "messages", path: "/m" }], model: "own" } } as const;
  assert.throws(() => backendFor({ provider: custom }), /^Error: backends\.ai: a custom provider needs `hostOverride`/);
  const local = backendFor({ provider: custom, hostOverride: { host: "127.0.0.1", port: 9 }, ai: { routes: { "*": "messages" } } });
  await send(local.backend, { path: "/v1/messages", body: { model: "x", messages: [] } });
  assert.equal(local.provider.last.url, "http://127.0.0.1:9/m");
  assert.equal(local.provider.last.json["model"], "own");
  const google = backendFor({ provider: { kind: "vertex", vertex: { projectId: "p" } } });
  await send(google.backend, { body: { model: "gemini-2.5-pro", messages: [] } });
  assert.deepEqual(google.provider.last.policies, { backendAuth: { kind: "gcp", gcp: { type: "accessToken" } } });
  assert.equal(google.provider.last.json["model"], "google/gemini-2.5-pro");
});
