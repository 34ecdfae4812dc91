import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { errorCode, eventStream, exchangeFor, receive, TestProvider, type TestRequest } from "../../test/llm/harness.ts";
import { type CompiledExpression, compileExpression } from "../cel/compile.ts";
import type { Exchange } from "../contract/exchange.ts";
import { Reply } from "../contract/reply.ts";
import { compileModelRouter, type ModelRouter } from "./router.ts";
import type { ModelSettings, ProviderSettings } from "./settings.ts";

type ModelInput = Partial<ModelSettings> & { name: string };

const model = (input: ModelInput): ModelSettings => ({
  visibility: "public",
  params: {},
  provider: { kind: "builtIn", name: "openAI" },
  matches: [],
  ...input,
});

function routerFor(
  models: readonly ModelInput[],
  providers: readonly ProviderSettings[] = [],
): { router: ModelRouter; provider: TestProvider } {
  const provider = new TestProvider();
  return { router: compileModelRouter({ models: models.map(model), providers }, provider.context()), provider };
}

interface Outcome {
  readonly exchange: Exchange;
  readonly reply: Reply;
  readonly text: string;
}

async function send(router: ModelRouter, request: TestRequest, prepare: (exchange: Exchange) => void = () => {}): Promise<Outcome> {
  const exchange = exchangeFor(request);
  prepare(exchange);
  await router.decode(exchange);
  const reply = await router.pick(exchange).call(exchange);
  return { exchange, reply, text: (await receive(reply)).toString() };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    return errorCode(thrown);
  }
  return "no error";
}

const expressions = (sources: Readonly<Record<string, string>>): Record<string, CompiledExpression> =>
  Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, compileExpression(source)]));
const chat = (name: string, more: object = {}): TestRequest => ({ body: { model: name, messages: [], ...more } });

test("a chat request goes out with the bytes it came with, and comes back with its usage noted", async () => {
  const { router, provider } = routerFor([{ name: "gpt-5" }]);
  provider.reply = () => Reply.json(200, { model: "gpt-5-2026", usage: { prompt_tokens: 3, completion_tokens: 4 } });
  const text = '{ "model" : "gpt-5", "seed": 12345678901234567890, "temperature":0.5 }';
  const { exchange, reply } = await send(router, { body: text, headers: { "accept-encoding": "gzip", authorization: "Bearer client" } });
  assert.equal(reply.status, 200);
  assert.equal(provider.last.text, text);
  assert.equal(provider.last.outgoing.body, exchange.body.collected);
  assert.equal(provider.last.url, "https://api.openai.com:443/v1/chat/completions");
  assert.equal(provider.last.outgoing.head.headers.get("accept-encoding"), "identity");
  assert.equal(provider.last.outgoing.head.headers.get("authorization"), "Bearer client");
  assert.deepEqual(provider.last.outgoing.backend, { name: "gpt-5", type: "ai", protocol: "llm" });
  const { llm } = exchange;
  assert.equal(exchange.protocol, "llm");
  assert.equal(llm?.provider, "openai");
  assert.equal(llm?.operation, "chat");
  assert.equal(llm?.requestModel, "gpt-5");
  assert.equal(llm?.responseModel, "gpt-5-2026");
  assert.equal(llm?.usage.totalTokens, 7);
  assert.equal(llm?.params.temperature, 0.5);
  assert.deepEqual(exchange.metadata, { agentgateway_user_model: "gpt-5" });
});

test("a stream asks for its usage, and is passed on event by event", async () => {
  const { router, provider } = routerFor([{ name: "*" }]);
  const frames = [
    'data: {"model":"m","choices":[]}\n\n',
    'data: {"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n',
    "data: [DONE]\n\n",
  ];
  provider.reply = () => eventStream(frames);
  const { exchange, text } = await send(router, chat("m", { stream: true }));
  assert.deepEqual(provider.last.json["stream_options"], { include_usage: true });
  assert.equal(text, frames.join(""));
  assert.equal(exchange.llm?.streaming, true);
  assert.equal(exchange.llm?.usage.totalTokens, 2);
  assert.equal(exchange.llm?.firstTokenAt, provider.now);
});

