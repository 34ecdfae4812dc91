import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CatalogueEntry, Item } from "./item.ts";
import { createNames } from "./names.ts";
import { snapshotOf, withoutConflicts } from "./snapshots.ts";

test("a single target's names go through; `always` prefixes even those", () => {
  const plain = createNames({ prefixMode: "conditional", targets: ["a"], maxNameLength: 64 });
  assert.equal(plain.plain, true);
  assert.deepEqual(plain.resolve("tool", "b_echo"), { target: "a", name: "b_echo" });
  assert.equal(createNames({ prefixMode: "never", targets: ["a"], maxNameLength: 64 }).plain, true);
  const always = createNames({ prefixMode: "always", targets: ["a"], maxNameLength: 64 });
  assert.equal(always.plain, false);
  assert.equal(always.publish({ kind: "tool", target: "a", name: "echo" }), "a_echo");
});

const several = createNames({ prefixMode: "conditional", targets: ["a", "a.b", "c-d"], maxNameLength: 64 });

test("every published name resolves to what it was made from", () => {
  const items = [
    { kind: "tool", target: "a", name: "echo" },
    { kind: "tool", target: "a.b", name: "_x_y" },
    { kind: "prompt", target: "c-d", name: "" },
    { kind: "resource", target: "a", name: "memo://insights" },
    { kind: "resource", target: "a.b", name: "file:///x+y" },
    { kind: "resource", target: "c-d", name: "ui://app/main+x" },
    { kind: "task", target: "a", name: "1+2" },
  ] as const;
  for (const item of items) {
    assert.deepEqual(several.resolve(item.kind, several.publish(item)), { target: item.target, name: item.name }, item.name);
  }
});

test("the forms are the reference's", () => {
  assert.equal(several.publish({ kind: "tool", target: "a", name: "echo" }), "a_echo");
  assert.equal(several.publish({ kind: "resource", target: "a", name: "memo://insights" }), "a+memo://insights");
  assert.equal(several.publish({ kind: "resource", target: "a", name: "ui://x" }), "ui://a+x");
  assert.equal(several.publish({ kind: "resource", target: "a", name: "relative/path" }), "relative/path");
  assert.equal(several.publish({ kind: "task", target: "a", name: "7" }), "a+7");
});

test("names of nobody resolve to nothing", () => {
  for (const name of ["echo", "_echo", "x_echo", "", "a"]) assert.equal(several.resolve("tool", name), undefined, name);
  for (const uri of ["memo://insights", "x+memo://i", "ui://app", "+a"]) assert.equal(several.resolve("resource", uri), undefined, uri);
});

test("`never` leaves tools and prompts to the lists, and prefixes the rest", () => {
  const names = createNames({ prefixMode: "never", targets: ["a", "b"], maxNameLength: 64 });
  assert.equal(names.publish({ kind: "tool", target: "a", name: "echo" }), "echo");
  assert.deepEqual(names.resolve("tool", "a_echo"), { among: ["a", "b"], likely: undefined });
  assert.deepEqual(names.resolve("resource", "b+x:1"), { target: "b", name: "x:1" });
});

test("what is too long goes by its short form alone; only lists tell what that is", () => {
  const names = createNames({ prefixMode: "conditional", targets: ["a", "b", "b".repeat(40)], maxNameLength: 32 });
  const long = { kind: "tool", target: "a", name: "n".repeat(40) } as const;
  const short = names.publish(long);
  assert.equal(short.length, 32);
  assert.deepEqual([names.shortens(long), names.shortens({ ...long, name: "n" })], [true, false]);
  const listed = { target: "a", name: long.name };
  assert.deepEqual(names.resolve("tool", short), { among: ["a"], likely: listed }, "another target's list need not be there");
  const restarted = createNames({ prefixMode: "conditional", targets: ["a", "b"], maxNameLength: 32 });
  assert.deepEqual(restarted.resolve("tool", short), { among: ["a"], likely: { target: "a", name: short.slice(2) } });
  assert.equal(names.resolve("tool", `a_${long.name}`), undefined);
  assert.equal(names.resolve("tool", `c${short}`), undefined);
  const ofLongTarget = names.publish({ kind: "prompt", target: "b".repeat(40), name: "p" });
  assert.deepEqual(names.resolve("prompt", ofLongTarget), {
    among: ["b".repeat(40)],
    likely: { target: "b".repeat(40), name: "p" },
  });
  assert.equal(names.publish({ ...long, kind: "resource", name: `memo://${long.name}` }), `a+memo://${long.name}`);
  const lone = createNames({ prefixMode: "conditional", targets: ["a"], maxNameLength: 32 });
  assert.equal(lone.publish(long), long.name);
});

