import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { chunkedBody, compilePolicy, run, testContext, testExchange } from "../../../test/policy-harness.ts";
import { HeaderList } from "../../base/headers.ts";
import { createOutgoing } from "../../contract/outgoing.ts";
import { Reply } from "../../contract/reply.ts";
import { timeout } from "./index.ts";

const purpose = { kind: "Primary", subtype: "Http" } as const;
const backend = { name: "b", type: "static", protocol: "http" } as const;

describe("timeout", () => {
  it("answers 504 when no headers come in time, and stops what is under way", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const exchange = testExchange();
      const late = chunkedBody(["too late"]);
      let answer: (reply: Reply) => void = () => {};
      const running = run(compilePolicy(timeout, { requestTimeout: "2s" }), exchange, () => new Promise((resolve) => (answer = resolve)));
      mock.timers.tick(1999);
      assert.equal(exchange.aborted, undefined);
      mock.timers.tick(1);
      const { reply } = await running;
      assert.deepEqual([reply.status, reply.body], [504, "request timeout"]);
      assert.equal((exchange.aborted as Error | undefined)?.message, "request timeout");
      answer(new Reply(200, new HeaderList(), late));
      await new Promise(setImmediate);
      assert.equal(late.cancelled, true);
    } finally {
      mock.timers.reset();
    }
  });

  it("never times the body", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const body = chunkedBody(["slow"]);
      const { reply, exchange } = await run(
        compilePolicy(timeout, { requestTimeout: "1s" }),
        testExchange(),
        () => new Reply(200, new HeaderList(), body),
      );
      mock.timers.tick(60_000);
      assert.deepEqual([reply.status, exchange.aborted, body.cancelled], [200, undefined, false]);
    } finally {
      mock.timers.reset();
    }
  });

  it("counts from the arrival of the request", async () => {
    const context = testContext();
    const exchange = testExchange({ startedMonotonic: context.clock.now - 1000 });
    const { reply, calls } = await run(compilePolicy(timeout, { requestTimeout: "1s" }, context), exchange);
    assert.deepEqual([reply.status, calls], [504, 0]);
  });

  it("leaves the limit of one backend call to whoever makes it; the backend's own goes first", async () => {
    const { exchange } = await run(compilePolicy(timeout, { backendRequestTimeout: "250ms" }), testExchange());
    assert.equal(createOutgoing(exchange, { purpose, backend, body: null, timeoutMs: 0 }).timeoutMs, 250);
    assert.equal(createOutgoing(exchange, { purpose, backend, body: null, timeoutMs: 100 }).timeoutMs, 100);
  });
});
