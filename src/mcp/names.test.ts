import assert from "node:assert/strict";
import { test } from "node:test";
import { createNames } from "./names.ts";

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
  assert.deepEqual(names.resolve("tool", "a_echo"), { among: ["a", "b"] });
  assert.deepEqual(names.resolve("resource", "b+x:1"), { target: "b", name: "x:1" });
});