// lists and look-up

const targetName = fc.stringMatching(/^[ab]([-.ab]{0,40}[ab])?$/, { size: "max" });
const ownName = fc.oneof(
  fc.string({ unit: fc.constantFrom("_", "a", "b"), maxLength: 6 }),
  fc.string({ unit: fc.constantFrom("_", "a", "b", "🙂"), minLength: 20, maxLength: 60, size: "max" }),
  fc.string({ unit: "binary" }),
);

const catalogue = fc
  .record({
    targets: fc.uniqueArray(targetName, { minLength: 1, maxLength: 5 }),
    prefixMode: fc.constantFrom("conditional", "always", "never"),
    maxNameLength: fc.integer({ min: 32, max: 50 }),
    picks: fc.array(fc.tuple(fc.nat(), ownName), { maxLength: 30 }),
  })
  .map(({ targets, picks, ...settings }) => {
    const names = createNames({ targets, ...settings });
    const items = picks.map(([pick, name]): Item => ({ kind: "tool", target: targets[pick % targets.length] as string, name }));
    // tools whose own names make them look like others' short forms
    const posing = items.flatMap((item) => {
      const published = names.publish(item);
      const at = published.indexOf("_");
      return targets.flatMap((target) => [published, published.slice(at + 1)].map((name): Item => ({ kind: "tool", target, name })));
    });
    const entries = [...items, ...posing].map((item): CatalogueEntry => ({
      item,
      published: names.publish(item),
      source: Buffer.alloc(0),
      definition: Buffer.alloc(0),
    }));
    return { names, targets, entries };
  });

/** As the federation does: by the name alone, or in the lists of those whose it may be. */
function lookUp({ names, entries }: { names: ReturnType<typeof createNames>; entries: readonly CatalogueEntry[] }, published: string) {
  const resolved = names.resolve("tool", published);
  if (resolved === undefined || !("among" in resolved)) return resolved;
  const owners =
    snapshotOf(
      entries.filter(({ item }) => resolved.among.includes(item.target)),
      true,
    ).owners.get(published) ?? [];
  return owners.length > 1 ? "conflict" : owners[0] === undefined ? undefined : { target: owners[0].target, name: owners[0].name };
}

// shows: mcp-list-is-lookup
test("fuzz: every listed name stands for just the item it is listed for, and no other name for anything", () => {
  fc.assert(
    fc.property(catalogue, fc.array(ownName), (offered, others) => {
      const { names, entries, targets } = offered;
      const snapshot = snapshotOf(entries, true);
      const shown = withoutConflicts(snapshot.entries, snapshot);
      for (const { item, published } of shown) {
        assert.deepEqual(lookUp(offered, published), { target: item.target, name: item.name }, published);
      }
      const listed = new Set(shown.map(({ published }) => published));
      const dropped = entries.filter(({ published }) => !names.plain && !listed.has(published));
      for (const { published } of dropped) assert.equal(lookUp(offered, published), "conflict", published);
      for (const name of others.flatMap((other) => [other, ...targets.map((target) => `${target}_${other}`)])) {
        const found = lookUp(offered, name);
        if (found === undefined || found === "conflict") continue;
        assert.equal(names.publish({ kind: "tool", ...found }), name, "it is what the item is published as");
      }
    }),
    { numRuns: 500 },
  );
});
