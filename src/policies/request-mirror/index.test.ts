import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chunkedBody, compilePolicy, fields, run, testContext, testExchange } from "../../../test/policy-harness.ts";
import { HeaderList } from "../../base/headers.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Outgoing } from "../../contract/outgoing.ts";
import { Reply } from "../../contract/reply.ts";
import { requestMirror } from "./index.ts";

const names = { name: "shadow", type: "static", protocol: "http" } as const;
const config = (percentage: number) => ({ backend: { host: "shadow.test:80" }, percentage });

function mirrorTo(answer: () => Promise<Reply>) {
  const copies: Outgoing[] = [];
  const send = (outgoing: Outgoing): Promise<Reply> => {
    copies.push(outgoing);
    return answer();
  };
  return { copies, context: testContext({ backend: () => ({ names, send, settings: undefined }) }) };
}

describe("requestMirror", () => {
  it("sends a copy without body and lets go of its answer", async () => {
    const answer = chunkedBody(["ignored"]);
    const { copies, context } = mirrorTo(async () => new Reply(200, new HeaderList(), answer));
    const exchange = testExchange({ method: "POST", path: "/a", search: "?q", headers: { "x-a": "1" }, body: "payload" });
    const { reply, calls } = await run(compilePolicy(requestMirror, config(1), context), exchange);
    await new Promise(setImmediate);
    assert.deepEqual([calls, reply.status, answer.cancelled], [1, 200, true]);
    const [copy] = copies;
    assert.deepEqual(
      [copy?.head.method, copy?.head.path, copy?.head.search, copy?.body, copy?.purpose.kind],
      ["POST", "/a", "?q", null, "Mirror"],
    );
    assert.deepEqual(fields(copy!.head), { "x-a": "1" });
  });

  it("neither waits for the copy nor learns of its failure", async () => {
    const waiting = mirrorTo(() => new Promise(() => {}));
    assert.equal((await run(compilePolicy(requestMirror, config(1), waiting.context), testExchange())).reply.status, 200);
    const failing = mirrorTo(() => Promise.reject(new GatewayError("upstream_failed")));
    assert.equal((await run(compilePolicy(requestMirror, config(1), failing.context), testExchange())).reply.status, 200);
    await new Promise(setImmediate);
    assert.equal(failing.context.logged.length, 1);
  });

  it("mirrors none, or about the part that is configured", async () => {
    const none = mirrorTo(async () => new Reply(200));
    const some = mirrorTo(async () => new Reply(200));
    const never = compilePolicy(requestMirror, config(0), none.context);
    const often = compilePolicy(requestMirror, config(0.5), some.context);
    for (let i = 0; i < 400; i += 1) {
      await run(never, testExchange());
      await run(often, testExchange());
    }
    assert.equal(none.copies.length, 0);
    assert.ok(some.copies.length > 100 && some.copies.length < 300, `${some.copies.length} of 400`);
  });

  it("drops copies when the other side does not keep up", async () => {
    const { copies, context } = mirrorTo(() => new Promise(() => {}));
    const policy = compilePolicy(requestMirror, config(1), context);
    for (let i = 0; i < 300; i += 1) await run(policy, testExchange());
    assert.equal(copies.length, 256);
  });
});
