import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createNames } from "./names.ts";
import { publishServerMessage, resolveRequestId, serverRequestId } from "./server-message.ts";

const names = createNames({ prefixMode: "conditional", targets: ["a", "b"], maxNameLength: 64 });
const publish = (value: unknown): unknown => JSON.parse(publishServerMessage(names, "a", Buffer.from(JSON.stringify(value))).toString());

test("ids of requests say whose they are, numbers and strings apart", () => {
  const request = { jsonrpc: "2.0", id: 5, method: "sampling/createMessage", params: { x: 1 } };
  assert.deepEqual(publish(request), { ...request, id: "agw_a_n_5" });
  assert.deepEqual(publish({ ...request, id: "5" }), { ...request, id: "agw_a_s_5" });
});

test("fuzz: an id comes back as it was", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })), (id) => {
      const published = publish({ jsonrpc: "2.0", id, method: "ping" }) as { id: string };
      assert.deepEqual(resolveRequestId(published.id), { target: "a", id: JSON.parse(JSON.stringify(id)) as string });
    }),
  );
});

test("other ids are not taken for one of ours", () => {
  for (const id of [1, "1", "agw_a", "agw_a_x_1", "agw__n_1"]) assert.equal(resolveRequestId(id), undefined);
});

test("a server that takes its request back names it by the published id", () => {
  const cancelled = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 5, reason: "late" } };
  assert.deepEqual(publish(cancelled), { ...cancelled, params: { requestId: "agw_a_n_5", reason: "late" } });
});

test("updates name the published resource", () => {
  const updated = { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: "memo://x" } };
  assert.deepEqual(publish(updated), { ...updated, params: { uri: "a+memo://x" } });
});

test("progress, log messages and responses stay byte for byte", () => {
  const texts = [
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":12345678901234567890}}',
    '{"jsonrpc":"2.0","id":1,"result":{"text":"a \\"method\\" of mine"}}',
    '{ "jsonrpc":"2.0","id":1,"result":{"method":"x"}}',
  ];
  for (const text of texts) assert.equal(publishServerMessage(names, "a", Buffer.from(text)).toString(), text);
});

test("a single target's messages are not touched", () => {
  const bytes = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  assert.equal(publishServerMessage(createNames({ prefixMode: "conditional", targets: ["a"], maxNameLength: 64 }), "a", bytes), bytes);
});

test("requests of servers are recognised; nothing else has an id to answer", () => {
  const idOf = (value: unknown): unknown => serverRequestId(Buffer.from(JSON.stringify(value)));
  assert.equal(idOf({ jsonrpc: "2.0", id: 3, method: "roots/list" }), 3);
  assert.equal(idOf({ jsonrpc: "2.0", method: "notifications/message" }), undefined);
  assert.equal(idOf({ jsonrpc: "2.0", id: 3, result: { method: "roots/list" } }), undefined);
});
