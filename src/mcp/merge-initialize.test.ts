import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeInitialize } from "./merge-initialize.ts";
import type { ServerHello } from "./session.ts";

const hello = (over: Partial<ServerHello> = {}): ServerHello => ({
  protocolVersion: "2025-11-25",
  capabilities: {},
  instructions: undefined,
  ...over,
});
const settings = { protocolVersion: "2025-11-25", version: "1.2.3", subscribable: true, incomplete: false };

test("the lowest version anybody speaks", () => {
  const versions = (...list: string[]): string =>
    mergeInitialize(
      list.map((protocolVersion, i) => ({ target: `t${i}`, hello: hello({ protocolVersion }) })),
      settings,
    ).protocolVersion;
  assert.equal(versions("2025-11-25", "2024-11-05", "2025-06-18"), "2024-11-05");
  assert.equal(versions("2025-11-25"), "2025-11-25");
});

test("what one target has is offered, with the flags that one has, and subscriptions only with a session", () => {
  const capabilities = (given: Record<string, unknown>[], over: Partial<typeof settings> = {}): unknown =>
    mergeInitialize(
      given.map((one, i) => ({ target: `t${i}`, hello: hello({ capabilities: one }) })),
      { ...settings, ...over },
    ).capabilities;
  assert.deepEqual(capabilities([{}, { tools: {} }]), { tools: {} });
  const two = [
    { tools: { listChanged: false }, resources: { subscribe: true }, tasks: {} },
    { tools: { listChanged: true }, resources: { listChanged: true }, logging: {}, completions: {} },
  ];
  const merged = { tools: { listChanged: true }, resources: { listChanged: true, subscribe: true }, logging: {}, completions: {} };
  assert.deepEqual(capabilities(two), merged);
  assert.deepEqual(capabilities(two, { subscribable: false }), { ...merged, resources: { listChanged: true } });
  assert.deepEqual(mergeInitialize([], settings).serverInfo, { name: "turnpike", version: "1.2.3" });
});

test("while a target is missing every list is offered, with its changes", () => {
  const missing = { ...settings, incomplete: true };
  const { capabilities } = mergeInitialize([{ target: "a", hello: hello({ capabilities: { tools: {} } }) }], missing);
  assert.deepEqual(capabilities, {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
  });
});

test("extensions are the union; settings they do not agree on are left out", () => {
  const with_ = (extensions: unknown): ServerHello => hello({ capabilities: { extensions } });
  const merged = mergeInitialize(
    [
      { target: "a", hello: with_({ ui: { v: 1 }, x: { on: true } }) },
      { target: "b", hello: with_({ ui: { v: 2 }, y: {} }) },
      { target: "c", hello: with_("nonsense") },
    ],
    settings,
  );
  assert.deepEqual(merged.capabilities["extensions"], { ui: {}, x: { on: true }, y: {} });
});

test("instructions name their target; without any there is no such member", () => {
  assert.equal("instructions" in mergeInitialize([{ target: "a", hello: hello() }], settings), false);
  const { instructions } = mergeInitialize(
    [
      { target: "a", hello: hello({ instructions: "do this" }) },
      { target: "b", hello: hello() },
      { target: "c", hello: hello({ instructions: "do that" }) },
    ],
    settings,
  );
  assert.match(instructions ?? "", /\[a\]\ndo this\n\n\[c\]\ndo that$/);
});
