import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Seal } from "./seal.ts";

describe("sealed records", () => {
  const seal = new Seal(randomBytes(32));

  it("come back as they were, to their purpose and key alone", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (record) => {
        const plain = JSON.parse(JSON.stringify(record)) as Record<string, string>;
        const text = seal.seal("link", plain);
        assert.deepEqual(seal.open("link", text), plain);
        assert.equal(seal.open("state", text), undefined);
        assert.equal(new Seal(randomBytes(32)).open("link", text), undefined);
      }),
    );
  });

  it("are refused when a character differs, or there is one more", () => {
    const text = seal.seal("link", { who: "alice" });
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(..."A B C x y z 0 1 9 - _".split(" ")), (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        assert.equal(seal.open("link", changed) === undefined, changed !== text);
        assert.equal(seal.open("link", text + character), undefined);
      }),
    );
  });

  it("are refused in any other text", () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(seal.open("state", text), undefined)));
    assert.equal(seal.open("state", "A".repeat(20_000)), undefined);
  });
});
