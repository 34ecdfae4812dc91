import assert from "node:assert/strict";
import { test } from "node:test";
import type { FormatName } from "../format.ts";
import type { Provider, ProviderCall } from "../provider.ts";
import { RequestEdits } from "../request-edits.ts";
import { customProvider } from "./custom/index.ts";
import { namedProvider } from "./index.ts";
import { vertexProvider } from "./vertex/index.ts";

/** The URL of a call, as the provider's own address gives it. */
function urlOf(provider: Provider, call: Partial<ProviderCall> & { format: FormatName }): string {
  const { host, port } = provider.address;
  const full = { model: "m", streaming: false, ...call };
  return `${provider.tls ? "https" : "http"}://${host}:${port}${provider.path(full, provider.pathPrefix)}`;
}

function adapted(provider: Provider, call: ProviderCall, body: Record<string, unknown>): unknown {
  const request = new RequestEdits(body, Buffer.from(JSON.stringify(body)));
  provider.adaptRequest?.(request, call);
  return JSON.parse(request.toBytes().toString());
}

test("every preset: where its formats are", () => {
  const urls = Object.fromEntries(
    [
      "cohere",
      "ollama",
      "baseten",
      "cerebras",
      "deepinfra",
      "deepseek",
      "groq",
      "huggingface",
      "mistral",
      "openrouter",
      "togetherai",
      "xai",
      "fireworks",
    ].map((name) => {
      const provider = namedProvider(name, {});
      assert.equal(provider.telemetryName, name);
      return [name, provider.formats("m").map((format) => urlOf(provider, { format }))];
    }),
  );
  assert.deepEqual(urls, {
    cohere: [
      "https://api.cohere.ai:443/compatibility/v1/chat/completions",
      "https://api.cohere.ai:443/compatibility/v1/embeddings",
      "https://api.cohere.ai:443/v2/rerank",
    ],
    ollama: ["http://localhost:11434/v1/chat/completions", "http://localhost:11434/v1/responses", "http://localhost:11434/v1/embeddings"],
    baseten: ["https://inference.baseten.co:443/v1/chat/completions", "https://inference.baseten.co:443/v1/messages"],
    cerebras: ["https://api.cerebras.ai:443/v1/chat/completions"],
    deepinfra: [
      "https://api.deepinfra.com:443/v1/openai/chat/completions",
      "https://api.deepinfra.com:443/v1/openai/embeddings",
      "https://api.deepinfra.com:443/anthropic/v1/messages",
    ],
    deepseek: [
      "https://api.deepseek.com:443/v1/chat/completions",
      "https://api.deepseek.com:443/v1/responses",
      "https://api.deepseek.com:443/anthropic/v1/messages",
    ],
    groq: ["https://api.groq.com:443/openai/v1/chat/completions", "https://api.groq.com:443/openai/v1/responses"],
    huggingface: ["https://router.huggingface.co:443/v1/chat/completions", "https://router.huggingface.co:443/v1/responses"],
    mistral: ["https://api.mistral.ai:443/v1/chat/completions", "https://api.mistral.ai:443/v1/embeddings"],
    openrouter: ["chat/completions", "messages", "responses", "embeddings", "rerank"].map(
      (end) => `https://openrouter.ai:443/api/v1/${end}`,
    ),
    togetherai: ["chat/completions", "embeddings", "rerank"].map((end) => `https://api.together.xyz:443/v1/${end}`),
    xai: ["https://api.x.ai:443/v1/chat/completions", "https://api.x.ai:443/v1/responses"],
    fireworks: ["chat/completions", "messages", "responses", "embeddings", "rerank"].map(
      (end) => `https://api.fireworks.ai:443/inference/v1/${end}`,
    ),
  });
});

test("openAI: paths, and max_tokens under the name that GPT models take", () => {
  const provider = namedProvider("openAI", {});
  assert.equal(provider.telemetryName, "openai");
  assert.equal(urlOf(provider, { format: "responses" }), "https://api.openai.com:443/v1/responses");
  const chat = (model: string, body: Record<string, unknown>): unknown =>
    adapted(provider, { format: "completions", model, streaming: false }, body);
  assert.deepEqual(chat("gpt-5", { max_tokens: 5 }), { max_completion_tokens: 5 });
  assert.deepEqual(chat("gpt-5", { max_tokens: 5, max_completion_tokens: 6 }), { max_completion_tokens: 6 });
  assert.deepEqual(chat("o3", { max_tokens: 5 }), { max_tokens: 5 });
  assert.deepEqual(adapted(provider, { format: "responses", model: "gpt-5", streaming: false }, { max_tokens: 5 }), { max_tokens: 5 });
});

test("custom: its own paths, Gemini's paths by model", () => {
  const provider = customProvider(
    {
      formats: [
        { type: "completions", path: "/chat" },
        { type: "messages" },
        { type: "generateContent" },
        { type: "geminiCountTokens" },
        { type: "anthropicTokenCount" },
      ],
    },
    "mine",
  );
  assert.equal(provider.telemetryName, "mine");
  assert.deepEqual(provider.formats("m"), ["completions", "messages", "generateContent", "geminiCountTokens", "anthropicTokenCount"]);
  const paths = provider.formats("m").map((format) => provider.path({ format, model: "a/b", streaming: true }, "/base"));
  assert.deepEqual(paths, [
    "/chat",
    "/base/messages",
    "/base/models/a%2Fb:streamGenerateContent",
    "/base/models/a%2Fb:countTokens",
    "/base/messages/count_tokens",
  ]);
  assert.equal(customProvider({ providerOverride: "groq", formats: [] }, "mine").telemetryName, "groq");
});

