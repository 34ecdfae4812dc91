import assert from "node:assert/strict";
import { test } from "node:test";
import { Reply } from "../../src/contract/reply.ts";
import { FakeServer } from "./fake-server.ts";
import { FakeSseServer, sseTarget } from "./fake-sse-server.ts";
import { OpenStream, resultOf, Rig, settle } from "./rig.ts";

const echo = { "tools/call": ({ params }: { params?: unknown }): unknown => ({ echoed: params }) };

test("messages go to the endpoint, answers come in the stream", async () => {
  const old = new FakeSseServer({ answers: echo });
  const rig = new Rig({ old: sseTarget("old", old) });
  const session = await rig.open();
  assert.deepEqual(resultOf(await rig.call("tools/call", { name: "x" }, { session })), { echoed: { name: "x" } });
  assert.deepEqual(old.methods, ["initialize", "notifications/initialized", "tools/call"]);
  assert.deepEqual([old.received[2]?.path, old.received[2]?.search], ["/messages", "?sessionId=1"]);
  assert.equal(old.streams.length, 1);
});

test("calls at the same time get their own answers, in whatever order they come", async () => {
  const old = new FakeSseServer();
  const rig = new Rig({ old: sseTarget("old", old) });
  const session = await rig.open();
  const ask = (id: number | string): Promise<{ messages: unknown[] }> =>
    rig.post({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "x" } }, { session });
  const asked = [ask(1), ask("1"), ask(2)];
  await settle();
  for (const id of [2, "1", 1]) old.say({ jsonrpc: "2.0", id, result: { for: id } });
  const answers = await Promise.all(asked);
  assert.deepEqual(
    answers.map(({ messages }) => messages),
    [1, "1", 2].map((id) => [{ jsonrpc: "2.0", id, result: { for: id } }]),
  );
});

test("progress goes with its call, other messages into the client's stream, early ones are kept for it", async () => {
  const changed = { jsonrpc: "2.0", method: "notifications/tools/list_changed" };
  const progress = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: "p", progress: 1 } };
  const old = new FakeSseServer({
    answers: {
      "tools/call": (_message, server) => {
        server.say(progress);
        return {};
      },
    },
  });
  const rig = new Rig({ old: sseTarget("old", old) });
  const session = await rig.open();
  old.say(changed);
  const stream = new OpenStream((await rig.send("GET", undefined, { session })).reply);
  const { messages } = await rig.call("tools/call", { name: "x", _meta: { progressToken: "p" } }, { session });
  assert.deepEqual(messages, [progress, { jsonrpc: "2.0", id: 1, result: {} }]);
  old.say(changed);
  await settle();
  assert.deepEqual(stream.messages, [changed, changed]);
  stream.close();
});

// shows: mcp-cancelled
test("a call that the client cancels is over, though the server says nothing more", async () => {
  const old = new FakeSseServer();
  const rig = new Rig({ old: sseTarget("old", old) }, { limits: { maxPendingCalls: 1 } });
  const session = await rig.open();
  const silence = rig.post({ jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "x" } }, { session });
  await settle();
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } };
  assert.equal((await rig.post(cancel, { session })).status, 202);
  assert.equal((await silence).status, 202);
  assert.deepEqual(old.received.at(-1)?.message, cancel);
  old.say({ jsonrpc: "2.0", id: 7, result: { too: "late" } });
  const next = rig.post({ jsonrpc: "2.0", id: 8, method: "tools/call", params: { name: "x" } }, { session });
  await settle();
  old.say({ jsonrpc: "2.0", id: 8, result: {} });
  assert.deepEqual((await next).messages, [{ jsonrpc: "2.0", id: 8, result: {} }]);
});

test("among several targets, with those of the newer transport", async () => {
  const old = new FakeSseServer({ answers: { ...echo, "tools/list": () => ({ tools: [{ name: "t" }] }) } });
  const rig = new Rig({ old: sseTarget("old", old), web: new FakeServer({ answers: { "tools/list": { tools: [{ name: "u" }] } } }) });
  const session = await rig.open();
  const { tools } = resultOf<{ tools: { name: string }[] }>(await rig.call("tools/list", {}, { session }));
  assert.deepEqual(
    tools.map(({ name }) => name),
    ["old_t", "web_u"],
  );
  assert.deepEqual(resultOf(await rig.call("tools/call", { name: "old_t" }, { session })), { echoed: { name: "t" } });
});

test("a stream that ends fails the calls under way, and the next one opens a session anew", async () => {
  const old = new FakeSseServer({ answers: { ping: () => ({}) } });
  const rig = new Rig({ old: sseTarget("old", old) });
  const session = await rig.open();
  const call = rig.call("tools/call", { name: "x" }, { session });
  await settle();
  old.streams[0]?.end();
  const failed = await call;
  assert.equal(failed.status, 500);
  assert.match(failed.text, /target \\"old\\": the server ended its event stream/);
  await settle();
  assert.deepEqual(resultOf(await rig.call("ping", {}, { session })), {});
  assert.equal(old.streams.length, 2);
  assert.deepEqual(old.methods.slice(2), ["tools/call", "initialize", "notifications/initialized", "ping"]);
});

