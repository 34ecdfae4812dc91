import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import fc from "fast-check";
import { NodeRequestBody } from "./body.ts";

/** A message whose body arrives in these pieces, of unknown length as with chunked encoding. */
function bodyOf(...chunks: string[]): { body: NodeRequestBody; message: PassThrough } {
  const message = new PassThrough();
  for (const chunk of chunks) message.write(chunk);
  message.end();
  return { body: new NodeRequestBody(message as unknown as IncomingMessage, undefined), message };
}

async function textOf(body: NodeRequestBody): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body.stream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe("NodeRequestBody", () => {
  it("is read once for all who collect it", async () => {
    const { body } = bodyOf("ab", "cd");
    const [first, second] = await Promise.all([body.collect(10), body.collect(10)]);
    assert.equal(first.toString(), "abcd");
    assert.equal(first, second);
    assert.equal(await body.collect(4), first);
  });

  it("fails above the limit, also when it was collected under a higher one", async () => {
    await assert.rejects(bodyOf("abcde").body.collect(4), { code: "body_too_large" });
    const { body } = bodyOf("abcde");
    await body.collect(5);
    await assert.rejects(body.collect(4), { code: "body_too_large" });
    await assert.rejects(new NodeRequestBody(new PassThrough() as unknown as IncomingMessage, 5).collect(4), { code: "body_too_large" });
  });

  it("fails when the client goes away", async () => {
    const message = new PassThrough();
    const collecting = new NodeRequestBody(message as unknown as IncomingMessage, undefined).collect(10);
    message.write("ab");
    message.destroy();
    await assert.rejects(collecting, { code: "client_closed" });
  });

  it("loses nothing when it turns out larger than the limit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 9 }),
        fc.nat(20),
        async (chunks, limit) => {
          const whole = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString();
          const { body } = bodyOf(...chunks);
          if (Buffer.byteLength(whole) <= limit) {
            assert.equal((await body.collect(limit)).toString(), whole);
            return;
          }
          await assert.rejects(body.collect(limit), { code: "body_too_large" });
          assert.equal(body.collected, undefined);
          assert.equal(await textOf(body), whole);
          assert.equal(body.collected, undefined);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("can be collected under a higher limit after a lower one failed", async () => {
    const { body } = bodyOf("abc", "def");
    await assert.rejects(body.collect(2), { code: "body_too_large" });
    assert.equal((await body.collect(10)).toString(), "abcdef");
  });
});