test("the most specific name wins, then the order of the file", async () => {
  const { router, provider } = routerFor([
    { name: "*", id: "any" },
    { name: "gpt-*", id: "gpt" },
    { name: "gpt-5*", id: "gpt5 first" },
    { name: "gpt-5*", id: "gpt5 second" },
    { name: "gpt-5", id: "exact, as specific as the pattern before it" },
    { name: "*-mini", id: "mini" },
  ]);
  const chosen = async (name: string): Promise<string> => {
    await send(router, chat(name));
    return provider.last.outgoing.backend.name;
  };
  assert.equal(await chosen("gpt-5"), "gpt5 first");
  assert.equal(await chosen("gpt-5-mini"), "gpt5 first");
  assert.equal(await chosen("gpt-4-mini"), "mini");
  assert.equal(await chosen("gpt-4"), "gpt");
  assert.equal(await chosen("claude"), "any");
});

test("matches: one of them must hold, and all of its headers", async () => {
  const header = (name: string, value: string) => ({ name, value: { kind: "exact", exact: value } as const });
  const { router, provider } = routerFor([
    {
      name: "*",
      id: "eng",
      matches: [
        { headers: [header("x-org", "eng"), header("x-tier", "1")] },
        { headers: [{ name: "x-org", value: { kind: "regex", regex: "eng-.*" } }] },
      ],
    },
    { name: "*", id: "rest" },
  ]);
  const chosen = async (headers: Record<string, string>): Promise<string> => {
    await send(router, { ...chat("m"), headers });
    return provider.last.outgoing.backend.name;
  };
  assert.equal(await chosen({ "x-org": "eng", "x-tier": "1" }), "eng");
  assert.equal(await chosen({ "x-org": "eng" }), "rest");
  assert.equal(await chosen({ "x-org": "eng-2" }), "eng");
});

test("unknown and internal models are not found", async () => {
  const { router } = routerFor([{ name: "a" }, { name: "secret", visibility: "internal" }]);
  assert.equal(await codeOf(send(router, chat("b"))), "404 model_not_found");
  assert.equal(await codeOf(send(router, chat("secret"))), "404 model_not_found");
});

test("an API key reaches the models it is allowed, by the name the client uses", async () => {
  const { router, provider } = routerFor([{ name: "*" }]);
  const withKey = (allowedModels?: string[]) => (exchange: Exchange) => {
    exchange.identity.apiKey = allowedModels === undefined ? { metadata: {}, key: "k" } : { metadata: {}, key: "k", allowedModels };
  };
  assert.equal(await codeOf(send(router, chat("gpt-5"), withKey(["claude-*"]))), "403 model_not_allowed");
  assert.equal(await codeOf(send(router, chat("gpt-5"), withKey([]))), "403 model_not_allowed");
  assert.equal(provider.sent.length, 0);
  assert.equal(await codeOf(send(router, chat("gpt-5"), withKey(["gpt-*"]))), "no error");
  assert.equal(await codeOf(send(router, chat("gpt-5"), withKey())), "no error");
});

test("the list of models: public ones, any method, narrowed by the key", async () => {
  const { router, provider } = routerFor([
    { name: "gpt-5" },
    { name: "claude-*" },
    { name: "hidden", visibility: "internal" },
    { name: "gpt-5" },
  ]);
  for (const request of [
    { method: "GET", path: "/v1/models" },
    { method: "POST", path: "/models/" },
    { method: "GET", path: "/v1/models/gpt-5" },
  ]) {
    const { text, exchange } = await send(router, request);
    const list = JSON.parse(text) as { object: string; data: unknown[] };
    assert.equal(list.object, "list");
    const created = Math.floor((1_700_000_000_000 + provider.now) / 1000);
    assert.deepEqual(list.data, [
      { id: "gpt-5", object: "model", created, owned_by: "openai" },
      { id: "claude-*", object: "model", created, owned_by: "openai" },
    ]);
    assert.equal(exchange.llm, undefined);
  }
  const { text } = await send(router, { method: "GET", path: "/v1/models" }, (exchange) => {
    exchange.identity.apiKey = { metadata: {}, key: "k", allowedModels: ["claude-opus-4-5", "gemini-*"] };
  });
  assert.deepEqual(
    JSON.parse(text).data.map(({ id }: { id: string }) => id),
    ["claude-opus-4-5"],
  );
  assert.equal(provider.sent.length, 0);
});

