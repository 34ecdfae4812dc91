import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RecentMap } from "./recent-map.ts";

describe("RecentMap", () => {
  it("keeps what was used lately and forgets the rest", () => {
    const map = new RecentMap<string, number>(4);
    for (const key of ["a", "b", "c", "d"]) map.set(key, 1);
    assert.equal(map.get("a"), 1); // used again
    map.set("e", 1);
    map.set("f", 1);
    assert.deepEqual(
      ["a", "b", "f"].map((key) => map.get(key)),
      [1, undefined, 1],
    );
  });

  it("deletes from both generations", () => {
    const map = new RecentMap<string, number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.get("a");
    map.delete("a");
    assert.equal(map.get("a"), undefined);
  });

  it("never holds more than its bound, never gives another value than the last one set", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.array(fc.tuple(fc.nat(12), fc.boolean())), (bound, steps) => {
        const map = new RecentMap<number, number>(bound);
        const last = new Map<number, number>();
        for (const [i, [key, write]] of steps.entries()) {
          if (write) {
            map.set(key, i);
            last.set(key, i);
            assert.equal(map.get(key), i);
          } else {
            const value = map.get(key);
            if (value !== undefined) assert.equal(value, last.get(key));
          }
          assert.ok(map.size <= bound);
        }
      }),
    );
  });
});
