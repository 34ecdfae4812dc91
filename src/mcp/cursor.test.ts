import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { positionIn, readCursor, writeCursor } from "./cursor.ts";

const list = "tools/list";

function position(cursor: string, names: readonly string[]): number {
  const read = readCursor(list, cursor);
  assert.ok(read);
  return positionIn(names, read);
}

test("fuzz: in the same list a cursor is where it was made, whatever is there twice", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom("a", "b"), fc.string())), fc.nat(), (names, at) => {
      const place = at % (names.length + 1);
      assert.equal(position(writeCursor(list, names, place), names), place);
    }),
  );
});

test("fuzz: what was not made for the list is none", () => {
  const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
  const made = writeCursor(list, names, 7);
  assert.equal(readCursor("prompts/list", made), undefined);
  for (const other of [`${made}=`, ` ${made}`, `${made}A`, made.slice(1), "", undefined, null, 7, {}, [made], made.repeat(100_000)]) {
    assert.equal(readCursor(list, other), undefined);
  }
  fc.assert(
    fc.property(fc.nat(made.length - 1), fc.constantFrom("A", "B", "x", "y", "0", "1", "-", "_"), (at, character) => {
      const changed = made.slice(0, at) + character + made.slice(at + 1);
      assert.equal(readCursor(list, changed) === undefined, changed !== made);
    }),
  );
  fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String(), fc.anything()), (other) => readCursor(list, other) === undefined));
});

test("after changes it goes on behind what was shown, new names there included", () => {
  const cursor = writeCursor(list, ["a", "b", "c", "d", "e", "f"], 3);
  for (const [names, next] of [
    [["a", "b", "c", "new", "d", "e", "f"], "new"],
    [["new", "a", "b", "c", "d", "e", "f"], "d"],
    [["c", "d", "e", "f"], "d"],
    [["a", "b", "d", "e", "f"], "d"], // the last one shown is gone
    [["a", "b", "c", "e", "f"], "e"], // the next one is gone
    [["d", "e", "f"], "d"],
    [["a", "b", "d", "e", "f", "c"], "d"], // the last one shown has moved
    [["f", "e", "x", "y", "z"], "f"], // neither was shown
    [["v", "w", "x", "y", "z"], "y"], // nothing to go by
    [["a", "b", "c"], undefined],
    [["x"], undefined],
    [[], undefined],
  ] as const) {
    assert.equal(names[position(cursor, names)], next, names.join());
  }
});

test("fuzz: of names that stay in order none is skipped and none comes twice, whatever else comes and goes", () => {
  const scenario = fc.record({
    size: fc.integer({ min: 1, max: 30 }),
    pageSize: fc.integer({ min: 1, max: 8 }),
    // before each further page: places to remove, places to insert at
    changes: fc.array(fc.record({ removed: fc.array(fc.nat(), { maxLength: 4 }), inserted: fc.array(fc.nat(), { maxLength: 6 }) }), {
      maxLength: 30,
    }),
  });
  fc.assert(
    fc.property(scenario, ({ size, pageSize, changes }) => {
      let names = Array.from({ length: size }, (_, i) => `old${i}`);
      let start = 0;
      let made = 0;
      const shown: string[] = [];
      for (let page = 0; ; page++) {
        shown.push(...names.slice(start, start + pageSize));
        if (start + pageSize >= names.length) break;
        const cursor = writeCursor(list, names, start + pageSize);
        const { removed = [], inserted = [] } = changes[page] ?? {};
        const gone = new Set(removed.map((at) => names[at % names.length]));
        names = names.filter((name) => !gone.has(name));
        for (const at of inserted) names.splice(at % (names.length + 1), 0, `new${made++}`);
        start = position(cursor, names);
      }
      const stayed = names.filter((name) => name.startsWith("old"));
      assert.deepEqual(
        shown.filter((name) => stayed.includes(name)),
        stayed,
      );
      assert.equal(new Set(shown).size, shown.length);
    }),
    { numRuns: 1_000 },
  );
});
