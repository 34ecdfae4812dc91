import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SseParser } from "../../base/sse.ts";
import type { LlmCall } from "../../contract/llm.ts";
import { detect } from "../detect.ts";
import type { FormatName, ReplyReader } from "../format.ts";
import { RequestEdits } from "../request-edits.ts";
import { formats } from "./index.ts";

function newCall(): LlmCall {
  return { provider: "", operation: "", requestModel: "", clientModel: "", streaming: false, request: {}, params: {}, usage: {} };
}

function readWhole(reader: ReplyReader, reply: unknown): LlmCall {
  const call = newCall();
  reader.readReply(Buffer.from(typeof reply === "string" ? reply : JSON.stringify(reply)), call);
  return call;
}

/** Reads a stream, and says with which event the content began (counted from 1; 0 = never). */
function readStream(reader: ReplyReader, text: string, upTo = Number.POSITIVE_INFINITY): { call: LlmCall; firstContent: number } {
  const call = newCall();
  const stream = reader.createStreamReader(call);
  let events = 0;
  let firstContent = 0;
  const parser = new SseParser({
    maxEventBytes: 1 << 20,
    onEvent: (event) => {
      events += 1;
      if (events <= upTo && stream.read(event) && firstContent === 0) firstContent = events;
    },
  });
  parser.feed(Buffer.from(text));
  stream.end();
  return { call, firstContent };
}

const events = (...frames: (object | string)[]): string =>
  frames.map((frame) => `data: ${typeof frame === "string" ? frame : JSON.stringify(frame)}\n\n`).join("");
const namedEvents = (...frames: { type: string }[]): string =>
  frames.map((frame) => `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`).join("");

// completions

const chatUsage = {
  prompt_tokens: 100,
  completion_tokens: 40,
  total_tokens: 140,
  prompt_tokens_details: { cached_tokens: 60, audio_tokens: 5 },
  completion_tokens_details: { reasoning_tokens: 30, audio_tokens: 2 },
};
const chatCounts = {
  inputTokens: 100,
  providerInputTokens: 100,
  cachedInputTokens: 60,
  inputAudioTokens: 5,
  outputTokens: 40,
  reasoningTokens: 30,
  outputAudioTokens: 2,
  totalTokens: 140,
  providerTotalTokens: 140,
};

test("completions: a whole reply", () => {
  const call = readWhole(formats.completions, { model: "gpt-5-2026", choices: [], usage: chatUsage, service_tier: "flex" });
  assert.equal(call.responseModel, "gpt-5-2026");
  assert.deepEqual(call.usage, { ...chatCounts, serviceTier: "flex" });
});

test("completions: a stream, whose usage comes last and is null before", () => {
  const chunk = (delta: object) => ({
    model: "gpt-5-2026",
    choices: [{ delta: { content: 'the "usage": {is} text' }, ...delta }],
    usage: null,
  });
  const { call, firstContent } = readStream(
    formats.completions,
    events(chunk({}), chunk({}), { model: "gpt-5-2026", choices: [], usage: chatUsage }, "[DONE]"),
  );
  assert.equal(call.responseModel, "gpt-5-2026");
  assert.deepEqual(call.usage, chatCounts);
  assert.equal(firstContent, 1);
});

test("completions: the model may come late, usage with every chunk counts once, DeepSeek's cache name", () => {
  const chunk = (model: string, tokens: number) => ({
    model,
    choices: [],
    usage: { prompt_tokens: 7, completion_tokens: tokens, prompt_cache_hit_tokens: 3 },
  });
  const { call } = readStream(formats.completions, events(chunk("", 1), chunk("m", 2), chunk("m", 3)));
  assert.equal(call.responseModel, "m");
  assert.equal(call.usage.outputTokens, 3);
  assert.equal(call.usage.cachedInputTokens, 3);
  assert.equal(call.usage.totalTokens, 10);
});

test("completions: usage is asked for in streams of clients that said nothing about it", () => {
  const prepared = (body: object): unknown => {
    const request = new RequestEdits(body as Record<string, unknown>, Buffer.from(JSON.stringify(body)));
    formats.completions.prepareRequest?.(request, formats.completions.readRequest(request, "").streaming);
    return JSON.parse(request.toBytes().toString());
  };
  assert.deepEqual(prepared({ stream: true }), { stream: true, stream_options: { include_usage: true } });
  assert.deepEqual(prepared({ stream: true, stream_options: {} }), { stream: true, stream_options: {} });
  assert.deepEqual(prepared({ stream: false }), { stream: false });
});

// messages

const anthropicUsage = {
  input_tokens: 10,
  cache_read_input_tokens: 80,
  cache_creation_input_tokens: 20,
  output_tokens: 5,
  service_tier: "standard",
};

