import assert from "node:assert/strict";
import { test } from "node:test";
import { Standing } from "./standing.ts";

function note(standing: Standing, method: string, params: Record<string, unknown>): void {
  const bytes = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
  standing.note({ method, bytes }, params);
}

const said = (standing: Standing): string[] => standing.requests().map(({ method, params }) => `${method} ${params.toString()}`);

test("the last log level and the subscriptions that were not ended are remembered, nothing else", () => {
  const standing = new Standing();
  note(standing, "logging/setLevel", { level: "debug" });
  note(standing, "resources/subscribe", { uri: "memo://a" });
  note(standing, "resources/subscribe", { uri: "memo://b" });
  note(standing, "resources/subscribe", { uri: "memo://b" });
  note(standing, "resources/unsubscribe", { uri: "memo://a" });
  note(standing, "logging/setLevel", { level: "error" });
  note(standing, "tools/call", { name: "x" });
  assert.deepEqual(said(standing), ['resources/subscribe {"uri":"memo://b"}', 'logging/setLevel {"level":"error"}']);
});

test("of very many subscriptions the latest are remembered", () => {
  const standing = new Standing();
  for (let i = 0; i < 1_000; i++) note(standing, "resources/subscribe", { uri: `memo://${i}` });
  assert.equal(said(standing).length, 128);
  assert.equal(said(standing).at(-1), 'resources/subscribe {"uri":"memo://999"}');
});
