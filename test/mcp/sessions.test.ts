import assert from "node:assert/strict";
import { test } from "node:test";
import { Reply } from "../../src/contract/reply.ts";
import { MemorySessionStore } from "../../src/store/session-store.ts";
import { testClock } from "../policy-harness.ts";
import { FakeServer, tools } from "./fake-server.ts";
import { initialize, OpenStream, Rig, settle } from "./rig.ts";

const jwt = (sub: string, token = "t"): { jwt: { claims: Record<string, unknown>; token: string } } => ({
  jwt: { claims: { iss: "https://issuer", sub }, token },
});

test("a lone target's initialize comes back as the server said it, with a session of the gateway's own", async () => {
  const server = new FakeServer({ sessions: true });
  const rig = new Rig({ a: server });
  const opened = await rig.post(initialize());
  assert.equal(opened.status, 200);
  assert.deepEqual(opened.messages, [
    {
      jsonrpc: "2.0",
      id: "init",
      result: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "fake", version: "1" } },
    },
  ]);
  assert.match(opened.text, /^event: message\ndata: /);
  assert.deepEqual([opened.headers.get("cache-control"), opened.headers.get("x-accel-buffering")], ["no-cache", "no"]);
  assert.match(opened.headers.get("mcp-session-id") ?? "", /^[\w-]{24,4096}$/);
  assert.equal(server.received[0]?.body, JSON.stringify(initialize()), "the client's words, byte for byte");
});

test("requests carry the upstream's session and version, not the client's session", async () => {
  const server = new FakeServer({ sessions: true });
  const rig = new Rig({ a: server });
  const session = await rig.open();
  const called = await rig.call("tools/call", { name: "echo", arguments: {} }, { session });
  assert.equal(called.status, 200);
  const last = server.received.at(-1);
  assert.equal(last?.headers.get("mcp-session-id"), "upstream-1");
  assert.equal(last?.headers.get("mcp-protocol-version"), "2025-06-18");
  assert.deepEqual(server.methods, ["initialize", "notifications/initialized", "tools/call"]);
});

test("without a session nothing but initialize is heard, and the refusal carries no session", async () => {
  const server = new FakeServer();
  const rig = new Rig({ a: server });
  const messages = [
    { jsonrpc: "2.0", id: 1, method: "tools/list" },
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { jsonrpc: "2.0", id: 1, result: {} },
    { jsonrpc: "2.0", id: 1, error: { code: 1, message: "no" } },
  ];
  for (const message of messages) {
    const { status, text, headers } = await rig.post(message);
    assert.deepEqual([status, text], [400, "session header is required for non-initialize requests"]);
    assert.equal(headers.get("mcp-session-id"), undefined);
  }
  for (const method of ["GET", "DELETE"]) {
    const { status, text } = await rig.request(method, undefined);
    assert.deepEqual([status, text], [400, "session ID is required"]);
  }
  assert.equal(server.received.length, 0);
});

test("a session that does not exist is 404, one that cannot exist 400, and deleting one that is gone 202", async () => {
  const rig = new Rig({ a: new FakeServer() });
  const unknown = await rig.call("ping", {}, { session: "nobody-has-this-id" });
  assert.deepEqual([unknown.status, unknown.text], [404, "session not found"]);
  const impossible = await rig.call("ping", {}, { session: "a b" });
  assert.deepEqual([impossible.status, impossible.text], [400, "invalid session ID header"]);
  assert.equal((await rig.request("DELETE", undefined, { session: "nobody-has-this-id" })).status, 202);
});

test("DELETE ends the session here and at the targets", async () => {
  const a = new FakeServer({ sessions: true });
  const b = new FakeServer({ sessions: true });
  const rig = new Rig({ a, b });
  const session = await rig.open();
  assert.equal((await rig.request("DELETE", undefined, { session })).status, 202);
  for (const server of [a, b]) {
    assert.equal(server.methods.at(-1), "DELETE");
    assert.equal(server.sessions.size, 0);
  }
  assert.equal((await rig.call("ping", {}, { session })).status, 404);
  assert.equal(rig.sessions.size, 0);
});

test("a target that refuses to end its session does not keep the client from ending it", async () => {
  const server = new FakeServer();
  const rig = new Rig({ a: server });
  const session = await rig.open();
  assert.equal((await rig.request("DELETE", undefined, { session })).status, 202);
});

test("an idle session expires; one with an open stream does not", async () => {
  const rig = new Rig({ a: new FakeServer() });
  const idle = await rig.open();
  const listening = await rig.open();
  const stream = new OpenStream((await rig.send("GET", undefined, { session: listening })).reply);
  rig.clock.now += 1_000;
  rig.sessions.reap();
  assert.equal((await rig.call("ping", {}, { session: idle })).status, 404);
  assert.equal((await rig.call("ping", {}, { session: listening })).status, 200);
  stream.close();
  rig.clock.now += 1_000;
  rig.sessions.reap();
  assert.equal((await rig.call("ping", {}, { session: listening })).status, 404);
});

test("a session belongs to its backend", async () => {
  const clock = testClock();
  const sessions = new MemorySessionStore({ clock, maxSessions: 10, reapEveryMs: 3_600_000 });
  const one = new Rig({ a: new FakeServer() }, { name: "mcp:one", sessions });
  const server = new FakeServer();
  const other = new Rig({ a: server }, { name: "mcp:other", sessions });
  const session = await one.open();
  assert.equal((await other.call("ping", {}, { session })).status, 404);
  assert.equal(server.received.length, 0);
  assert.equal((await one.call("ping", {}, { session })).status, 200);
});