test("body changes: the pinned model, overrides and defaults, in this order", async () => {
  const { router, provider } = routerFor([
    { name: "fast", params: { model: "gpt-5-nano" }, overrides: { temperature: 0 }, defaults: { temperature: 1, user: "u", top_p: 0.5 } },
  ]);
  const { exchange } = await send(router, chat("fast", { temperature: 0.7, top_p: 0.9 }));
  assert.deepEqual(provider.last.json, { model: "gpt-5-nano", messages: [], temperature: 0, top_p: 0.9, user: "u" });
  assert.equal(exchange.llm?.clientModel, "fast");
  assert.equal(exchange.llm?.requestModel, "gpt-5-nano");
  assert.equal(exchange.llm?.request["model"], "fast");
});

test("addresses: baseUrl, hostOverride, pathPrefix, pathOverride", async () => {
  const url = async (params: ModelSettings["params"]): Promise<string> => {
    const { router, provider } = routerFor([{ name: "m", params }]);
    await send(router, { ...chat("m"), search: "?a=1" });
    return provider.last.url;
  };
  assert.equal(await url({ baseUrl: "http://127.0.0.1:9000" }), "http://127.0.0.1:9000/v1/chat/completions?a=1");
  assert.equal(await url({ baseUrl: "https://x.test/llm/v2/" }), "https://x.test:443/llm/v2/chat/completions?a=1");
  assert.equal(await url({ baseUrl: "http://[::1]:9000/v1" }), "http://::1:9000/v1/chat/completions?a=1");
  assert.equal(await url({ hostOverride: { host: "h", port: 81 } }), "http://h:81/v1/chat/completions?a=1");
  assert.equal(await url({ hostOverride: { host: "h", port: 81 }, pathPrefix: "/p/" }), "http://h:81/p/chat/completions?a=1");
  assert.equal(await url({ hostOverride: { host: "h", port: 81 }, pathOverride: "/exactly" }), "http://h:81/exactly?a=1");
});

test("credentials and header changes become backend policies", async () => {
  const requestHeaders = { add: {}, set: { "x-a": "1" }, remove: [] };
  const { router, provider } = routerFor([
    { name: "key", params: { apiKey: { kind: "inline", inline: "secret" } }, requestHeaders, tls: { insecure: true } },
    { name: "auth", params: { apiKey: { kind: "inline", inline: "unused" } }, auth: { kind: "passthrough", passthrough: {} } },
    { name: "gemini-2.5-pro", provider: { kind: "builtIn", name: "vertex" }, params: { vertexProject: "p" } },
    {
      name: "own",
      provider: { kind: "builtIn", name: "vertex" },
      params: { vertexProject: "p", apiKey: { kind: "inline", inline: "k" }, model: "gemini-2.5-pro" },
    },
    { name: "extra", params: { apiKey: { kind: "inline", inline: "k" } }, auth: { kind: "credentials", credentials: [] } },
    {
      name: "extra of a cloud",
      provider: { kind: "builtIn", name: "vertex" },
      params: { vertexProject: "p", model: "gemini-2.5-pro" },
      auth: { kind: "credentials", credentials: [] },
    },
  ]);
  const policies = async (name: string): Promise<unknown> => {
    await send(router, chat(name));
    return provider.last.policies;
  };
  const key = (value: string) => ({ kind: "key", key: { value: { kind: "inline", inline: value } } });
  assert.deepEqual(await policies("key"), {
    requestHeaderModifier: requestHeaders,
    backendTLS: { insecure: true },
    backendAuth: key("secret"),
  });
  assert.deepEqual(await policies("auth"), { backendAuth: { kind: "passthrough", passthrough: {} } });
  assert.deepEqual(await policies("gemini-2.5-pro"), { backendAuth: { kind: "gcp", gcp: { type: "accessToken" } } });
  assert.deepEqual(await policies("own"), { backendAuth: key("k") });
  assert.deepEqual(await policies("extra"), { backendAuth: { ...key("k"), credentials: [] } });
  const cloud = { kind: "gcp", gcp: { type: "accessToken" }, credentials: [] };
  assert.deepEqual(await policies("extra of a cloud"), { backendAuth: cloud });
});

