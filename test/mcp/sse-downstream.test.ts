import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/contract/exchange.ts";
import { SseParser } from "../../src/base/sse.ts";
import { isReplyStream, Reply } from "../../src/contract/reply.ts";
import { FakeServer, type RpcMessage, tools } from "./fake-server.ts";
import { type Answered, initialize, type RequestOptions, Rig, type RigOptions, settle } from "./rig.ts";

/** A client of the old transport. */
class OldClient {
  readonly events: { event: string; data: string }[] = [];
  readonly rig: Rig;
  search = "";
  closed = false;
  private leave: (reason: Error) => void = () => {};

  constructor(rig: Rig) {
    this.rig = rig;
  }

  get messages(): RpcMessage[] {
    return this.events.filter(({ event }) => event === "message").map(({ data }) => JSON.parse(data) as RpcMessage);
  }

  async connect(options: RequestOptions = {}): Promise<void> {
    const { reply } = await this.rig.send("GET", undefined, { path: "/sse", ...options });
    if (!isReplyStream(reply.body)) throw new Error(`no stream: ${reply.status}`);
    const { body } = reply;
    this.leave = (reason) => body.cancel(reason);
    const parser = new SseParser({ maxEventBytes: 1_000_000, onEvent: ({ event, data }) => this.events.push({ event, data }) });
    const over = (): void => void (this.closed = true);
    body.start({ data: (chunk) => (parser.feed(chunk), true), end: over, fail: over });
    this.search = this.events[0]?.data.replace("/sse", "") ?? "";
  }

  post(message: unknown, options: RequestOptions = {}): Promise<Answered> {
    return this.rig.request("POST", message, { path: "/sse", search: this.search, ...options });
  }

  async open(): Promise<void> {
    await this.connect();
    assert.equal((await this.post(initialize())).status, 202);
    assert.equal((await this.post({ jsonrpc: "2.0", method: "notifications/initialized" })).status, 202);
    await settle();
  }

  close(): void {
    this.leave(new Error("client left"));
  }
}

function client(servers: Record<string, FakeServer>, options: RigOptions = {}): OldClient {
  return new OldClient(new Rig(servers, options));
}

const call = (id: number, name: string): unknown => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });

test("the stream says first where to post, posts are accepted, answers come in the stream", async () => {
  const one = client({ a: new FakeServer() });
  await one.connect();
  assert.equal(one.events[0]?.event, "endpoint");
  assert.match(one.events[0]?.data ?? "", /^\/sse\?sessionId=[\w-]{24}$/);
  const opened = await one.post(initialize());
  assert.deepEqual([opened.status, opened.text, opened.headers.get("mcp-session-id")], [202, "", undefined]);
  assert.equal(one.messages[0]?.id, "init");
  const called = await one.post(call(1, "x"));
  assert.deepEqual([called.status, called.text], [202, ""]);
  assert.equal(called.exchange.mcp?.tool?.name, "x");
  await settle();
  assert.deepEqual(one.messages.at(-1), { jsonrpc: "2.0", id: 1, result: { content: [{ type: "text", text: '{"name":"x"}' }] } });
});

