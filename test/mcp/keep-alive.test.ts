import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import { isReplyStream, Reply } from "../../src/contract/reply.ts";
import { FakeServer } from "./fake-server.ts";
import { Rig, settle } from "./rig.ts";

/** Every event stream that an MCP backend opens for a client is kept alive. */

beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
afterEach(() => mock.timers.reset());

const comment = ":\n\n";

/** What a client reads of an open stream. */
function reading({ body, status, headers }: Reply): { text: string; leave(): void } {
  assert.ok(isReplyStream(body), `no stream: ${status}`);
  assert.equal(headers.get("content-type"), "text/event-stream");
  const read = { text: "", leave: () => body.cancel(new Error("client left")) };
  body.start({ data: (chunk) => Boolean((read.text += Buffer.from(chunk).toString())), end() {}, fail() {} });
  return read;
}

/** What comes in 15 seconds in which nothing happens. */
async function silence(read: { text: string }): Promise<string> {
  await settle();
  const { length } = read.text;
  mock.timers.tick(15_000);
  return read.text.slice(length);
}

test("the stream of a lone server, between its events alone", async () => {
  const a = new FakeServer();
  const rig = new Rig({ a });
  const read = reading((await rig.send("GET", undefined, { session: await rig.open() })).reply);
  assert.equal(await silence(read), comment);
  a.push({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
  assert.equal(await silence(read), comment);
  a.stream?.write(Buffer.from('id: 1\ndata: {"jsonrpc"'));
  assert.equal(await silence(read), "");
  a.stream?.write(Buffer.from(':"2.0","method":"x"}\n\n'));
  assert.equal(await silence(read), comment);
  read.leave();
  assert.equal(await silence(read), "");
  rig.close();
});

test("the stream of several servers, and that of HTTP+SSE", async () => {
  const rig = new Rig({ a: new FakeServer(), b: new FakeServer() });
  const merged = reading((await rig.send("GET", undefined, { session: await rig.open() })).reply);
  assert.equal(await silence(merged), comment);
  const old = reading((await rig.send("GET", undefined, { path: "/sse" })).reply);
  assert.equal(await silence(old), comment);
  assert.match(old.text, /^event: endpoint\ndata: [^\n]+\n\n:\n\n$/);
  merged.leave();
  old.leave();
  rig.close();
});

test("a call that lasts, of one server and of several", async () => {
  for (const others of [[], ["b"]]) {
    const stream = new PushStream({ maxWaitingBytes: 1_000 });
    const events = (): Reply => new Reply(200, new HeaderList(["content-type", "text/event-stream"]), stream);
    const a = new FakeServer({ answers: { "tools/call": events } });
    const rig = new Rig({ a, ...Object.fromEntries(others.map((name) => [name, new FakeServer()])) });
    const name = others.length === 0 ? "x" : "a_x";
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } };
    const read = reading((await rig.send("POST", call, { session: await rig.open() })).reply);
    assert.equal(await silence(read), comment);
    stream.write(Buffer.from('data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'));
    stream.end();
    assert.equal(await silence(read), "");
    rig.close();
  }
});

test("what clients of 2026-07-28 listen to", async () => {
  const stream = new PushStream({ maxWaitingBytes: 1_000 });
  const notifications = { toolsListChanged: true };
  const acknowledged = { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params: { notifications } };
  stream.write(Buffer.from(`data: ${JSON.stringify(acknowledged)}\n\n`));
  const listening = new Reply(200, new HeaderList(["content-type", "text/event-stream"]), stream);
  const rig = new Rig({ a: new FakeServer({ answers: { "subscriptions/listen": listening } }) }, { prefixMode: "always" });
  const version = "2026-07-28";
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientInfo": { name: "c", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { notifications, _meta };
  const message = { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params };
  const headers = { "mcp-protocol-version": version, "mcp-method": message.method };
  const read = reading((await rig.send("POST", message, { headers })).reply);
  assert.equal(await silence(read), comment);
  read.leave();
  rig.close();
});

test("a short reply needs no timer", async () => {
  const rig = new Rig({ a: new FakeServer({ events: true }), b: new FakeServer() });
  const session = await rig.open();
  const set = mock.method(globalThis, "setInterval"); // the store of sessions has one of its own by now
  assert.equal((await rig.call("tools/call", { name: "a_x" }, { session })).status, 200);
  assert.equal((await rig.call("tools/call", { name: "b_x" }, { session })).status, 200);
  assert.equal(set.mock.callCount(), 0);
  set.mock.restore();
  rig.close();
});
