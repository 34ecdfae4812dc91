import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { HeaderList } from "../base/headers.ts";
import { systemClock } from "../base/clock.ts";
import type { LlmCall } from "../contract/llm.ts";
import { isReplyStream, Reply, type ReplyBody, type ReplySink } from "../contract/reply.ts";
import { eventStream, HandStream, receive, streamOf } from "../../test/llm/harness.ts";
import { formats } from "./formats/index.ts";
import { meterReply } from "./meter.ts";

function newCall(): LlmCall {
  return { provider: "", operation: "", requestModel: "", clientModel: "", streaming: true, request: {}, params: {}, usage: {} };
}

const meter = (reply: Reply, call: LlmCall, clock = systemClock, limit = 10_000) =>
  meterReply(reply, call, { reader: formats.completions, clock, limit });
const jsonReply = (body: ReplyBody, headers: string[] = []): Reply =>
  new Reply(200, new HeaderList(["content-type", "application/json", ...headers]), body);

const completion = JSON.stringify({ model: "m-1", usage: { prompt_tokens: 3, completion_tokens: 2 } });
const frames = [
  'data: {"model":"m-1","choices":[{}]}\n\n',
  'data: {"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n',
  "data: [DONE]\n\n",
];

test("a whole reply is read once it is there, and its bytes go on as they came", async () => {
  const call = newCall();
  const reply = await meter(jsonReply(streamOf([completion.slice(0, 20), completion.slice(20)])), call);
  assert.ok(reply.body instanceof Uint8Array);
  assert.equal((await receive(reply)).toString(), completion);
  assert.equal(call.responseModel, "m-1");
  assert.equal(call.usage.totalTokens, 5);
});

test("a reply over the limit is passed on unread, none of its bytes lost", async () => {
  const call = newCall();
  const reply = await meter(jsonReply(streamOf([completion, completion])), call, systemClock, completion.length + 5);
  assert.equal((await receive(reply)).toString(), completion + completion);
  assert.deepEqual(call.usage, {});
});

test("a reply that is compressed although nobody asked for it is unpacked for the client too", async () => {
  for (const [name, bytes] of [
    ["gzip", gzipSync(completion)],
    ["br", brotliCompressSync(completion)],
  ] as const) {
    const call = newCall();
    const reply = await meter(jsonReply(streamOf([bytes]), ["content-encoding", name, "content-length", String(bytes.length)]), call);
    assert.equal((await receive(reply)).toString(), completion);
    assert.equal(reply.headers.has("content-encoding"), false);
    assert.equal(reply.headers.get("content-length"), String(completion.length));
    assert.equal(call.usage.totalTokens, 5);
  }
});

test("one that cannot be unpacked is passed on as it came", async () => {
  const call = newCall();
  const reply = await meter(jsonReply(streamOf(["not gzip"]), ["content-encoding", "gzip"]), call);
  assert.equal((await receive(reply)).toString(), "not gzip");
  assert.equal(reply.headers.get("content-encoding"), "gzip");
});

test("the provider's errors are passed on unread", async () => {
  const call = newCall();
  const body = streamOf([completion]);
  const reply = await meter(new Reply(429, new HeaderList(["content-type", "application/json"]), body), call);
  assert.equal(reply.body, body);
  assert.equal(reply.status, 429);
  assert.deepEqual(call.usage, {});
});

test("a stream is read on the side, byte for byte the provider's, however it is cut", async () => {
  const bytes = Buffer.from(frames.join(""));
  for (const size of [1, 7, 50, 1000]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    const call = newCall();
    assert.deepEqual(await receive(await meter(eventStream(chunks), call)), bytes);
    assert.equal(call.usage.totalTokens, 5);
    assert.equal(call.responseModel, "m-1");
  }
});

test("time to first token is that of the first content event", async () => {
  let now = 100;
  const call = newCall();
  const source = new HandStream();
  const reply = await meter(new Reply(200, new HeaderList(["content-type", "text/event-stream"]), source), call, {
    wall: () => 0,
    monotonic: () => now,
  });
  assert.ok(isReplyStream(reply.body));
  reply.body.start({ data: () => true, end() {}, fail() {} });
  source.sink?.data(Buffer.from(": comment\n\n"));
  assert.equal(call.firstTokenAt, undefined);
  now = 250;
  source.sink?.data(Buffer.from(frames[0] as string));
  now = 300;
  source.sink?.data(Buffer.from(frames[0] as string));
  assert.equal(call.firstTokenAt, 250);
});

test("back-pressure and cancelling go through, and a cancelled stream counts what was seen", async () => {
  const call = newCall();
  const source = new HandStream();
  const reply = await meter(new Reply(200, new HeaderList(["content-type", "text/event-stream"]), source), call);
  assert.ok(isReplyStream(reply.body));
  const seen: string[] = [];
  reply.body.start({ data: (chunk) => seen.push(chunk.toString()) < 0, end() {}, fail() {} });
  assert.equal(source.sink?.data(Buffer.from(frames[1] as string)), false);
  reply.body.resume();
  assert.equal(source.resumed, 1);
  const reason = new Error("client left");
  reply.body.cancel(reason);
  assert.equal(source.cancelled, reason);
  assert.equal(call.usage.totalTokens, 5);
  assert.equal(seen.length, 1);
});

test("a stream that breaks off is reported, and counts what was seen", async () => {
  const call = newCall();
  const source = new HandStream();
  const reply = await meter(new Reply(200, new HeaderList(["content-type", "text/event-stream"]), source), call);
  assert.ok(isReplyStream(reply.body));
  let failure: Error | undefined;
  const sink: ReplySink = { data: () => true, end() {}, fail: (error) => (failure = error) };
  reply.body.start(sink);
  source.sink?.data(Buffer.from(frames[1] as string));
  source.sink?.fail(new Error("reset"));
  assert.equal(failure?.message, "reset");
  assert.equal(call.usage.totalTokens, 5);
});

test("a stream that is already complete is read in one piece", async () => {
  const call = newCall();
  const whole = Buffer.from(frames.join(""));
  const source = Object.assign(streamOf([]), { takeComplete: () => whole });
  const reply = await meter(new Reply(200, new HeaderList(["content-type", "text/event-stream"]), source), call);
  assert.ok(isReplyStream(reply.body));
  assert.equal(reply.body.takeComplete?.(), whole);
  assert.equal(call.usage.totalTokens, 5);
  assert.notEqual(call.firstTokenAt, undefined);
});

test("a compressed stream is passed on unread", async () => {
  const body = streamOf(["xx"]);
  const reply = await meter(
    new Reply(200, new HeaderList(["content-type", "text/event-stream", "content-encoding", "gzip"]), body),
    newCall(),
  );
  assert.equal(reply.body, body);
});