test("a shared provider: maps merge key by key, the rest whole, the model's first", async () => {
  const shared: ProviderSettings = {
    name: "mine",
    provider: { kind: "custom", custom: { formats: [{ type: "completions" }] } },
    params: { baseUrl: "http://127.0.0.1:9000/v1", model: "shared-model", apiKey: { kind: "inline", inline: "k" } },
    defaults: { defaults: { a: 1, b: 1 }, overrides: { c: 1 }, auth: { kind: "passthrough", passthrough: {} } },
  };
  const reference = { kind: "reference", reference: "mine" } as const;
  const { router, provider } = routerFor(
    [
      { name: "x", provider: reference, defaults: { b: 2 } },
      { name: "y", provider: reference, params: { model: "own-model" }, auth: { kind: "key", key: {} } },
    ],
    [shared],
  );
  const { exchange } = await send(router, chat("x"));
  assert.deepEqual(provider.last.json, { model: "shared-model", messages: [], c: 1, a: 1, b: 2 });
  assert.deepEqual(provider.last.policies, { backendAuth: { kind: "passthrough", passthrough: {} } });
  assert.equal(exchange.llm?.provider, "mine");
  await send(router, chat("y"));
  assert.equal(provider.last.json["model"], "own-model");
  assert.deepEqual(provider.last.policies, { backendAuth: { kind: "key", key: {} } });
});

test("what is wrong with a configuration is said with its place", () => {
  const compile = (input: Partial<ModelInput>) => () => routerFor([{ name: "ok" }, { name: "bad", ...input }]);
  assert.throws(
    compile({ provider: { kind: "reference", reference: "nobody" } }),
    /^Error: llm\.models\[1\]\.provider\.reference: .*"nobody"/,
  );
  assert.throws(
    compile({ provider: { kind: "custom", custom: { formats: [] } } }),
    /^Error: llm\.models\[1\]: a custom provider needs `params.baseUrl`/,
  );
  assert.throws(
    compile({ provider: { kind: "builtIn", name: "vertex" } }),
    /^Error: llm\.models\[1\]: provider vertex needs `params.vertexProject`/,
  );
  const shared: ProviderSettings = { name: "p", provider: { kind: "builtIn", name: "openAI" }, params: {} };
  const mixed = { name: "bad", provider: { kind: "reference", reference: "p" }, params: { vertexProject: "x" } } as const;
  assert.throws(() => routerFor([mixed], [shared]), /^Error: llm\.models\[0\]\.params\.vertexProject: /);
});

test("a format that the provider does not speak is refused, and the text says what it does", async () => {
  const { router, provider } = routerFor([{ name: "*" }]);
  const promise = send(router, { path: "/v1/messages", body: { model: "gpt-5", messages: [] } });
  await assert.rejects(promise, (thrown: Error) => {
    assert.equal(errorCode(thrown), "400 unsupported_conversion");
    assert.match(thrown.message, /a messages request cannot go to provider openai for model "gpt-5", which takes completions, responses/);
    return true;
  });
  assert.equal(provider.sent.length, 0);
});

