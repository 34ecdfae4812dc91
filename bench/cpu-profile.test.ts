import assert from "node:assert/strict";
import { test } from "node:test";
import { byPart, type CpuProfile, inclusiveTimes, selfTimes } from "./cpu-profile.ts";
import { percentile } from "./load/open-loop.ts";
import { median } from "./results.ts";

const frame = (functionName: string, url = "", lineNumber = 9) => ({ functionName, url, lineNumber });
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(idle)") },
    { id: 2, callFrame: frame("handle", "file:///x/src/pipeline/pipeline.ts"), children: [3] },
    { id: 3, callFrame: frame("dispatch", "file:///x/node_modules/undici/lib/dispatcher/pool.js") },
    { id: 4, callFrame: frame("parserOnBody", "node:_http_common") },
  ],
  samples: [2, 1, 3, 2, 4],
  timeDeltas: [10, 10, 10, 10, 10],
  startTime: 1_000,
};

test("self time is counted inside the stretch, without idling", () => {
  const times = selfTimes(profile, { from: 1_015, to: 1_040 });
  assert.deepEqual(
    times.map(({ name, place, microseconds }) => [name, place, microseconds]),
    [
      ["dispatch", "undici lib/dispatcher/pool.js:10", 10],
      ["handle", "src/pipeline/pipeline.ts:10", 10],
    ],
  );
});

test("parts are ours by folder, packages, and node's own", () => {
  assert.deepEqual(byPart(selfTimes(profile, { from: 0, to: 2_000 })), [
    ["ours: src/pipeline", 20],
    ["undici", 10],
    ["node: http", 10],
  ]);
});

test("our functions are also counted with what they call", () => {
  assert.deepEqual(
    inclusiveTimes(profile, { from: 0, to: 2_000 }).map(({ name, microseconds }) => [name, microseconds]),
    [["handle", 30]],
  );
});

test("median and percentiles are values that were measured, or between two of them", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  const sorted = Array.from({ length: 200 }, (_, i) => i + 1);
  assert.equal(percentile(sorted, 0.5), 100);
  assert.equal(percentile(sorted, 0.99), 198);
});