test("vertex: hosts of regions", () => {
  const hosts = [undefined, "global", "us", "eu", "europe-west4"].map((region) => vertexProvider({ projectId: "p", region }).address.host);
  assert.deepEqual(hosts, [
    "aiplatform.googleapis.com",
    "aiplatform.googleapis.com",
    "aiplatform.us.rep.googleapis.com",
    "aiplatform.eu.rep.googleapis.com",
    "europe-west4-aiplatform.googleapis.com",
  ]);
});

test("vertex: paths of Claude, Gemini and the rest", () => {
  const provider = vertexProvider({ projectId: "my-project", region: "us-east5" });
  const path = (format: FormatName, model: string, streaming = false): string =>
    provider.path({ format, model, streaming }, provider.pathPrefix).replace("/v1/projects/my-project/locations/us-east5", "");
  assert.equal(path("messages", "claude-opus-4-5-20251101"), "/publishers/anthropic/models/claude-opus-4-5@20251101:rawPredict");
  assert.equal(path("messages", "anthropic/claude-opus-4-5", true), "/publishers/anthropic/models/claude-opus-4-5:streamRawPredict");
  assert.equal(path("messages", "claude-../x"), "/publishers/anthropic/models/claude-..%2Fx:rawPredict");
  assert.equal(path("anthropicTokenCount", "claude-opus-4-5"), "/publishers/anthropic/models/count-tokens:rawPredict");
  assert.equal(
    path("generateContent", "publishers/google/models/gemini-2.5-pro"),
    "/publishers/google/models/gemini-2.5-pro:generateContent",
  );
  assert.equal(path("generateContent", "gemini-2.5-pro", true), "/publishers/google/models/gemini-2.5-pro:streamGenerateContent");
  assert.equal(path("geminiCountTokens", "gemini-2.5-pro"), "/publishers/google/models/gemini-2.5-pro:countTokens");
  assert.equal(path("completions", "meta/llama-4"), "/endpoints/openapi/chat/completions");
});

test("vertex: which formats a model speaks", () => {
  const { formats } = vertexProvider({ projectId: "p" });
  assert.deepEqual(formats("claude-opus-4-5"), ["messages", "anthropicTokenCount"]);
  assert.deepEqual(formats("google/gemini-2.5-pro"), ["generateContent", "geminiCountTokens", "completions"]);
  assert.deepEqual(formats("meta/llama-4"), ["completions"]);
});

test("vertex: Claude's body loses what Google refuses, and nothing else", () => {
  const provider = vertexProvider({ projectId: "p" });
  const scoped = { type: "ephemeral", scope: "global" };
  const body = {
    model: "claude-opus-4-5",
    output_format: { type: "json_schema" },
    system: [{ type: "text", text: "s", cache_control: scoped }],
    messages: [{ role: "user", content: [{ type: "tool_result", content: [{ type: "text", text: "scope", cache_control: scoped }] }] }],
    tools: [{ name: "t", input_schema: { properties: { cache_control: { scope: "stays" } } } }],
    anthropic_beta: ["x"],
  };
  assert.deepEqual(adapted(provider, { format: "messages", model: "claude-opus-4-5", streaming: false }, body), {
    system: [{ type: "text", text: "s", cache_control: { type: "ephemeral" } }],
    messages: [
      {
        role: "user",
        content: [{ type: "tool_result", content: [{ type: "text", text: "scope", cache_control: { type: "ephemeral" } }] }],
      },
    ],
    tools: body.tools,
    anthropic_beta: ["x"],
    anthropic_version: "vertex-2023-10-16",
  });
  assert.deepEqual(
    adapted(provider, { format: "anthropicTokenCount", model: "claude-opus-4-5-20251101", streaming: false }, { model: "x", messages: [] }),
    {
      model: "claude-opus-4-5@20251101",
      messages: [],
    },
  );
  assert.deepEqual(adapted(provider, { format: "completions", model: "gemini-2.5-pro", streaming: false }, { model: "gemini-2.5-pro" }), {
    model: "google/gemini-2.5-pro",
  });
  assert.deepEqual(adapted(provider, { format: "completions", model: "meta/llama-4", streaming: false }, { model: "meta/llama-4" }), {
    model: "meta/llama-4",
  });
});

test("vertex: a query of Anthropic's API does not reach Google", () => {
  const { search } = vertexProvider({ projectId: "p" });
  const of = (format: FormatName, text: string): string | undefined => search?.({ format, model: "m", streaming: false }, text);
  assert.equal(of("messages", "?beta=true"), "");
  assert.equal(of("messages", "?a=1&beta=true&b=2"), "?a=1&b=2");
  assert.equal(of("messages", ""), "");
  assert.equal(of("generateContent", "?alt=sse"), "?alt=sse");
});

test("vertex uses Google's default credentials unless told otherwise, and needs a project", () => {
  assert.deepEqual(namedProvider("vertex", { vertexProject: "p" }).defaultAuth, { kind: "gcp", gcp: { type: "accessToken" } });
  assert.throws(() => namedProvider("vertex", {}), /needs `params.vertexProject`/);
  assert.throws(() => namedProvider("nobody", {}), /unknown provider "nobody"/);
});