test("messages: cache reads and writes are part of the input, the provider's figure is kept", () => {
  const call = readWhole(formats.messages, { type: "message", model: "claude-opus-4-5", usage: anthropicUsage });
  assert.equal(call.responseModel, "claude-opus-4-5");
  assert.deepEqual(call.usage, {
    inputTokens: 110,
    providerInputTokens: 10,
    cachedInputTokens: 80,
    cacheCreationInputTokens: 20,
    outputTokens: 5,
    totalTokens: 115,
    providerTotalTokens: 15,
    serviceTier: "standard",
  });
});

const anthropicFrames = [
  { type: "message_start", message: { model: "claude-opus-4-5", usage: { ...anthropicUsage, output_tokens: 1 } } },
  { type: "content_block_start", index: 0 },
  { type: "ping" },
  { type: "content_block_delta", delta: { type: "text_delta", text: "message_delta" } },
  { type: "message_delta", delta: {}, usage: { output_tokens: 42, input_tokens: null } },
  { type: "message_stop" },
];

test("messages: a stream, whose last figures replace the first", () => {
  const { call, firstContent } = readStream(formats.messages, namedEvents(...anthropicFrames));
  assert.equal(call.responseModel, "claude-opus-4-5");
  assert.equal(call.usage.inputTokens, 110);
  assert.equal(call.usage.outputTokens, 42);
  assert.equal(call.usage.totalTokens, 152);
  assert.equal(firstContent, 4);
});

test("messages: events without names, and a stream that breaks off", () => {
  assert.deepEqual(readStream(formats.messages, events(...anthropicFrames)), readStream(formats.messages, namedEvents(...anthropicFrames)));
  const { call } = readStream(formats.messages, namedEvents(...anthropicFrames), 2);
  assert.equal(call.usage.inputTokens, 110);
  assert.equal(call.usage.outputTokens, 1);
});

test("messages: Vertex AI's path says whether to stream, and the body then says so too", () => {
  const request = new RequestEdits({}, Buffer.from("{}"));
  assert.equal(formats.messages.readRequest(request, "/models/claude:streamRawPredict").streaming, true);
  assert.equal(formats.messages.readRequest(request, "/models/claude:rawPredict").streaming, false);
  formats.messages.prepareRequest?.(request, true);
  assert.equal(request.toBytes().toString(), '{"stream":true}');
});

// responses

const responseObject = {
  object: "response",
  model: "gpt-5-2026",
  service_tier: "default",
  usage: {
    input_tokens: 50,
    input_tokens_details: { cached_tokens: 30 },
    output_tokens: 20,
    output_tokens_details: { reasoning_tokens: 12 },
    total_tokens: 70,
  },
};
const responseCounts = {
  inputTokens: 50,
  providerInputTokens: 50,
  cachedInputTokens: 30,
  outputTokens: 20,
  reasoningTokens: 12,
  totalTokens: 70,
  providerTotalTokens: 70,
  serviceTier: "default",
};

test("responses: a whole reply and a stream", () => {
  assert.deepEqual(readWhole(formats.responses, responseObject).usage, responseCounts);
  const frames = [
    { type: "response.created", response: { model: "gpt-5-2026", usage: null } },
    { type: "response.output_item.added" },
    { type: "response.output_text.delta", delta: "hi" },
    { type: "response.completed", response: responseObject },
  ];
  for (const text of [namedEvents(...frames), events(...frames)]) {
    const { call, firstContent } = readStream(formats.responses, text);
    assert.deepEqual(call.usage, responseCounts);
    assert.equal(call.responseModel, "gpt-5-2026");
    assert.equal(firstContent, 3);
  }
  const { call: aborted } = readStream(formats.responses, namedEvents(...frames), 3);
  assert.equal(aborted.responseModel, "gpt-5-2026");
  assert.deepEqual(aborted.usage, {});
});

// generateContent

const geminiUsage = {
  promptTokenCount: 100,
  cachedContentTokenCount: 40,
  toolUsePromptTokenCount: 10,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 30,
  totalTokenCount: 160,
  promptTokensDetails: [
    { modality: "TEXT", tokenCount: 90 },
    { modality: "IMAGE", tokenCount: 10 },
  ],
};
const geminiCounts = {
  inputTokens: 110,
  providerInputTokens: 100,
  cachedInputTokens: 40,
  outputTokens: 50,
  reasoningTokens: 30,
  inputTextTokens: 90,
  inputImageTokens: 10,
  totalTokens: 160,
  providerTotalTokens: 160,
};