test("Claude on Vertex AI, as Claude Code calls it", async () => {
  const { router, provider } = routerFor([
    { name: "*", provider: { kind: "builtIn", name: "vertex" }, params: { vertexProject: "ours", vertexRegion: "us-east5" } },
  ]);
  const base = "/v1/projects/theirs/locations/global/publishers/anthropic/models";
  const body = { anthropic_version: "vertex-2023-10-16", max_tokens: 10, messages: [], stream: true };
  const { exchange } = await send(router, { path: `${base}/claude-opus-4-5@20251101:streamRawPredict`, body });
  const ours = "https://us-east5-aiplatform.googleapis.com:443/v1/projects/ours/locations/us-east5/publishers/anthropic/models";
  assert.equal(provider.last.url, `${ours}/claude-opus-4-5@20251101:streamRawPredict`);
  assert.equal(provider.last.text, JSON.stringify(body));
  assert.equal(exchange.llm?.provider, "gcp.vertex_ai");
  assert.equal(exchange.llm?.request["model"], "claude-opus-4-5@20251101");
  await send(router, { path: `${base}/count-tokens:rawPredict`, body: { model: "claude-opus-4-5", messages: [] } });
  assert.equal(provider.last.url, `${ours}/count-tokens:rawPredict`);
  await send(router, {
    path: "/v1/messages",
    search: "?beta=true",
    body: { model: "claude-opus-4-5-20251101", max_tokens: 10, messages: [] },
  });
  assert.equal(provider.last.url, `${ours}/claude-opus-4-5@20251101:rawPredict`);
  assert.deepEqual(provider.last.json, { max_tokens: 10, messages: [], anthropic_version: "vertex-2023-10-16" });
});

test("Gemini natively: the model stays in the path", async () => {
  const { router, provider } = routerFor([
    { name: "gemini-*", provider: { kind: "builtIn", name: "vertex" }, params: { vertexProject: "p" } },
    { name: "fast", provider: { kind: "builtIn", name: "vertex" }, params: { vertexProject: "p", model: "gemini-2.5-flash" } },
  ]);
  provider.reply = () =>
    eventStream(['data: {"modelVersion":"gemini-2.5","usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1}}\n\n']);
  const body = { contents: [] };
  const { exchange } = await send(router, { path: "/v1beta/models/gemini-2.5-pro:streamGenerateContent", search: "?alt=sse", body });
  const base = "https://aiplatform.googleapis.com:443/v1/projects/p/locations/global/publishers/google/models";
  assert.equal(provider.last.url, `${base}/gemini-2.5-pro:streamGenerateContent?alt=sse`);
  assert.equal(provider.last.text, JSON.stringify(body));
  assert.equal(exchange.llm?.usage.totalTokens, 5);
  await send(router, { path: "/v1beta/models/fast:generateContent", body });
  assert.equal(provider.last.url, `${base}/gemini-2.5-flash:generateContent`);
  assert.equal(provider.last.text, JSON.stringify(body));
});

test("other paths go on untyped, below the provider's prefix", async () => {
  const { router, provider } = routerFor([{ name: "*", params: { baseUrl: "http://127.0.0.1:1/openai/v1", model: "ignored" } }]);
  provider.reply = () => Reply.json(200, { usage: { input_tokens: 3, output_tokens: 5 } });
  const image = await send(router, { path: "/v1/images/generations", body: { model: "gpt-image-1", prompt: "x" } });
  assert.equal(provider.last.url, "http://127.0.0.1:1/openai/v1/images/generations");
  assert.deepEqual(provider.last.json, { model: "gpt-image-1", prompt: "x" });
  assert.equal(image.exchange.llm?.usage.totalTokens, 8);
  const speech = await send(router, { path: "/v1/audio/speech", body: { model: "tts-1" }, headers: { "accept-encoding": "gzip" } });
  assert.equal(provider.last.outgoing.head.headers.get("accept-encoding"), "gzip");
  assert.deepEqual(speech.exchange.llm?.usage, {});
  assert.equal(speech.exchange.llm?.requestModel, "tts-1");
});

