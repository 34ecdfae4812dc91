import assert from "node:assert/strict";
import { test } from "node:test";
import { testClock } from "../../test/policy-harness.ts";
import type { CatalogueEntry } from "./item.ts";
import { type Snapshot, snapshotOf, Snapshots, withoutConflicts } from "./snapshots.ts";

const entry = (target: string, name: string, published = name): CatalogueEntry => ({
  item: { kind: "tool", target, name },
  published,
  source: Buffer.from(JSON.stringify({ name: published })),
  definition: Buffer.from(JSON.stringify({ name })),
});

test("a name of two items is no entry, one that a target lists twice is two; URIs are left alone", () => {
  const entries = [entry("a", "x"), entry("b", "x"), entry("a", "y"), entry("a", "y"), entry("a", "long", "s"), entry("a", "s")];
  const snapshot = snapshotOf(entries, true);
  assert.deepEqual(
    withoutConflicts(snapshot.entries, snapshot).map(({ published }) => published),
    ["y", "y"],
  );
  // what is hidden takes no name away from what is not
  const rest = snapshot.entries.filter(({ item }) => item.target !== "b");
  assert.deepEqual(
    withoutConflicts(rest, snapshot).map(({ published }) => published),
    ["x", "y", "y"],
  );
  assert.deepEqual(
    ["x", "y", "s", "z"].map((name) => snapshot.owners.get(name)?.map(({ target, name: own }) => `${target} ${own}`)),
    [["a x", "b x"], ["a y"], ["a long", "a s"], undefined],
  );
  assert.equal(snapshotOf(entries, false).entries.length, 6);
});

function rig(maxBytes = 1_000_000): {
  clock: ReturnType<typeof testClock>;
  snapshots: Snapshots;
  keep: (...what: [string, string]) => Snapshot;
} {
  const clock = testClock();
  const snapshots = new Snapshots({ clock, maxAgeMs: 1_000, maxBytes });
  const keep = (caller: string, text: string): Snapshot =>
    snapshots.keep(snapshots.shelf(caller), "tools/list", {
      stale: [],
      parts: [Buffer.from(text)],
      bytes: text.length,
      make: () => snapshotOf([entry("a", text)], true),
    });
  return { clock, snapshots, keep };
}

test("each caller has its own list, and equal ones are held once", () => {
  const { snapshots, keep } = rig();
  const [one, two, three] = [keep("1", "same"), keep("2", "same"), keep("3", "other")];
  assert.equal(one, two);
  assert.notEqual(one, three);
  assert.equal(snapshots.find("3", "tools/list")?.snapshot, three);
  assert.equal(snapshots.find("4", "tools/list"), undefined);
  assert.equal(snapshots.find("1", "prompts/list"), undefined);
});

test("a list is kept for its time, and until it may have changed", () => {
  const { clock, snapshots, keep } = rig();
  keep("1", "x");
  keep("2", "x");
  snapshots.forget("1");
  assert.equal(snapshots.find("1", "tools/list"), undefined);
  clock.now += 1_000;
  assert.notEqual(snapshots.find("2", "tools/list"), undefined);
  clock.now += 1;
  assert.equal(snapshots.find("2", "tools/list"), undefined);
});

test("a list that was asked for before it changed is not kept", () => {
  const { snapshots } = rig();
  const shelf = snapshots.shelf("1");
  snapshots.forget("1");
  snapshots.keep(shelf, "tools/list", { stale: [], parts: [], bytes: 0, make: () => snapshotOf([], true) });
  assert.equal(snapshots.find("1", "tools/list"), undefined);
});

test("all lists together have a bound; those used last stay, and one over the bound is not kept at all", () => {
  const { snapshots, keep } = rig(10_000);
  for (let i = 0; i < 6; i++) keep(`${i}`, `${i}`);
  snapshots.find("0", "tools/list");
  keep("6", "6");
  const kept = ["0", "1", "5", "6"].map((caller) => snapshots.find(caller, "tools/list") !== undefined);
  assert.deepEqual(kept, [true, false, true, true]);
  assert.equal(keep("7", "x".repeat(20_000)).entries.length, 1);
  assert.equal(snapshots.find("7", "tools/list"), undefined);
});
