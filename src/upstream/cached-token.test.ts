import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testClock } from "../../test/policy-harness.ts";
import { CachedToken } from "./cached-token.ts";

function issuing(lifetimeMs: number) {
  const clock = testClock();
  const state = { issued: 0, failing: false };
  const token = new CachedToken(clock, async () => {
    state.issued += 1;
    if (state.failing) throw new Error("no token");
    return { token: `t${state.issued}`, lifetimeMs };
  });
  return { clock, state, token };
}

describe("CachedToken", () => {
  it("is fetched once for all who need it first, then there at once", async () => {
    const { token, state } = issuing(3_600_000);
    assert.deepEqual(await Promise.all([token.get(), token.get(), token.get()]), ["t1", "t1", "t1"]);
    assert.equal(token.get(), "t1");
    assert.equal(state.issued, 1);
  });

  it("is replaced in the background before it expires", async () => {
    const { clock, token, state } = issuing(3_600_000);
    await token.get();
    clock.now += 3_300_000;
    assert.equal(token.get(), "t1");
    assert.equal(token.get(), "t1");
    assert.equal(state.issued, 2);
    await new Promise(setImmediate);
    assert.equal(token.get(), "t2");
  });

  it("serves on while a replacement fails, and fails when it has expired", async () => {
    const { clock, token, state } = issuing(10_000);
    await token.get();
    state.failing = true;
    clock.now += 5_000;
    assert.equal(token.get(), "t1");
    await new Promise(setImmediate);
    assert.equal(token.get(), "t1"); // shares the failure instead of asking again
    assert.equal(state.issued, 2);
    clock.now += 5_000;
    await assert.rejects(async () => token.get(), /no token/);
    state.failing = false;
    clock.now += 2_000;
    assert.equal(await token.get(), "t4");
  });
});