test("a body that a policy replaced after decoding is read again, and the choice of model stands", async () => {
  const { router, provider } = routerFor([{ name: "a" }, { name: "b", id: "other" }]);
  const exchange = exchangeFor(chat("a"));
  await router.decode(exchange);
  exchange.body.replace(Buffer.from('{"model":"a","messages":["new"]}'));
  await router.pick(exchange).call(exchange);
  assert.deepEqual(provider.last.json, { model: "a", messages: ["new"] });
  assert.equal(exchange.llm?.provider, "openai");
});

test("a second attempt starts from the client's body again", async () => {
  const { router, provider } = routerFor([{ name: "m", defaults: { user: "u" } }]);
  const exchange = exchangeFor(chat("m", { max_tokens: 3 }));
  await router.decode(exchange);
  await router.pick(exchange).call(exchange);
  await router.pick(exchange).call(exchange);
  assert.equal(provider.sent[0]?.text, provider.sent[1]?.text);
});

test("errors of the provider keep status and body", async () => {
  const { router, provider } = routerFor([{ name: "m" }]);
  provider.reply = () => Reply.json(429, { error: { message: "slow down", usage: {} } });
  const { reply, text, exchange } = await send(router, chat("m"));
  assert.equal(reply.status, 429);
  assert.equal(text, '{"error":{"message":"slow down","usage":{}}}');
  assert.deepEqual(exchange.llm?.usage, {});
});

test("transformation reads the client's body; a failure or null removes the member; its results go before overrides and defaults", async () => {
  const { router, provider } = routerFor([
    {
      name: "anthropic/*",
      transformation: expressions({
        model: 'llmRequest.model.stripPrefix("anthropic/")',
        temperature: "llmRequest.temperature + 1",
        user: "null",
        top_p: "llmRequest.nothing.there",
        metadata: '{"team": request.headers["x-team"], "n": size(llmRequest.messages)}',
      }),
      overrides: { temperature: 9, top_p: 9 },
      defaults: { user: "default" },
    },
  ]);
  const request = { ...chat("anthropic/claude-5", { temperature: 1, user: "client", top_p: 0.1 }), headers: { "x-team": "eng" } };
  const { exchange } = await send(router, request);
  assert.deepEqual(provider.last.json, {
    model: "claude-5",
    messages: [],
    temperature: 2,
    user: "default",
    metadata: { team: "eng", n: 0 },
  });
  assert.equal(exchange.llm?.requestModel, "claude-5");
  assert.equal(exchange.llm?.clientModel, "anthropic/claude-5");
});

test("a transformation that leaves no model is told", async () => {
  const { router } = routerFor([{ name: "*", transformation: expressions({ model: "llmRequest.other" }) }]);
  assert.equal(await codeOf(send(router, chat("m"))), "400 missing_model");
});

test("the published Vertex AI example: the model comes from the path where it stands there, by header", async () => {
  const { router, provider } = routerFor([
    {
      name: "*",
      provider: { kind: "builtIn", name: "vertex" },
      matches: [{ headers: [{ name: "x-solo-org", value: { kind: "exact", exact: "engineering" } }] }],
      transformation: expressions({
        model: `request.path.endsWith(":streamRawPredict") || request.path.endsWith(":rawPredict") ?
          request.path.regexReplace("^.*/publishers/anthropic/models/(.+?):.*", "\${1}") :
          llmRequest.model`,
      }),
      params: { vertexProject: "developers-369321" },
    },
  ]);
  const headers = { "x-solo-org": "engineering" };
  const base = "https://aiplatform.googleapis.com:443/v1/projects/developers-369321/locations/global/publishers";
  const raw = { anthropic_version: "vertex-2023-10-16", max_tokens: 1, messages: [], stream: true };
  await send(router, {
    path: "/v1/projects/x/locations/y/publishers/anthropic/models/claude-opus-4-7:streamRawPredict",
    headers,
    body: raw,
  });
  assert.equal(provider.last.url, `${base}/anthropic/models/claude-opus-4-7:streamRawPredict`);
  assert.deepEqual(provider.last.json, raw);
  await send(router, { path: "/v1/messages", headers, body: { model: "claude-sonnet-4-6", max_tokens: 1, messages: [] } });
  assert.equal(provider.last.url, `${base}/anthropic/models/claude-sonnet-4-6:rawPredict`);
  await send(router, { path: "/v1beta/models/gemini-2.5-pro:generateContent", headers, body: { contents: [] } });
  assert.equal(provider.last.url, `${base}/google/models/gemini-2.5-pro:generateContent`);
  assert.deepEqual(provider.last.json, { contents: [] });
  assert.equal(await codeOf(send(router, chat("gemini-2.5-pro"))), "404 model_not_found");
});

