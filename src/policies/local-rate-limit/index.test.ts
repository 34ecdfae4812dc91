import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePolicy, fields, run, testContext, testExchange } from "../../../test/policy-harness.ts";
import { GatewayError } from "../../contract/errors.ts";
import { localRateLimit } from "./index.ts";

const limit = { maxTokens: 2, tokensPerFill: 1, fillInterval: "10s" };
const limits = (remaining: number, reset = 10, max = 2) => ({
  "x-ratelimit-limit": String(max),
  "x-ratelimit-remaining": String(remaining),
  "x-ratelimit-reset": String(reset),
});

describe("localRateLimit", () => {
  it("lets requests through while there are tokens, then answers 429, with the numbers both times", async () => {
    const context = testContext();
    const policy = compilePolicy(localRateLimit, [limit], context);
    assert.deepEqual(fields((await run(policy, testExchange())).reply), limits(1));
    context.clock.now += 4500;
    assert.deepEqual(fields((await run(policy, testExchange())).reply), limits(0, 5));
    const { reply, calls } = await run(policy, testExchange());
    assert.deepEqual([reply.status, calls, reply.body], [429, 0, "rate limit exceeded"]);
    assert.deepEqual(fields(reply), { "content-type": "text/plain; charset=utf-8", ...limits(0, 5) });
    context.clock.now += 5500;
    assert.equal((await run(policy, testExchange())).reply.status, 200);
  });

  it("tells the numbers on error replies too", async () => {
    const { reply } = await run(compilePolicy(localRateLimit, [limit]), testExchange(), () => {
      throw new GatewayError("upstream_failed");
    });
    assert.deepEqual([reply.status, reply.headers.get("x-ratelimit-remaining")], [503, "1"]);
  });

  it("asks several limits in turn and tells of the last one asked", async () => {
    const policy = compilePolicy(localRateLimit, [limit, { maxTokens: 1, tokensPerFill: 1, fillInterval: "1m" }]);
    assert.deepEqual(fields((await run(policy, testExchange())).reply), limits(0, 60, 1));
    assert.equal((await run(policy, testExchange())).reply.headers.get("x-ratelimit-limit"), "1");
    const third = await run(policy, testExchange()); // the second request used up a token of the first limit
    assert.deepEqual([third.reply.status, third.reply.headers.get("x-ratelimit-limit")], [429, "2"]);
  });

  it("keeps its tokens over a reload, and apart from those of another place", async () => {
    const context = testContext();
    await run(compilePolicy(localRateLimit, [limit], context), testExchange());
    const reloaded = await run(compilePolicy(localRateLimit, [limit], context), testExchange());
    assert.equal(reloaded.reply.headers.get("x-ratelimit-remaining"), "0");
    const elsewhere = await run(
      compilePolicy(localRateLimit, [limit], { ...context, path: "routes[1].policies.localRateLimit" }),
      testExchange(),
    );
    assert.equal(elsewhere.reply.headers.get("x-ratelimit-remaining"), "1");
  });

  it("chooses a limit by condition, and limits nothing where none holds", async () => {
    const policy = compilePolicy(localRateLimit, {
      conditional: [{ condition: 'request.method == "POST"', maxTokens: 1, tokensPerFill: 1, fillInterval: "10s" }],
    });
    assert.deepEqual(fields((await run(policy, testExchange())).reply), {});
    assert.deepEqual(fields((await run(policy, testExchange({ method: "POST" }))).reply), limits(0, 10, 1));
    assert.equal((await run(policy, testExchange({ method: "POST" }))).reply.status, 429);
  });

  it("waits for a store that is somewhere else", async () => {
    const rateLimits = { take: async () => ({ allowed: false, remaining: 0, resetMs: 1999 }), charge: () => {} };
    const context = testContext();
    const remote = { ...context, stores: { ...context.stores, rateLimits } };
    const { reply } = await run(compilePolicy(localRateLimit, [limit], remote), testExchange());
    assert.deepEqual([reply.status, reply.headers.get("x-ratelimit-reset")], [429, "1"]);
  });

  it("refuses a bucket that its own filling overflows", () => {
    assert.throws(() => compilePolicy(localRateLimit, [{ maxTokens: 1, tokensPerFill: 2, fillInterval: "1s" }]), /tokensPerFill/);
  });
});