test("generateContent: thoughts are output, tool results are input; each event of a stream counts all before it", () => {
  const reply = { candidates: [], modelVersion: "gemini-2.5-pro", usageMetadata: geminiUsage };
  assert.deepEqual(readWhole(formats.generateContent, reply).usage, geminiCounts);
  const first = {
    candidates: [{ content: { parts: [{ text: "a" }] } }],
    modelVersion: "gemini-2.5-pro",
    usageMetadata: { promptTokenCount: 100 },
  };
  const { call, firstContent } = readStream(formats.generateContent, events(first, reply));
  assert.deepEqual(call.usage, geminiCounts);
  assert.equal(call.responseModel, "gemini-2.5-pro");
  assert.equal(firstContent, 1);
  assert.equal(readStream(formats.generateContent, events(first, reply), 1).call.usage.inputTokens, 100);
});

test("generateContent: parameters are below generationConfig", () => {
  const body = { generationConfig: { temperature: 0.5, topP: 0.9, maxOutputTokens: 10, seed: 1 } };
  const facts = formats.generateContent.readRequest(
    new RequestEdits(body, Buffer.from(JSON.stringify(body))),
    "/models/m:streamGenerateContent",
  );
  assert.deepEqual(facts, { streaming: true, params: { temperature: 0.5, top_p: 0.9, max_tokens: 10, seed: 1 } });
});

// embeddings

test("embeddings: two small members are read, the vectors are not", () => {
  const call = readWhole(formats.embeddings, {
    object: "list",
    data: [{ embedding: [0.1, 2] }],
    model: "text-embedding-3",
    usage: { prompt_tokens: 8, total_tokens: 8 },
  });
  assert.equal(call.responseModel, "text-embedding-3");
  assert.deepEqual(call.usage, { inputTokens: 8, providerInputTokens: 8, totalTokens: 8, providerTotalTokens: 8 });
});

// detect

test("detect tells the shapes apart by themselves", () => {
  assert.deepEqual(readWhole(detect, { usage: chatUsage }).usage, chatCounts);
  assert.deepEqual(readWhole(detect, responseObject).usage, responseCounts);
  assert.deepEqual(readWhole(detect, { usageMetadata: geminiUsage }).usage, geminiCounts);
  assert.deepEqual(readWhole(detect, { response: { usageMetadata: geminiUsage, modelVersion: "g" } }).usage, geminiCounts);
  assert.equal(readWhole(detect, { type: "message", usage: anthropicUsage }).usage.inputTokens, 110);
  const { call } = readStream(detect, namedEvents(...anthropicFrames));
  assert.equal(call.responseModel, "claude-opus-4-5");
  assert.equal(call.usage.inputTokens, 110);
  assert.equal(call.usage.outputTokens, 42);
  assert.equal(call.usage.totalTokens, 152);
});

// all of them

const readers: readonly [string, ReplyReader][] = [...Object.entries(formats), ["detect", detect]];

test("a format is registered under its own name", () => {
  for (const [name, format] of Object.entries(formats)) assert.equal(format.name, name as FormatName);
});

test("broken numbers never count", () => {
  for (const bad of [-1, 1.5, "7", null, Number.MAX_SAFE_INTEGER * 2]) {
    assert.deepEqual(readWhole(formats.completions, { usage: { prompt_tokens: bad, completion_tokens: bad } }).usage, {});
    assert.deepEqual(readWhole(formats.messages, { usage: { input_tokens: bad, output_tokens: bad } }).usage, {});
  }
});

test("fuzz: no reply and no stream makes a reader fail, and every count is one", () => {
  const key = fc.constantFrom(
    "usage",
    "model",
    "type",
    "message",
    "response",
    "usageMetadata",
    "prompt_tokens",
    "prompt_tokens_details",
    "input_tokens",
    "promptTokensDetails",
    "x",
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 1, -1, 1.5, "a", "message_start"),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
    ),
  }));
  const type = fc.constantFrom("message_start", "message_delta", "response.completed", "content_block_delta", "message", "");
  fc.assert(
    fc.property(fc.array(fc.tuple(type, tree)), fc.boolean(), (frames, broken) => {
      for (const [, reader] of readers) {
        const text = frames.map(([name, value]) => `event: ${name}\ndata: ${JSON.stringify(value)}${broken ? "{" : ""}\n\n`).join("");
        const calls = [
          readStream(reader, text).call,
          ...frames.map(([, value]) => readWhole(reader, JSON.stringify(value) + (broken ? "{" : ""))),
        ];
        for (const { usage } of calls) {
          for (const [name, count] of Object.entries(usage)) {
            if (name !== "serviceTier") assert.ok(Number.isSafeInteger(count) && (count as number) >= 0, `${name}=${count}`);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});