test("a model's own rules: refused by all that match is 403, and the list leaves the model out", async () => {
  const allow = (source: string) => ({ rules: [{ kind: "allow" as const, allow: compileExpression(source) }] });
  const { router, provider } = routerFor([
    { name: "gpt-*", id: "staff", authorization: allow('jwt.team == "staff"') },
    { name: "gpt-5", id: "small", authorization: allow("llmRequest.max_tokens < 100") },
    { name: "free" },
  ]);
  const staff = (exchange: Exchange): void => {
    exchange.identity.jwt = { claims: { team: "staff" }, token: "t" };
  };
  assert.equal(await codeOf(send(router, chat("gpt-4"))), "403 model_authorization_denied");
  assert.equal(provider.failedRules, 1);
  assert.equal(provider.warnings.length, 1);
  await send(router, chat("gpt-4"), staff);
  assert.equal(provider.last.outgoing.backend.name, "staff");
  await send(router, chat("gpt-5", { max_tokens: 5 }));
  assert.equal(provider.last.outgoing.backend.name, "small");
  assert.equal(await codeOf(send(router, chat("gpt-5", { max_tokens: 500 }))), "403 model_authorization_denied");
  const listed = async (prepare?: (exchange: Exchange) => void): Promise<string[]> => {
    const { text } = await send(router, { method: "GET", path: "/v1/models" }, prepare);
    return JSON.parse(text).data.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await listed(), ["free"]);
  assert.deepEqual(await listed(staff), ["gpt-*", "free"]);
});

test("fuzz: the entry that is chosen is the one that a plain reading of the rules gives", async () => {
  const part = fc.stringMatching(/^[ab]{0,3}$/);
  const pattern = fc.oneof(
    part.map((text) => `${text}*`),
    part.map((text) => `*${text}`),
    fc.stringMatching(/^[ab]{1,4}$/),
  );
  const entry = fc.record({
    name: pattern,
    visibility: fc.constantFrom("public" as const, "internal" as const),
    org: fc.constantFrom(undefined, "x", "y"),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { minLength: 1, maxLength: 6 }),
      fc.stringMatching(/^[ab]{1,5}$/),
      fc.constantFrom("x", "y"),
      async (entries, name, org) => {
        const { router, provider } = routerFor(
          entries.map((one, index) => ({
            name: one.name,
            id: String(index),
            visibility: one.visibility,
            matches: one.org === undefined ? [] : [{ headers: [{ name: "x-org", value: { kind: "exact" as const, exact: one.org } }] }],
          })),
        );
        const fits = entries
          .map((one, index) => ({ ...one, index }))
          .filter((one) => {
            const [prefix, suffix] = one.name.split("*");
            const named =
              suffix === undefined
                ? one.name === name
                : name.length >= one.name.length - 1 && name.startsWith(prefix as string) && name.endsWith(suffix);
            return named && one.visibility === "public" && (one.org === undefined || one.org === org);
          });
        fits.sort((a, b) => b.name.replace("*", "").length - a.name.replace("*", "").length || a.index - b.index);
        const code = await codeOf(send(router, { ...chat(name), headers: { "x-org": org } }));
        assert.equal(
          code === "no error" ? provider.last.outgoing.backend.name : code,
          fits[0] === undefined ? "404 model_not_found" : String(fits[0].index),
        );
      },
    ),
    { numRuns: 300 },
  );
});