test("several targets, with streams of their own: everything comes in the one stream", async () => {
  const a = new FakeServer({ answers: { "tools/list": tools("t") }, events: true });
  const b = new FakeServer({ answers: { "tools/list": tools("t") } });
  const one = client({ a, b });
  await one.open();
  await one.post({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  b.push({ jsonrpc: "2.0", id: "q", method: "roots/list" });
  await settle();
  assert.deepEqual(one.messages.slice(1), [
    { jsonrpc: "2.0", id: "agw_b_s_q", method: "roots/list" },
    {
      jsonrpc: "2.0",
      id: 1,
      result: { tools: ["a_t", "b_t"].map((name) => ({ name, inputSchema: { type: "object" } })) },
    },
  ]);
  assert.equal((await one.post({ jsonrpc: "2.0", id: "agw_b_s_q", result: { roots: [] } })).status, 202);
  assert.deepEqual(b.received.at(-1)?.message, { jsonrpc: "2.0", id: "q", result: { roots: [] } });
});

test("a call that takes long holds up no other post", async () => {
  let finish: (result: object) => void = () => {};
  const slow = new Promise<object>((resolve) => (finish = resolve));
  const one = client({ a: new FakeServer({ answers: { "tools/call": () => slow } }) });
  await one.open();
  assert.equal((await one.post(call(1, "x"))).status, 202);
  assert.equal((await one.post({ jsonrpc: "2.0", id: 2, method: "ping" })).status, 202);
  await settle();
  assert.equal(one.messages.at(-1)?.id, 2);
  finish({ done: true });
  await settle();
  assert.deepEqual(one.messages.at(-1), { jsonrpc: "2.0", id: 1, result: { done: true } });
});

test("what fails is answered in the stream, under the request's id", async () => {
  const a = new FakeServer({ answers: { "tools/call": () => Reply.text(503, "not now") } });
  const one = client({ a, b: new FakeServer() });
  await one.open();
  await one.post(call(1, "nowhere"));
  await one.post(call(2, "a_x"));
  await settle();
  assert.deepEqual(
    one.messages.slice(-2).map(({ id, error }) => [id, error]),
    [
      [1, { code: -32603, message: 'failed to send message: no target for tool "nowhere"' }],
      [2, { code: -32603, message: "failed to send message: HTTP status 503" }],
    ],
  );
});

test("rules hide tools here too", async () => {
  const a = new FakeServer({ answers: { "tools/list": tools("open", "secret") } });
  const one = client({ a }, { authorize: (_exchange, { tool }) => tool?.name !== "secret" });
  await one.open();
  await one.post({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  await one.post(call(2, "secret"));
  await settle();
  const [list, refused] = one.messages.slice(-2);
  assert.deepEqual(list?.result, tools("open"));
  assert.deepEqual([refused?.id, refused?.error], [2, { code: -32602, message: "Unknown tool: secret" }]);
  assert.equal(a.methods.includes("tools/call"), false);
});

test("posts without a session in the query are 422, with an unknown one 404, before initialize 400", async () => {
  const one = client({ a: new FakeServer() });
  await one.connect();
  for (const [search, status] of [
    ["", 422],
    ["?session=1", 422],
    ["?sessionId=", 422],
    ["?sessionId=a%20b", 422],
    ["?sessionId=unknown", 404],
    [one.search, 400],
  ] as const) {
    assert.equal((await one.post(call(1, "x"), { search })).status, status, search);
  }
  assert.equal((await one.post(initialize())).status, 202);
  assert.equal((await one.post(initialize())).status, 400);
  assert.equal((await one.post("{", {})).status, 400);
  assert.equal((await one.post(call(1, "x"), { headers: { "content-type": "text/plain" } })).status, 415);
  assert.equal((await one.rig.request("DELETE", undefined, { path: "/sse" })).status, 405);
  assert.equal((await one.rig.request("GET", undefined, { path: "/sse", headers: { accept: "application/json" } })).status, 406);
});

test("a session is its caller's, and good for no other backend", async () => {
  const one = client({ a: new FakeServer() });
  const jwt = (sub: string): Exchange["identity"] => ({ jwt: { claims: { iss: "i", sub }, token: sub } }) as never;
  await one.connect({ identity: jwt("alice") });
  assert.equal((await one.post(initialize(), { identity: jwt("bob") })).status, 404);
  assert.equal((await one.post(initialize(), { identity: jwt("alice") })).status, 202);
  const other = new OldClient(new Rig({ a: new FakeServer() }, { name: "mcp:other", sessions: one.rig.sessions }));
  assert.equal((await other.post(initialize(), { search: one.search, identity: jwt("alice") })).status, 404);
  const { status } = await one.rig.call("ping", {}, { session: one.search.split("=")[1] });
  assert.equal(status, 404, "streamable HTTP does not know it");
});

test("the client's leaving ends its session, its calls and its servers' streams", async () => {
  const a = new FakeServer({ sessions: true, answers: { "tools/call": () => new Promise(() => {}) } });
  const one = client({ a });
  await one.open();
  await one.post(call(1, "x"));
  one.close();
  await settle();
  assert.equal(a.methods.at(-1), "DELETE");
  assert.equal(a.stream?.writable, false);
  assert.equal((await one.post(call(2, "x"))).status, 404);
  assert.equal(one.rig.sessions.size, 0);
});

test("an open stream is no idleness, and a store that closes ends it", async () => {
  const one = client({ a: new FakeServer() });
  await one.open();
  one.rig.clock.now += 5_000;
  one.rig.sessions.reap();
  assert.equal((await one.post({ jsonrpc: "2.0", id: 1, method: "ping" })).status, 202);
  one.rig.close();
  assert.equal(one.closed, true);
});

test("a server's login request reaches the client, who may then try again", async () => {
  let refuse = true;
  const a = new FakeServer();
  const { send } = a;
  Object.assign(a, {
    send: async (outgoing: Parameters<typeof send>[0]) => (refuse ? Reply.text(401, "log in") : send(outgoing)),
  });
  const one = client({ a });
  await one.connect();
  const refused = await one.post(initialize());
  assert.deepEqual([refused.status, refused.text], [401, "log in"]);
  refuse = false;
  assert.equal((await one.post(initialize())).status, 202);
});

test("there is a session also where sessions are switched off", async () => {
  const one = client({ a: new FakeServer() }, { statefulMode: "stateless" });
  await one.open();
  await one.post(call(1, "x"));
  await settle();
  assert.equal(one.messages.at(-1)?.id, 1);
});

test("a client that leaves while a server's greeting is under way leaves no post open", async () => {
  let answer = (): void => {};
  const greeted = new Promise<void>((resolve) => (answer = resolve));
  const slow = new FakeServer({ answers: { initialize: () => greeted.then(() => ({ protocolVersion: "2025-06-18", capabilities: {} })) } });
  const one = client({ slow, other: new FakeServer() });
  await one.connect();
  const posted = one.post(initialize());
  await settle();
  assert.deepEqual(slow.methods, ["initialize"]);
  one.close();
  answer();
  assert.equal((await posted).status, 202);
});