test("a session belongs to its caller, whose token may be renewed", async () => {
  const rig = new Rig({ a: new FakeServer() });
  const session = await rig.open({ identity: jwt("alice", "old") });
  assert.equal((await rig.call("ping", {}, { session, identity: jwt("alice", "new") })).status, 200);
  assert.equal((await rig.call("ping", {}, { session, identity: jwt("bob") })).status, 404);
  assert.equal((await rig.call("ping", {}, { session })).status, 404);
  assert.equal((await rig.request("GET", undefined, { session, identity: jwt("bob") })).status, 404);
  assert.equal((await rig.request("DELETE", undefined, { session, identity: jwt("bob") })).status, 202);
  assert.equal((await rig.call("ping", {}, { session, identity: jwt("alice") })).status, 200, "bob's DELETE deleted nothing");
});

test("an anonymous session becomes the first named caller's", async () => {
  const rig = new Rig({ a: new FakeServer() });
  const session = await rig.open();
  const key = (value: string) => ({ apiKey: { metadata: {}, key: value } });
  assert.equal((await rig.call("ping", {}, { session, identity: key("k1") })).status, 200);
  assert.equal((await rig.call("ping", {}, { session, identity: key("k2") })).status, 404);
  assert.equal((await rig.call("ping", {}, { session })).status, 404);
});

test("a target that forgot the session is greeted again, and the client notices nothing", async () => {
  const server = new FakeServer({ sessions: true });
  const rig = new Rig({ a: server });
  const session = await rig.open();
  server.sessions.clear();
  const called = await rig.call("tools/call", { name: "echo" }, { session });
  assert.equal(called.status, 200);
  assert.deepEqual(server.methods.slice(2), ["tools/call", "initialize", "notifications/initialized", "tools/call"]);
  const again = server.received.find(({ message }, index) => index > 0 && message?.method === "initialize");
  assert.deepEqual(again?.message?.params, (initialize() as { params: unknown }).params, "with the client's own words");
});

test("several calls that find the session lost greet the target once", async () => {
  const server = new FakeServer({ sessions: true });
  const rig = new Rig({ a: server });
  const session = await rig.open();
  server.sessions.clear();
  const calls = await Promise.all(
    [1, 2, 3].map((id) => rig.post({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "echo" } }, { session })),
  );
  assert.deepEqual(
    calls.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(server.methods.filter((method) => method === "initialize").length, 2);
});

test("a server that says 400 about the session, as the official examples do, is greeted again too", async () => {
  const { Reply } = await import("../../src/contract/reply.ts");
  let known = false;
  const refusal = Reply.json(400, {
    jsonrpc: "2.0",
    id: null,
    error: { code: -32000, message: "Bad Request: No valid session ID provided" },
  });
  refusal.headers.set("content-length", String(Buffer.byteLength(refusal.body as string)));
  const server = new FakeServer({
    sessions: true,
    answers: { "tools/call": () => (known ? { content: [] } : ((known = true), refusal)) },
  });
  const rig = new Rig({ a: server });
  const session = await rig.open();
  assert.equal((await rig.call("tools/call", { name: "echo" }, { session })).status, 200);
  assert.equal(server.methods.filter((method) => method === "initialize").length, 2);
});

test("a target that refuses initialize gives no session", async () => {
  const { Reply } = await import("../../src/contract/reply.ts");
  const unauthorized = Reply.text(401, "log in");
  unauthorized.headers.set("www-authenticate", 'Bearer resource_metadata="https://x"');
  const rig = new Rig({ a: new FakeServer({ answers: { initialize: unauthorized } }) });
  const refused = await rig.post(initialize());
  assert.deepEqual([refused.status, refused.text], [401, "log in"]);
  assert.equal(refused.headers.get("www-authenticate"), 'Bearer resource_metadata="https://x"');
  assert.equal(refused.headers.get("mcp-session-id"), undefined);
  assert.equal(rig.sessions.size, 0);
});

test("two clients' sessions are two sessions at the target", async () => {
  const server = new FakeServer({ sessions: true, answers: { "tools/list": tools("x") } });
  const rig = new Rig({ a: server });
  const one = await rig.open();
  const two = await rig.open();
  assert.notEqual(one, two);
  await rig.call("tools/list", {}, { session: one });
  await rig.call("tools/list", {}, { session: two });
  assert.deepEqual(
    server.received.slice(-2).map(({ headers }) => headers.get("mcp-session-id")),
    ["upstream-1", "upstream-2"],
  );
  await settle();
});

test("a session that a target opens after another one has refused it is ended there", async () => {
  let open = (): void => {};
  const slow = new FakeServer({ sessions: true });
  const { send } = slow;
  const held = new Promise<void>((resolve) => (open = resolve));
  Object.assign(slow, {
    send: async (outgoing: Parameters<typeof send>[0]) => {
      if (outgoing.head.method === "POST") await held;
      return send(outgoing);
    },
  });
  const rig = new Rig({ slow, down: new FakeServer({ answers: { initialize: Reply.text(503, "down") } }) });
  assert.equal((await rig.post(initialize())).status, 503);
  open();
  await settle();
  assert.deepEqual([slow.methods, slow.sessions.size], [["initialize", "DELETE"], 0]);
});
