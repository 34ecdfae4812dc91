import assert from "node:assert/strict";
import { test } from "node:test";
import { testClock, testContext } from "../../test/policy-harness.ts";
import { Health } from "./health.ts";
import { TargetFailure } from "./target-failure.ts";

function health(): { health: Health; clock: ReturnType<typeof testClock>; logged: string[] } {
  const clock = testClock(0);
  const { log, logged } = testContext();
  return { health: new Health({ clock, log, maxFailures: 3, firstPauseMs: 100, longestPauseMs: 350 }), clock, logged };
}

const refused = new TargetFailure("a", "connection refused", { outage: "down" });

test("a target is left out after some failures in a row; a reply in between makes them begin anew", () => {
  const { health: made } = health();
  made.failed(refused);
  made.failed(refused);
  made.replied("a");
  made.failed(refused);
  made.failed(refused);
  assert.equal(made.refusal("a"), undefined);
  made.failed(refused);
  assert.equal(made.refusal("a")?.message, 'target "a": connection refused (3 times in a row; tried again in 100 ms)');
  assert.equal(made.refusal("b"), undefined, "the others are asked");
});

test("after the pause one caller tries it; each time it fails the pause is twice as long, up to a bound", () => {
  const { health: made, clock } = health();
  for (let i = 0; i < 3; i++) made.failed(refused);
  for (const pauseMs of [100, 200, 350, 350]) {
    clock.now += pauseMs - 1;
    assert.notEqual(made.refusal("a"), undefined);
    clock.now += 1;
    assert.equal(made.refusal("a"), undefined, "one tries");
    assert.notEqual(made.refusal("a"), undefined, "the others do not");
    made.failed(refused);
  }
});

test("whoever tries it and is never heard of again does not keep it out for good", () => {
  const { health: made, clock } = health();
  for (let i = 0; i < 3; i++) made.failed(refused);
  clock.now += 100;
  assert.equal(made.refusal("a"), undefined);
  clock.now += 100;
  assert.equal(made.refusal("a"), undefined);
});

test("a reply brings it back, at once and for everybody, and the log says so", () => {
  const { health: made, logged } = health();
  for (let i = 0; i < 3; i++) made.failed(refused);
  made.replied("a");
  assert.equal(made.refusal("a"), undefined);
  assert.match(logged.join(), /mcp target is back .*"failures":3/);
});

test("the log hears of a target now and then, with how often it did not", () => {
  const { health: made, clock, logged } = health();
  for (let i = 0; i < 10; i++) made.report("left out", refused);
  made.report("left out", new TargetFailure("b", "connection refused"));
  assert.equal(logged.length, 2);
  clock.now += 30_000;
  made.report("left out", refused);
  assert.match(logged[2] ?? "", /"unlogged":9/);
});
