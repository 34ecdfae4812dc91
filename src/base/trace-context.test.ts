import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatTraceParent, isWithinRatio, newSpanId, newTraceId, parseTraceParent, readTraceState } from "./trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";

test("reads a traceparent", () => {
  assert.deepEqual(parseTraceParent(`00-${traceId}-${parentId}-01`), { traceId, parentId, sampled: true });
  assert.deepEqual(parseTraceParent(`00-${traceId}-${parentId}-00`), { traceId, parentId, sampled: false });
  assert.equal(parseTraceParent(`00-${traceId}-${parentId}-03`)?.sampled, true, "other flags are ignored");
  assert.deepEqual(parseTraceParent(`cc-${traceId}-${parentId}-01-more`), { traceId, parentId, sampled: true }, "a later version may add");
});

const bad = [
  "",
  "00",
  `00-${traceId}-${parentId}`,
  `00-${traceId}-${parentId}-1`,
  `00-${traceId}-${parentId}-01-more`,
  `cc-${traceId}-${parentId}-01more`,
  `ff-${traceId}-${parentId}-01`,
  `00-${"0".repeat(32)}-${parentId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-${parentId}-01`,
  `00-${traceId}-${parentId}-0g`,
  `00_${traceId}_${parentId}_01`,
  ` 00-${traceId}-${parentId}-01`,
  `00-${traceId.slice(1)}\n-${parentId}-01`,
];
for (const value of bad) {
  test(`refuses the traceparent ${JSON.stringify(value)}`, () => assert.equal(parseTraceParent(value), undefined));
}

test("whatever is sent, only hexadecimal ids come out, and they read back", () => {
  const piece = fc.oneof(fc.constantFrom("00", "-", "01", traceId, parentId, "ff", "0"), fc.string({ maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const parsed = parseTraceParent(pieces.join(""));
      if (parsed === undefined) return;
      assert.match(parsed.traceId, /^[0-9a-f]{32}$/);
      assert.match(parsed.parentId, /^[0-9a-f]{16}$/);
      assert.deepEqual(parseTraceParent(formatTraceParent(parsed.traceId, parsed.parentId, parsed.sampled)), parsed);
    }),
    { numRuns: 500 },
  );
});

test("tracestate is bounded and printable, or not forwarded at all", () => {
  assert.equal(readTraceState([]), undefined);
  assert.equal(readTraceState(["a=1,b=2"]), "a=1,b=2");
  assert.equal(readTraceState(["a=1", "b=2"]), "a=1,b=2");
  assert.equal(readTraceState(["a=\u0001"]), undefined);
  assert.equal(readTraceState([`a=${"x".repeat(600)}`]), undefined);
  assert.equal(readTraceState([Array.from({ length: 33 }, (_, i) => `v${i}=1`).join(",")]), undefined);
});

test("new ids are of the right form and differ", () => {
  const ids = new Set(Array.from({ length: 2_000 }, newSpanId));
  assert.equal(ids.size, 2_000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
  assert.match(newTraceId(), /^[0-9a-f]{32}$/);
});

test("a ratio keeps that share, and the same traces at every place", () => {
  const ids = Array.from({ length: 4_000 }, newTraceId);
  const kept = ids.filter((id) => isWithinRatio(id, 0.25));
  assert.ok(kept.length > 800 && kept.length < 1_200, `${kept.length} of 4000`);
  assert.ok(kept.every((id) => isWithinRatio(id, 0.5)));
  assert.ok(ids.every((id) => isWithinRatio(id, 1) && !isWithinRatio(id, 0)));
});
