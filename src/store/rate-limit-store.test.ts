import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { testClock } from "../../test/policy-harness.ts";
import type { RateLimitDecision } from "../contract/stores.ts";
import { createMemoryRateLimits } from "./rate-limit-store.ts";

const bucket = { maxTokens: 3, tokensPerFill: 2, fillIntervalMs: 1000 };

describe("token buckets in memory", () => {
  it("start full and refuse when empty", () => {
    const store = createMemoryRateLimits(testClock());
    const decisions = [1, 2, 3, 4].map(() => store.take("a", bucket, 1) as RateLimitDecision);
    assert.deepEqual(
      decisions.map(({ allowed, remaining }) => [allowed, remaining]),
      [
        [true, 2],
        [true, 1],
        [true, 0],
        [false, 0],
      ],
    );
    assert.equal(decisions[3]!.resetMs, 1000);
  });

  it("gain whole fills only, and never more than they hold", () => {
    const clock = testClock();
    const store = createMemoryRateLimits(clock);
    store.take("a", bucket, 3);
    clock.now += 999;
    assert.deepEqual(store.take("a", bucket, 1), { allowed: false, remaining: 0, resetMs: 1 });
    clock.now += 1;
    assert.deepEqual(store.take("a", bucket, 1), { allowed: true, remaining: 1, resetMs: 1000 });
    clock.now += 10_500;
    assert.deepEqual(store.take("a", bucket, 1), { allowed: true, remaining: 2, resetMs: 500 });
  });

  it("give all of a cost or nothing, and answer a cost of 0 without taking", () => {
    const store = createMemoryRateLimits(testClock());
    assert.equal((store.take("a", bucket, 4) as RateLimitDecision).allowed, false);
    assert.deepEqual(store.take("a", bucket, 0), { allowed: true, remaining: 3, resetMs: 1000 });
    store.take("a", bucket, 3);
    assert.equal((store.take("a", bucket, 0) as RateLimitDecision).allowed, false);
  });

  it("stop at zero when charged for more than they hold", () => {
    const store = createMemoryRateLimits(testClock());
    store.charge("a", bucket, 50);
    assert.deepEqual(store.take("a", bucket, 0), { allowed: false, remaining: 0, resetMs: 1000 });
  });

  it("are separate by key, and the least recently used one is forgotten past the bound", () => {
    const store = createMemoryRateLimits(testClock(), 2);
    store.take("a", bucket, 3);
    store.take("b", bucket, 3);
    store.take("a", bucket, 0); // used again: b is now the oldest
    store.take("c", bucket, 1);
    assert.equal((store.take("a", bucket, 1) as RateLimitDecision).allowed, false);
    assert.equal((store.take("b", bucket, 1) as RateLimitDecision).allowed, true);
  });

  it("follow a reload that makes them smaller or faster", () => {
    const clock = testClock();
    const store = createMemoryRateLimits(clock);
    store.take("a", { maxTokens: 100, tokensPerFill: 1, fillIntervalMs: 60_000 }, 1);
    assert.deepEqual(store.take("a", bucket, 1), { allowed: true, remaining: 2, resetMs: 1000 });
  });

  it("never allow more than the first filling plus the fills of the time passed", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ wait: fc.nat(3000), cost: fc.nat(4) }), { maxLength: 60 }), (steps) => {
        const clock = testClock();
        const store = createMemoryRateLimits(clock);
        const start = clock.now;
        let taken = 0;
        for (const { wait, cost } of steps) {
          clock.now += wait;
          const { allowed, remaining } = store.take("a", bucket, cost) as RateLimitDecision;
          if (allowed) taken += cost;
          assert.ok(remaining >= 0 && remaining <= bucket.maxTokens);
        }
        const fills = Math.floor((clock.now - start) / bucket.fillIntervalMs);
        assert.ok(taken <= bucket.maxTokens + fills * bucket.tokensPerFill);
      }),
    );
  });
});
