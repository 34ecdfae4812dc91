import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readDefinition } from "./definition.ts";
import { describeChange } from "./diff.ts";
import { hiddenIn } from "./hidden-text.ts";
import { systemClock } from "../../base/clock.ts";
import { MemoryState } from "../../store/memory-state.ts";
import { Pins } from "./pins.ts";
import { backendOfKey, keptMembers, type Pin, readRow, rowKey, writeRow } from "./pin.ts";

const pin: Pin = {
  kind: "tool",
  target: "a",
  name: "t",
  fingerprint: "f",
  state: "approved",
  since: 1,
  by: "operator",
  findings: [{ kind: "hiddenText", detail: "d" }],
  held: true,
};
/** Any code points, halves of pairs among them. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x10ffff }), fc.integer({ min: 0, max: 0x2fff })))
  .map((points) => String.fromCodePoint(...points));
const membersOf = (tool: unknown) => keptMembers(readDefinition("tool", Buffer.from(JSON.stringify(tool))), true);

test("a row comes back as it was written", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.jsonValue(), (name, description, inputSchema) => {
      const members = membersOf({ name, description, inputSchema });
      const row = readRow(writeRow({ pin: { ...pin, name }, members }));
      assert.deepEqual(row, { pin: { ...pin, name, held: false }, members });
    }),
  );
});

test("whatever stands in the store is read as a row or as none", () => {
  const parts = fc.record(
    {
      kind: fc.constantFrom("tool", "x"),
      target: fc.constantFrom("a", 1),
      name: fc.constant("t"),
      fingerprint: fc.constant("f"),
      state: fc.constantFrom("approved", "else"),
      since: fc.constantFrom(1, "1"),
      findings: fc.jsonValue(),
      members: fc.oneof(fc.jsonValue(), fc.array(fc.record({ name: fc.string(), digest: fc.string(), value: fc.string() }))),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        parts.map((row) => JSON.stringify(row)),
        fc.string(),
      ),
      (text) => {
        const row = readRow(Buffer.from(text));
        if (row !== undefined) assert.deepEqual(describeChange(row.members, row.members), []);
        backendOfKey(text);
      },
    ),
  );
});

test("keys tell pins apart and are bounded", () => {
  const keys = [pin, { ...pin, name: "u" }, { ...pin, target: "b" }, { ...pin, fingerprint: "g" }, { ...pin, kind: "prompt" as const }];
  assert.equal(new Set(keys.map((one) => rowKey("b", one))).size, keys.length);
  const long = "x".repeat(1_000_000);
  assert.notEqual(rowKey("b", { ...pin, name: `${long}1` }), rowKey("b", { ...pin, name: `${long}2` }));
  assert.ok(rowKey("b", { ...pin, name: long }).length < 300);
  assert.equal(backendOfKey(rowKey("mcp:default", pin)), "mcp:default");
});

test("definitions of a target are bounded, and approved ones are not what makes room", async () => {
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const pins = new Pins({ backend: "b", store: new MemoryState(), clock: systemClock, log });
  await pins.ready();
  const definition = readDefinition("tool", Buffer.from('{"name":"t"}'));
  const add = (name: string, fingerprint: string, state: Pin["state"]) =>
    pins.add({ ...pin, name, fingerprint, state, held: false }, definition);
  assert.ok(add("t", "approved", "approved"));
  for (let i = 0; i < 100; i++) assert.ok(add("t", `variant-${i}`, "changed"));
  assert.equal(pins.of(pin).length, 17);
  assert.equal(pins.of(pin)[0]?.fingerprint, "approved");
  assert.equal(pins.of(pin).at(-1)?.fingerprint, "variant-99");
  let kept = 0;
  for (let i = 0; i < 21_000; i++) if (add(`tool-${i}`, "f", "approved") !== undefined) kept += 1;
  assert.equal(kept, 20_000 - 17);
  assert.ok(pins.add({ ...pin, target: "other", held: false }, definition), "other targets have theirs");
});

test("a difference is told by place, short, and in characters that can be seen", () => {
  const change = (before: object, after: object): string[] =>
    describeChange(membersOf({ name: "t", ...before }), membersOf({ name: "t", ...after }));
  assert.deepEqual(change({ description: "a" }, { description: "a" }), []);
  assert.deepEqual(change({ description: "a" }, {}), ['description: "a" -> nothing']);
  assert.deepEqual(change({ description: "ab" }, { description: "a\u200bb" }), ['description: "ab" -> "a\\u{200b}b"']);
  const words = "word ".repeat(100);
  const [line = ""] = change({ description: words }, { description: `${words.slice(0, 250)}EVIL${words.slice(250)}` });
  assert.match(line, /^description: \.\.\.word [^>]+ -> \.\.\.word [^>]*EVIL/);
  assert.ok(line.length < 300, line);
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p${i}`, i]));
  assert.equal(change({ inputSchema: {} }, { inputSchema: many }).at(-1), "... and 31 more");
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), anyText, (a, b, text) => {
      for (const one of change({ inputSchema: a, description: "" }, { inputSchema: b, description: text })) {
        assert.equal(hiddenIn(one), undefined);
        assert.ok(one.length < 8_000);
      }
    }),
  );
});
