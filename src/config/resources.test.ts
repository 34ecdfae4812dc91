import assert from "node:assert/strict";
import { test } from "node:test";
import { ResourceRegistry } from "./resources.ts";

test("a resource is shared by its key and disposed of when the last runtime lets go", () => {
  const registry = new ResourceRegistry();
  const disposed: string[] = [];
  const make = (name: string) => (): string => name;
  const before = registry.scope();
  const first = before.acquire("pool a", make("one"), (name) => disposed.push(name));
  assert.equal(before.acquire("pool a", make("two")), first);

  const after = registry.scope();
  assert.equal(
    after.acquire("pool a", make("three"), (name) => disposed.push(name)),
    first,
    "taken over, not made again",
  );
  after.acquire("pool b", make("b"), (name) => disposed.push(name));

  before.release();
  assert.deepEqual(disposed, []);
  after.release();
  assert.deepEqual(disposed, ["one", "b"]);
  assert.equal(registry.size, 0);
});