test("an answer that comes with the end of the stream is one: the call is not sent again", async () => {
  const old = new FakeSseServer({
    answers: {
      "tools/call": (message, server) => {
        server.say({ jsonrpc: "2.0", id: message.id, result: { done: true } });
        server.streams.at(-1)?.end();
        return undefined;
      },
    },
  });
  const rig = new Rig({ old: sseTarget("old", old) });
  const session = await rig.open();
  assert.deepEqual(resultOf(await rig.call("tools/call", { name: "x" }, { session })), { done: true });
  assert.equal(old.methods.filter((method) => method === "tools/call").length, 1);
});

test("a server that does not know the session any more gets a new one, and the call once", async () => {
  const old = new FakeSseServer({ answers: echo });
  const rig = new Rig({ old: sseTarget("old", old) });
  const session = await rig.open();
  old.refusal = () => {
    old.refusal = undefined;
    const reply = Reply.text(400, "No transport found for sessionId");
    reply.headers.set("content-length", "32");
    return reply;
  };
  assert.deepEqual(resultOf(await rig.call("tools/call", { name: "x" }, { session })), { echoed: { name: "x" } });
  assert.equal(old.streams.length, 2);
  assert.equal(old.cancelled, 1, "the old stream is let go");
});

test("a server's own refusals reach the client", async () => {
  const old = new FakeSseServer();
  const rig = new Rig({ old: sseTarget("old", old) });
  const session = await rig.open();
  old.refusal = () => Reply.text(503, "not now");
  const refused = await rig.call("tools/call", { name: "x" }, { session });
  assert.deepEqual([refused.status, refused.text], [503, "not now"]);
  const login = new FakeSseServer();
  Object.assign(login, { send: async () => Reply.text(401, "log in") });
  const closed = await new Rig({ old: sseTarget("old", login) }).post({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} });
  assert.deepEqual([closed.status, closed.text], [401, "log in"]);
});

test("no endpoint in time, or one of another origin, is an error that says so", async () => {
  for (const [endpoint, expected] of [
    [undefined, /no endpoint event within 20 ms/],
    ["http://elsewhere.test/messages", /leads to another origin, http:\/\/elsewhere.test/],
    ["http://", /holds no URL/],
  ] as const) {
    const old = new FakeSseServer({ endpoint });
    const rig = new Rig({ old: sseTarget("old", old) }, { limits: { endpointDeadlineMs: 20 } });
    const { status, text } = await rig.call("initialize", { protocolVersion: "2025-06-18" });
    assert.equal(status, 500);
    assert.match(text, expected);
    assert.equal(old.cancelled, 1);
  }
});

test("a message over the limit ends the session, and a call has the route's time", async () => {
  const old = new FakeSseServer();
  const rig = new Rig({ old: sseTarget("old", old) }, { limits: { maxMessageBytes: 2_000 } });
  const session = await rig.open();
  const call = rig.call("tools/call", { name: "x" }, { session });
  await settle();
  old.write(`data: "${"x".repeat(3_000)}"\n\n`);
  assert.match((await call).text, /a message is larger than 2000 bytes/);
  assert.equal(old.cancelled, 1);
});

test("a client that is behind holds the server's stream back, and lets it go on", async () => {
  const old = new FakeSseServer();
  const rig = new Rig({ old: sseTarget("old", old) });
  const session = await rig.open();
  const { reply } = await rig.send("GET", undefined, { session });
  const taken: string[] = [];
  const body = reply.body as { start(sink: object): void; resume(): void };
  body.start({ data: (chunk: Buffer) => taken.push(chunk.toString()) < 0, end() {}, fail() {} });
  assert.equal(old.say({ jsonrpc: "2.0", method: "notifications/a" }), false);
  assert.equal(old.say({ jsonrpc: "2.0", method: "notifications/b" }), false);
  assert.equal(taken.length, 1);
  body.resume();
  assert.equal(taken.length, 2);
});

test("ending the session ends the stream, and stateless calls of one caller share one", async () => {
  const old = new FakeSseServer({ answers: echo });
  const rig = new Rig({ old: sseTarget("old", old) });
  await rig.request("DELETE", undefined, { session: await rig.open() });
  assert.equal(old.cancelled, 1);
  const stateless = new Rig({ old: sseTarget("old", old) }, { statefulMode: "stateless" });
  for (const name of ["x", "y"]) assert.deepEqual(resultOf(await stateless.call("tools/call", { name })), { echoed: { name } });
  assert.deepEqual([old.streams.length, old.cancelled], [2, 1]);
  stateless.close();
  assert.equal(old.cancelled, 2);
});
