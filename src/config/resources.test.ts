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

test("closing disposes of everything and waits for it, and for what was let go of before, within bounds", async () => {
  const registry = new ResourceRegistry();
  const done: string[] = [];
  const later = (name: string): Promise<void> => new Promise((resolve) => setTimeout(() => resolve(void done.push(name)), 10));
  const scope = registry.scope();
  scope.acquire("let go", () => "let go", later);
  scope.release();
  registry.scope().acquire("held", () => "held", later);
  await registry.close(5_000);
  assert.deepEqual(done, ["let go", "held"]);
  assert.equal(registry.size, 0);
  registry.scope().acquire(
    "stuck",
    () => "stuck",
    () => new Promise(() => {}),
  );
  await registry.close(10);
});
