import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bodyText, chunkedBody, compilePolicy, run, testExchange } from "../../../test/policy-harness.ts";
import { HeaderList } from "../../base/headers.ts";
import { isReplyStream, Reply } from "../../contract/reply.ts";
import { bufferRequest, bufferResponse } from "./index.ts";

describe("buffer.request", () => {
  it("has read the body before what lies below sees the request", async () => {
    const policy = compilePolicy(bufferRequest, { request: {} });
    const { exchange } = await run(policy, testExchange({ method: "POST", body: "hello" }), ({ body }) => {
      assert.equal(body.collected?.toString(), "hello");
      return new Reply(200);
    });
    assert.equal(exchange.error, undefined);
  });

  it("answers 413 to a body over maxBytes, or over the listener's limit without it", async () => {
    const own = await run(compilePolicy(bufferRequest, { request: { maxBytes: 4 } }), testExchange({ body: "hello" }));
    assert.deepEqual([own.reply.status, own.calls], [413, 0]);
    const listener = await run(compilePolicy(bufferRequest, { request: {} }), testExchange({ body: "hello", maxBufferSize: 4 }));
    assert.deepEqual([listener.reply.status, listener.calls], [413, 0]);
  });

  it("passes a larger body on unread when it fails open", async () => {
    const { reply, calls, exchange } = await run(
      compilePolicy(bufferRequest, { request: { maxBytes: 4, failureMode: "failOpen" } }),
      testExchange({ body: "hello" }),
    );
    assert.deepEqual([reply.status, calls, exchange.body.collected], [200, 1, undefined]);
  });

  it("leaves upgraded connections and other configurations alone", async () => {
    const upgraded = await run(
      compilePolicy(bufferRequest, { request: { maxBytes: 0 } }),
      testExchange({ upgrade: "websocket", body: "x" }),
    );
    assert.equal(upgraded.calls, 1);
    const other = await run(compilePolicy(bufferRequest, { response: {} }), testExchange({ body: "x" }));
    assert.equal(other.exchange.body.collected, undefined);
  });
});

describe("buffer", () => {
  it("is what the least specific place says", () => {
    const [gateway, route] = [{ request: { maxBytes: 1 } }, { request: { maxBytes: 2 } }].map((config) =>
      bufferRequest.config.parse(config),
    );
    assert.equal(bufferRequest.merge?.(gateway!, route!), gateway);
  });
});

describe("buffer.response", () => {
  const streamed = (...chunks: string[]) => new Reply(200, new HeaderList(), chunkedBody(chunks));

  it("has read the whole body before the reply goes on", async () => {
    const { reply } = await run(compilePolicy(bufferResponse, { response: {} }), testExchange(), () => streamed("a", "b"));
    assert.deepEqual(reply.body, Buffer.from("ab"));
  });

  it("answers 502 to a larger body and lets go of it", async () => {
    const body = chunkedBody(["abc", "def"]);
    const { reply } = await run(
      compilePolicy(bufferResponse, { response: { maxBytes: 5 } }),
      testExchange(),
      () => new Reply(200, new HeaderList(), body),
    );
    assert.deepEqual([reply.status, body.cancelled], [502, true]);
  });

  it("streams a larger body when it fails open", async () => {
    const policy = compilePolicy(bufferResponse, { response: { maxBytes: 2, failureMode: "failOpen" } });
    const { reply } = await run(policy, testExchange(), () => streamed("abc", "def"));
    assert.ok(isReplyStream(reply.body));
    assert.equal(await bodyText(reply), "abcdef");
  });

  it("lets upgraded connections through, and costs nothing where only requests are buffered", async () => {
    const upgraded = await run(
      compilePolicy(bufferResponse, { response: { maxBytes: 0 } }),
      testExchange(),
      () => new Reply(101, new HeaderList(), { socket: {} as never }),
    );
    assert.equal(upgraded.reply.status, 101);
    const other = await run(compilePolicy(bufferResponse, { request: {} }), testExchange(), () => streamed("a"));
    assert.ok(isReplyStream(other.reply.body));
  });
});
