import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { type SimulatedModel, startSimulatedModel } from "../../examples/simulated-model.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";

/** The official OpenAI client against the gateway, with the simulated model behind it. */

let model: SimulatedModel;
let slowModel: SimulatedModel;
let gateway: TestGateway;
let client: OpenAI;

before(async () => {
  model = await startSimulatedModel({ port: 0 });
  slowModel = await startSimulatedModel({ port: 0, wordDelayMs: 20 });
  gateway = await startTestGateway(`
llm:
  port: 0
  policies:
    apiKey:
      mode: strict
      keys:
        - key: everything
        - key: small-only
          allowedModels: ["small-*"]
  providers:
    - name: simulated
      provider:
        custom:
          formats:
            - type: completions
            - type: embeddings
      params:
        baseUrl: http://localhost:${model.port}/v1
  models:
    - name: "small-*"
      provider: { reference: simulated }
    - name: large
      provider: { reference: simulated }
      params: { model: large-2026 }
      overrides: { temperature: 0 }
    - name: slow
      provider: { custom: { formats: [{ type: completions }] } }
      params: { baseUrl: "http://localhost:${slowModel.port}/v1" }
    - name: hidden
      visibility: internal
      provider: { reference: simulated }
`);
  client = new OpenAI({ baseURL: `${gateway.url()}/v1`, apiKey: "everything", maxRetries: 0 });
});

after(async () => {
  await gateway.close();
  await model.close();
  await slowModel.close();
});

const hello = [{ role: "user" as const, content: "hello from the client" }];

test("a completion", async () => {
  const completion = await client.chat.completions.create({ model: "small-1", messages: hello });
  assert.equal(completion.choices[0]?.message.content, "You said: hello from the client");
  assert.equal(completion.model, "small-1-simulated");
  assert.deepEqual(completion.usage, { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 });
});

test("the configured model and overrides reach the provider", async () => {
  const completion = await client.chat.completions.create({ model: "large", messages: hello, temperature: 1 });
  assert.equal(completion.model, "large-2026-simulated");
});

test("a stream, with the usage that the gateway asked for", async () => {
  const stream = await client.chat.completions.create({ model: "small-1", messages: hello, stream: true });
  let text = "";
  let usage: unknown;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, "You said: hello from the client");
  assert.deepEqual(usage, { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 });
});

test("tools: the call, and the answer to its result; streamed too", async () => {
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const tools = [{ type: "function" as const, function: { name: "weather", parameters } }];
  const first = await client.chat.completions.create({ model: "small-1", messages: [{ role: "user", content: "Paris" }], tools });
  const call = first.choices[0]?.message.tool_calls?.[0];
  assert.ok(call?.type === "function");
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Paris" });
  const second = await client.chat.completions.create({
    model: "small-1",
    messages: [
      { role: "user", content: "Paris" },
      { role: "assistant", tool_calls: [call] },
      { role: "tool", tool_call_id: call.id, content: "sunny" },
    ],
    tools,
  });
  assert.equal(second.choices[0]?.message.content, "You said: sunny");
  const streamed = client.chat.completions.stream({ model: "small-1", messages: [{ role: "user", content: "Rome" }], tools });
  const message = await streamed.finalMessage();
  const [streamedCall] = message.tool_calls ?? [];
  assert.ok(streamedCall?.type === "function");
  assert.deepEqual(JSON.parse(streamedCall.function.arguments), { city: "Rome" });
});

test("a client that leaves a stream makes the gateway leave the provider", async () => {
  const before = slowModel.abortedStreams;
  const stream = await client.chat.completions.create({
    model: "slow",
    messages: [{ role: "user", content: "word ".repeat(200) }],
    stream: true,
  });
  for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? "") !== "") break;
  for (let waited = 0; slowModel.abortedStreams === before && waited < 2000; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(slowModel.abortedStreams, before + 1);
});

test("embeddings", async () => {
  const reply = await client.embeddings.create({ model: "small-embed", input: ["one two", "three"] });
  assert.equal(reply.data.length, 2);
  assert.equal(reply.data[0]?.embedding.length, 8);
  assert.equal(reply.usage.total_tokens, 3);
});

test("the list of models", async () => {
  const ids = async (one: OpenAI): Promise<string[]> => (await one.models.list()).data.map(({ id }) => id);
  assert.deepEqual(await ids(client), ["small-*", "large", "slow"]);
  assert.deepEqual(await ids(client.withOptions({ apiKey: "small-only" })), ["small-*"]);
});

test("what was used is in the metrics", async () => {
  const name = "small-metered";
  await client.chat.completions.create({ model: name, messages: hello });
  for await (const chunk of await client.chat.completions.create({ model: name, messages: hello, stream: true })) assert.ok(chunk.id);
  const metrics = await gateway.metrics();
  const valueOf = (metric: string, more = ""): number => {
    const line = metrics
      .split("\n")
      .find((text) => text.startsWith(`${metric}{`) && text.includes(`gen_ai_request_model="${name}"`) && text.includes(more));
    return Number(line?.split(" ").at(-1));
  };
  assert.equal(valueOf("agentgateway_gen_ai_client_token_usage_sum", 'gen_ai_token_type="input"'), 8);
  assert.equal(valueOf("agentgateway_gen_ai_client_token_usage_sum", 'gen_ai_token_type="output"'), 12);
  assert.equal(valueOf("agentgateway_gen_ai_server_request_duration_count", 'gen_ai_system="simulated"'), 2);
  assert.equal(valueOf("agentgateway_gen_ai_server_time_to_first_token_count"), 1);
});

test("errors are what the client's classes expect", async () => {
  const limited = client.withOptions({ apiKey: "small-only" });
  const unknown = await client.chat.completions.create({ model: "nobody", messages: hello }).catch((error: unknown) => error);
  assert.ok(unknown instanceof OpenAI.NotFoundError);
  assert.equal(unknown.code, "model_not_found");
  assert.equal(unknown.type, "invalid_request_error");
  const hidden = await client.chat.completions.create({ model: "hidden", messages: hello }).catch((error: unknown) => error);
  assert.ok(hidden instanceof OpenAI.NotFoundError);
  const refused = await limited.chat.completions.create({ model: "large", messages: hello }).catch((error: unknown) => error);
  assert.ok(refused instanceof OpenAI.PermissionDeniedError);
  assert.equal(refused.code, "model_not_allowed");
  const unconverted = await client.responses.create({ model: "large", input: "x" }).catch((error: unknown) => error);
  assert.ok(unconverted instanceof OpenAI.BadRequestError);
  assert.equal(unconverted.code, "unsupported_conversion");
  const upstream = await client.chat.completions.create({ model: "small-1", messages: [] }).catch((error: unknown) => error);
  assert.ok(upstream instanceof OpenAI.BadRequestError);
  assert.match(upstream.message, /`messages` is missing/);
  const stranger = await client
    .withOptions({ apiKey: "wrong" })
    .models.list()
    .catch((error: unknown) => error);
  assert.ok(stranger instanceof OpenAI.AuthenticationError);
});
