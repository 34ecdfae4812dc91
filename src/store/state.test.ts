import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { after, describe, it } from "node:test";
import type { StateStore } from "../contract/stores.ts";
import { MemoryState } from "./memory-state.ts";
import { SealedState, stateKeyBytes } from "./sealed-state.ts";
import { SqliteState } from "./sqlite-state.ts";

const folder = mkdtempSync(join(tmpdir(), "turnpike-state-"));
after(() => rmSync(folder, { recursive: true }));

const key = randomBytes(stateKeyBytes);

const stores: Readonly<Record<string, () => StateStore>> = {
  memory: () => new MemoryState(),
  sqlite: () => new SqliteState(join(folder, "suite.db")),
  "sealed memory": () => new SealedState(new MemoryState(), key),
  "sealed sqlite": () => new SealedState(new SqliteState(join(folder, "sealed.db")), key),
};

for (const [name, create] of Object.entries(stores)) {
  describe(`state store: ${name}`, () => {
    it("keeps, replaces, lists and deletes rows of a kind", async () => {
      const store = create();
      await store.set("a", "2", Buffer.from("two"));
      await store.set("a", "1", Buffer.from("one"));
      await store.set("b", "1", Buffer.from("other"));
      await store.set("a", "1", Buffer.from("uno"));
      assert.equal(String(await store.get("a", "1")), "uno");
      assert.equal(await store.get("a", "3"), undefined);
      const rows = await store.list("a");
      assert.deepEqual(
        rows.map((row) => [row.key, String(row.value)]),
        [
          ["1", "uno"],
          ["2", "two"],
        ],
      );
      assert.equal(await store.delete("a", "1"), true);
      assert.equal(await store.delete("a", "1"), false);
      assert.deepEqual((await store.list("a")).length, 1);
    });

    it("does not change a value that its caller goes on writing to", async () => {
      const store = create();
      const value = Buffer.from("before");
      await store.set("c", "1", value);
      value.write("after!");
      assert.equal(String(await store.get("c", "1")), "before");
    });
  });
}

describe("SqliteState", () => {
  it("is there after a restart, and for its owner alone", () => {
    const file = join(folder, "restart.db");
    const first = new SqliteState(file);
    first.set("kind", "key", Buffer.from([0, 1, 255]));
    first.close();
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const second = new SqliteState(file);
    assert.deepEqual(second.get("kind", "key"), Buffer.from([0, 1, 255]));
    second.close();
  });

  it("names a file that is none of ours", () => {
    const file = join(folder, "text.db");
    writeFileSync(file, "this is no database, but longer than the header of one would be".repeat(4));
    assert.throws(() => new SqliteState(file), /config\.state\.file .*text\.db: /);
    assert.throws(() => new SqliteState(join(folder, "missing", "x.db")), /config\.state\.file .*x\.db: /);
  });
});

describe("SealedState", () => {
  it("writes nothing that can be read without the key", () => {
    const file = join(folder, "secret.db");
    const inner = new SqliteState(file);
    void new SealedState(inner, key).set("kind", "key", Buffer.from("a very secret token"));
    inner.close();
    assert.equal(readFileSync(file).includes("very secret"), false);
  });

  it("takes a value of another key, another row, or a damaged one for none", async () => {
    const inner = new MemoryState();
    const store = new SealedState(inner, key);
    await store.set("kind", "mine", Buffer.from("token"));
    const sealed = inner.get("kind", "mine") as Buffer;
    inner.set("kind", "yours", sealed);
    assert.equal(await store.get("kind", "yours"), undefined);
    assert.equal(await new SealedState(inner, randomBytes(stateKeyBytes)).get("kind", "mine"), undefined);
    for (let at = 0; at < sealed.length; at++) {
      const damaged = Buffer.from(sealed);
      damaged[at] = (damaged[at] as number) ^ 1;
      inner.set("kind", "mine", damaged);
      assert.equal(await store.get("kind", "mine"), undefined);
      inner.set("kind", "mine", sealed.subarray(0, at));
      assert.equal(await store.get("kind", "mine"), undefined);
    }
  });
});
