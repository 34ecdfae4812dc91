import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import { isReplyStream, Reply, type ReplyStream } from "../../src/contract/reply.ts";
import { FakeServer, type Received } from "./fake-server.ts";
import { OpenStream, Rig, settle } from "./rig.ts";

/** A server whose tools/call answers with a stream that the test writes. */
class StreamingServer extends FakeServer {
  readonly calls: PushStream[] = [];
  cancelled = 0;

  constructor() {
    super({ answers: { "tools/call": () => this.begin() } });
  }

  say(message: unknown, call = this.calls.length - 1): boolean {
    return this.calls[call]?.write(Buffer.from(`data: ${JSON.stringify(message)}\n\n`)) ?? false;
  }

  private begin(): Reply {
    const stream = new PushStream({ maxWaitingBytes: 1_000_000, onCancel: () => (this.cancelled += 1) });
    this.calls.push(stream);
    return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), stream);
  }
}

const call = (id: number | string, name: string): unknown => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });

test("a call's stream goes through message by message, progress first, response last", async () => {
  const a = new StreamingServer();
  const rig = new Rig({ a, b: new FakeServer() });
  const session = await rig.open();
  const { reply } = await rig.send("POST", call(1, "a_x"), { session });
  const stream = new OpenStream(reply);
  const progress = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 7, progress: 1 } };
  a.say(progress);
  await settle();
  assert.deepEqual(stream.messages, [progress]);
  assert.equal(stream.ended, false);
  a.say({ jsonrpc: "2.0", id: 1, result: { content: [] } });
  a.calls[0]?.end();
  await settle();
  assert.deepEqual(stream.messages[1], { jsonrpc: "2.0", id: 1, result: { content: [] } });
  assert.equal(stream.ended, true);
});

test("a server asks the client in the call's stream; the answer goes back to it under its own id", async () => {
  const a = new StreamingServer();
  const b = new FakeServer();
  const rig = new Rig({ a, b });
  const session = await rig.open();
  const stream = new OpenStream((await rig.send("POST", call(1, "a_x"), { session })).reply);
  a.say({ jsonrpc: "2.0", id: 5, method: "sampling/createMessage", params: { messages: [] } });
  await settle();
  assert.deepEqual(stream.messages[0], { jsonrpc: "2.0", id: "agw_a_n_5", method: "sampling/createMessage", params: { messages: [] } });
  const answered = await rig.post({ jsonrpc: "2.0", id: "agw_a_n_5", result: { role: "assistant" } }, { session });
  assert.deepEqual([answered.status, answered.text], [202, ""]);
  assert.deepEqual(a.received.at(-1)?.message, { jsonrpc: "2.0", id: 5, result: { role: "assistant" } });
  assert.equal(b.methods.includes("response"), false);
  const stray = await rig.post({ jsonrpc: "2.0", id: "agw_nobody_n_5", result: {} }, { session });
  assert.equal(stray.status, 500);
});

test("a lone server's stream is forwarded as bytes, its event ids and comments included", async () => {
  const a = new StreamingServer();
  const rig = new Rig({ a });
  const session = await rig.open();
  const { reply } = await rig.send("POST", call(1, "x"), { session });
  assert.ok(isReplyStream(reply.body));
  const chunks: string[] = [];
  reply.body.start({ data: (chunk) => chunks.push(Buffer.from(chunk).toString()) > 0, end: () => chunks.push("END"), fail: () => {} });
  a.calls[0]?.write(Buffer.from(": hello\n\nid: 1\nretry: 50\ndata:\n\n"));
  a.calls[0]?.write(Buffer.from('id: 2\ndata: {"id":5,"method":"ping","jsonrpc":"2.0"}\n\n'));
  a.calls[0]?.end();
  assert.deepEqual(chunks, [": hello\n\nid: 1\nretry: 50\ndata:\n\n", 'id: 2\ndata: {"id":5,"method":"ping","jsonrpc":"2.0"}\n\n', "END"]);
});

