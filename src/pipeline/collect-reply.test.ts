import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bodyText, chunkedBody } from "../../test/policy-harness.ts";
import { HeaderList } from "../base/headers.ts";
import { isReplyStream, Reply, type ReplyBody } from "../contract/reply.ts";
import { collectReply } from "./collect-reply.ts";

const replyOf = (body: ReplyBody): Reply => new Reply(200, new HeaderList(), body);

describe("collectReply", () => {
  it("reads a stream within the limit into memory", async () => {
    const reply = replyOf(chunkedBody(["ab", "cd"]));
    assert.equal(await collectReply(reply, 4), true);
    assert.deepEqual(reply.body, Buffer.from("abcd"));
  });

  it("leaves a larger one a stream that loses nothing", async () => {
    const reply = replyOf(chunkedBody(["ab", "cd", "ef"]));
    assert.equal(await collectReply(reply, 3), false);
    assert.ok(isReplyStream(reply.body));
    assert.equal(await bodyText(reply), "abcdef");
  });

  it("does not start a stream that is announced as larger", async () => {
    const stream = chunkedBody(["abcd"]);
    const reply = new Reply(200, new HeaderList(["content-length", "4"]), stream);
    assert.equal(await collectReply(reply, 3), false);
    assert.equal(reply.body, stream);
  });

  it("takes a body that is complete already", async () => {
    const stream = { ...chunkedBody([]), takeComplete: () => Buffer.from("done") };
    const reply = replyOf(stream);
    assert.equal(await collectReply(reply, 4), true);
    assert.deepEqual(reply.body, Buffer.from("done"));
  });

  it("rejects with what the stream broke off with", async () => {
    await assert.rejects(collectReply(replyOf(chunkedBody(["ab"], new Error("cut"))), 10), /cut/);
  });

  it("tells the reader when it breaks off behind the limit", async () => {
    const reply = replyOf(chunkedBody(["abc", "def"], new Error("cut")));
    assert.equal(await collectReply(reply, 2), false);
    await assert.rejects(bodyText(reply), /cut/);
  });

  it("leaves bodies in memory and upgraded connections alone", async () => {
    assert.equal(await collectReply(replyOf(null), 0), true);
    assert.equal(await collectReply(replyOf("text"), 10), true);
    assert.equal(await collectReply(replyOf({ socket: {} as never }), 10), false);
  });

  it("cancels what it reads from", async () => {
    const stream = chunkedBody(["abc", "def"]);
    const reply = replyOf(stream);
    await collectReply(reply, 2);
    assert.ok(isReplyStream(reply.body));
    reply.body.cancel(new Error("gone"));
    assert.equal(stream.cancelled, true);
  });

  it("gives the same bytes whatever the pieces and the limit", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ minLength: 1 }), { maxLength: 8 }), fc.nat(40), async (chunks, limit) => {
        const reply = replyOf(chunkedBody(chunks));
        const whole = await collectReply(reply, limit);
        assert.equal(whole, Buffer.byteLength(chunks.join("")) <= limit);
        assert.equal(await bodyText(reply), Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString());
      }),
    );
  });
});