test("a slow client holds the server back", async () => {
  const a = new StreamingServer();
  const rig = new Rig({ a, b: new FakeServer() });
  const session = await rig.open();
  const { reply } = await rig.send("POST", call(1, "a_x"), { session });
  assert.ok(isReplyStream(reply.body));
  let room = false;
  reply.body.start({ data: () => room, end: () => {}, fail: () => {} });
  assert.equal(a.say({ jsonrpc: "2.0", method: "notifications/message" }), false);
  room = true;
  reply.body.resume();
  assert.equal(a.say({ jsonrpc: "2.0", method: "notifications/message" }), true);
});

test("a client that leaves stops the server's stream", async () => {
  const a = new StreamingServer();
  const rig = new Rig({ a, b: new FakeServer() });
  const session = await rig.open();
  new OpenStream((await rig.send("POST", call(1, "a_x"), { session })).reply).close();
  assert.equal(a.cancelled, 1);
});

test("a message over the limit breaks off that stream and nothing else", async () => {
  const a = new StreamingServer();
  const rig = new Rig({ a, b: new FakeServer() }, { limits: { maxMessageBytes: 1_000 } });
  const session = await rig.open();
  const stream = new OpenStream((await rig.send("POST", call(1, "a_x"), { session })).reply);
  a.say({ jsonrpc: "2.0", id: 1, result: "x".repeat(2_000) });
  await settle();
  assert.match(stream.messages.map(({ error }) => error?.message).join(), /^failed to send message: target "a": .* 1000 bytes$/);
  assert.deepEqual([stream.ended, a.cancelled], [true, 1]);
  assert.equal((await rig.call("ping", {}, { session })).status, 200);
});

test("a server that sends ambiguous messages breaks off its own stream", async () => {
  const a = new StreamingServer();
  const rig = new Rig({ a, b: new FakeServer() });
  const session = await rig.open();
  const stream = new OpenStream((await rig.send("POST", call(1, "a_x"), { session })).reply);
  a.calls[0]?.write(Buffer.from('data: {"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}\n\n'));
  await settle();
  assert.equal(stream.ended, true);
});

test("a client that takes JSON alone gets the response of a stream", async () => {
  const a = new StreamingServer();
  const rig = new Rig({ a });
  const session = await rig.open();
  const replying = rig.call("tools/call", { name: "x" }, { session, headers: { accept: "application/json" } });
  await settle();
  a.say({ jsonrpc: "2.0", method: "notifications/progress", params: {} });
  a.say({ jsonrpc: "2.0", id: 77, method: "elicitation/create", params: {} });
  a.say({ jsonrpc: "2.0", id: 1, result: { content: [] } });
  const { status, text } = await replying;
  assert.deepEqual([status, text], [200, '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}']);
  const refusal = a.received.at(-1)?.message;
  assert.deepEqual([refusal?.id, refusal?.error?.code], [77, -32601], "the server was told that nobody can be asked");
});

test("a cancellation goes to the target at work on it", async () => {
  const a = new StreamingServer();
  const b = new FakeServer();
  const rig = new Rig({ a, b });
  const session = await rig.open();
  const stream = new OpenStream((await rig.send("POST", call("c1", "a_x"), { session })).reply);
  const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "c1" } };
  assert.equal((await rig.post(cancel, { session })).status, 202);
  assert.deepEqual(a.received.at(-1)?.message, cancel);
  assert.equal(b.methods.includes("notifications/cancelled"), false);
  a.calls[0]?.end();
  await settle();
  assert.equal(stream.ended, true);
  const before = a.received.length;
  await rig.post(cancel, { session });
  assert.equal(a.received.length, before, "the call is over, nobody is told");
});

test("other notifications go to all targets", async () => {
  const a = new FakeServer();
  const b = new FakeServer();
  const rig = new Rig({ a, b });
  const session = await rig.open();
  const changed = { jsonrpc: "2.0", method: "notifications/roots/list_changed" };
  assert.equal((await rig.post(changed, { session })).status, 202);
  for (const server of [a, b]) assert.deepEqual(server.received.at(-1)?.message, changed);
});

// the client's own stream (GET)

test("messages of all servers come in one stream, with published ids and URIs", async () => {
  const a = new FakeServer();
  const b = new FakeServer();
  const rig = new Rig({ a, b });
  const session = await rig.open();
  const { reply } = await rig.send("GET", undefined, { session });
  assert.deepEqual([reply.status, reply.headers.get("content-type")], [200, "text/event-stream"]);
  const stream = new OpenStream(reply);
  a.push({ jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: "memo://x" } });
  b.push({ jsonrpc: "2.0", id: "q", method: "roots/list" });
  b.push({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
  await settle();
  assert.deepEqual(stream.messages, [
    { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: "a+memo://x" } },
    { jsonrpc: "2.0", id: "agw_b_s_q", method: "roots/list" },
    { jsonrpc: "2.0", method: "notifications/tools/list_changed" },
  ]);
  stream.close();
  await settle();
  for (const server of [a, b]) assert.equal(server.stream?.writable, false, "the servers' streams are let go");
});

test("targets without a stream are skipped; if all are, the answer is 405", async () => {
  const without = (): FakeServer => new FakeServer({ answers: { GET: new Reply(405) } });
  const a = new FakeServer();
  const mixed = new Rig({ a, b: without() });
  const stream = new OpenStream((await mixed.send("GET", undefined, { session: await mixed.open() })).reply);
  a.push({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
  await settle();
  assert.equal(stream.messages.length, 1);
  for (const targets of [{ a: without() }, { a: without(), b: without() }] as Record<string, FakeServer>[]) {
    const rig = new Rig(targets);
    const { status, text } = await rig.request("GET", undefined, { session: await rig.open() });
    assert.deepEqual([status, text], [405, "GET event stream is not supported by any upstream"]);
  }
});

test("a target that holds back its headers does not hold back the others", async () => {
  const slow = new FakeServer();
  const { send } = slow;
  Object.assign(slow, {
    send: (outgoing: Parameters<typeof send>[0]) => (outgoing.head.method === "GET" ? new Promise(() => {}) : send(outgoing)),
  });
  const a = new FakeServer();
  const rig = new Rig({ a, slow }, { limits: { streamGraceMs: 10 } });
  const { reply } = await rig.send("GET", undefined, { session: await rig.open() });
  assert.equal(reply.status, 200);
  const stream = new OpenStream(reply);
  a.push({ jsonrpc: "2.0", method: "notifications/x" });
  await settle();
  assert.equal(stream.messages.length, 1);
});

test("a failing target: failClosed refuses the stream, failOpen opens it without", async () => {
  const broken = (): FakeServer => new FakeServer({ answers: { GET: Reply.text(503, "not now") } });
  const closed = new Rig({ a: new FakeServer(), b: broken() });
  const refused = await closed.request("GET", undefined, { session: await closed.open() });
  assert.equal(refused.status, 500);
  assert.match(refused.text, /target \\"b\\": HTTP status 503/);
  const open = new Rig({ a: new FakeServer(), b: broken() }, { failureMode: "failOpen" });
  const { reply } = await open.send("GET", undefined, { session: await open.open() });
  assert.equal(reply.status, 200);
  new OpenStream(reply).close();
});

test("a newer stream of the client takes the place of the older one", async () => {
  const a = new FakeServer();
  const rig = new Rig({ a, b: new FakeServer() });
  const session = await rig.open();
  const first = new OpenStream((await rig.send("GET", undefined, { session })).reply);
  const second = new OpenStream((await rig.send("GET", undefined, { session })).reply);
  a.push({ jsonrpc: "2.0", method: "notifications/x" });
  await settle();
  assert.deepEqual([first.ended, first.messages.length, second.ended, second.messages.length], [true, 0, false, 1]);
});

test("DELETE ends the open stream", async () => {
  for (const targets of [{ a: new FakeServer() }, { a: new FakeServer(), b: new FakeServer() }] as Record<string, FakeServer>[]) {
    const rig = new Rig(targets);
    const session = await rig.open();
    const stream = new OpenStream((await rig.send("GET", undefined, { session })).reply);
    await rig.request("DELETE", undefined, { session });
    await settle();
    assert.equal(stream.ended, true);
    assert.equal(targets["a"]?.stream?.writable, false);
  }
});

test("a target that forgot the session, found out by the stream, is greeted again", async () => {
  const a = new FakeServer({ sessions: true });
  const rig = new Rig({ a });
  const session = await rig.open();
  a.sessions.clear();
  const { reply } = await rig.send("GET", undefined, { session });
  assert.equal(reply.status, 200);
  new OpenStream(reply).close();
  assert.deepEqual(a.methods.slice(-4), ["GET", "initialize", "notifications/initialized", "GET"]);
});

test("a server that asks something while a list is made is heard in the client's stream", async () => {
  const asking = new FakeServer({
    answers: {
      "tools/list": ({ message }: Received) => {
        const events = [
          { jsonrpc: "2.0", id: 4, method: "roots/list" },
          { jsonrpc: "2.0", id: message?.id, result: { tools: [] } },
        ];
        const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
        return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), text);
      },
    },
  });
  const rig = new Rig({ a: asking, b: new FakeServer({ answers: { "tools/list": { tools: [] } } }) });
  const session = await rig.open();
  const stream = new OpenStream((await rig.send("GET", undefined, { session })).reply);
  assert.equal((await rig.call("tools/list", {}, { session })).status, 200);
  assert.deepEqual(stream.messages, [{ jsonrpc: "2.0", id: "agw_a_n_4", method: "roots/list" }]);
});

test("of two streams that one client opens at a time, the newer one gets what belongs to no stream", async () => {
  const slow = new FakeServer();
  const { send } = slow;
  const held: (() => void)[] = [];
  Object.assign(slow, {
    send: async (outgoing: Parameters<typeof send>[0]) => {
      if (outgoing.head.method === "GET") await new Promise<void>((resolve) => held.push(resolve));
      return send(outgoing);
    },
  });
  const asking = new StreamingServer();
  const rig = new Rig({ asking, slow });
  const session = await rig.open();
  const first = rig.send("GET", undefined, { session });
  await settle();
  const second = rig.send("GET", undefined, { session });
  await settle();
  held[1]?.();
  const stream = new OpenStream((await second).reply);
  held[0]?.();
  const older = new OpenStream((await first).reply);
  const replying = rig.call("tools/call", { name: "asking_x" }, { session, headers: { accept: "application/json" } });
  await settle();
  asking.say({ jsonrpc: "2.0", id: 5, method: "roots/list" });
  await settle();
  assert.deepEqual([older.messages, stream.messages.map(({ method }) => method)], [[], ["roots/list"]]);
  asking.say({ jsonrpc: "2.0", id: 1, result: {} });
  assert.equal((await replying).status, 200);
  stream.close();
});

test("a target cannot answer another one's call in the client's own stream", async () => {
  const [a, b] = [new StreamingServer(), new FakeServer()];
  const rig = new Rig({ a, b });
  const session = await rig.open();
  const own = new OpenStream((await rig.send("GET", undefined, { session })).reply);
  const reply = new OpenStream((await rig.send("POST", call(1, "a_x"), { session })).reply);
  b.push({ jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: "forged" }] } });
  b.push({ jsonrpc: "2.0", method: "notifications/x" });
  a.say({ jsonrpc: "2.0", id: 1, result: {} });
  await settle();
  assert.deepEqual(own.messages, [{ jsonrpc: "2.0", method: "notifications/x" }]);
  assert.deepEqual(reply.messages.at(-1)?.result, {});
  own.close();
});

test("a reply that is no message lets go of its connection", async () => {
  let read = false;
  const page: ReplyStream = { start: () => (read = true), resume: () => {}, cancel: () => {} };
  const html = (): Reply => new Reply(200, new HeaderList(["content-type", "text/html"]), page);
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/call": html } }) });
  const { text } = await rig.post(call(1, "x"), { session: await rig.open() });
  assert.match(text, /content type text\/html/);
  assert.equal(read, true);
});
