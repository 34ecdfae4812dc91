import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import { Reply } from "../../src/contract/reply.ts";
import type { Authorize } from "../../src/mcp/settings.ts";
import { FakeServer, type Received, type RpcMessage } from "./fake-server.ts";
import { OpenStream, type RequestOptions, resultOf, Rig, settle } from "./rig.ts";
import { ask, envelope, fields, statelessServer } from "./stateless.ts";

/** Who is told of what: `resources/subscribe` with sessions, `subscriptions/listen` without. */

const idKey = "io.modelcontextprotocol/subscriptionId";

/** A server of 2026-07-28 that acknowledges what it is asked to tell of, then tells it. */
class Telling {
  readonly server: FakeServer;
  /** The filters it was given. */
  readonly asked: unknown[] = [];
  private readonly streams: { readonly id: unknown; readonly body: PushStream }[] = [];

  constructor(honours: (filter: Record<string, unknown>) => object = (filter) => filter) {
    this.server = statelessServer({
      "subscriptions/listen": ({ message }: Received) => {
        const filter = message?.params?.["notifications"] as Record<string, unknown>;
        this.asked.push(filter);
        const body = new PushStream({ maxWaitingBytes: 1_000_000 });
        this.streams.push({ id: message?.id, body });
        this.tell("notifications/subscriptions/acknowledged", { notifications: honours(filter) });
        return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), body);
      },
    });
  }

  tell(method: string, params: object = {}): void {
    for (const { id, body } of this.streams) {
      body.write(Buffer.from(`data: ${JSON.stringify({ jsonrpc: "2.0", method, params: { ...params, _meta: { [idKey]: id } } })}\n\n`));
    }
  }
}

async function listen(rig: Rig, notifications: object, options: RequestOptions = {}): Promise<OpenStream> {
  const message = { jsonrpc: "2.0", id: "sub", method: "subscriptions/listen", params: { notifications, _meta: envelope() } };
  const { reply } = await rig.send("POST", message, { ...options, headers: fields("subscriptions/listen") });
  assert.deepEqual([reply.status, reply.headers.get("content-type")], [200, "text/event-stream"]);
  return new OpenStream(reply);
}

const told = ({ messages }: OpenStream): unknown[] =>
  messages.map(({ method, params }) => [method, Object.fromEntries(Object.entries(params ?? {}).filter(([key]) => key !== "_meta"))]);
const subscriptionOf = ({ params }: RpcMessage): unknown => (params?.["_meta"] as Record<string, unknown> | undefined)?.[idKey];

test("listening at several targets: one acknowledgement for all, under the client's id", async () => {
  const a = new Telling();
  const b = new Telling(({ toolsListChanged }) => ({ toolsListChanged })); // knows lists alone
  const rig = new Rig({ a: a.server, b: b.server });
  const stream = await listen(rig, { toolsListChanged: true, resourceSubscriptions: ["a+memo://1", "b+memo://2"] });
  await settle();
  assert.deepEqual(told(stream), [
    ["notifications/subscriptions/acknowledged", { notifications: { toolsListChanged: true, resourceSubscriptions: ["a+memo://1"] } }],
  ]);
  assert.equal(subscriptionOf(stream.messages[0] as RpcMessage), "sub");
  assert.deepEqual(
    [a.asked, b.asked],
    [[{ toolsListChanged: true, resourceSubscriptions: ["memo://1"] }], [{ toolsListChanged: true, resourceSubscriptions: ["memo://2"] }]],
  );
  stream.close();
});

test("what the client did not ask for it is not told; URIs are published ones", async () => {
  const a = new Telling();
  const b = new Telling();
  const rig = new Rig({ a: a.server, b: b.server });
  const stream = await listen(rig, { promptsListChanged: true, resourceSubscriptions: ["a+memo://1"] });
  await settle();
  a.tell("notifications/tools/list_changed");
  b.tell("notifications/resources/list_changed");
  b.tell("notifications/resources/updated", { uri: "memo://1" });
  a.tell("notifications/message", { level: "info", data: "x" });
  a.tell("notifications/resources/updated", { uri: "memo://1" });
  b.tell("notifications/prompts/list_changed");
  await settle();
  assert.deepEqual(told(stream).slice(1), [
    ["notifications/resources/updated", { uri: "a+memo://1" }],
    ["notifications/prompts/list_changed", {}],
  ]);
  for (const message of stream.messages) assert.equal(subscriptionOf(message), "sub");
  stream.close();
});

test("who asks to be told of one target's resources is no concern of the other targets", async () => {
  const a = new Telling();
  const b = new Telling();
  const rig = new Rig({ a: a.server, b: b.server });
  const stream = await listen(rig, { resourceSubscriptions: ["b+memo://1"] });
  await settle();
  assert.deepEqual([a.asked, b.asked], [[], [{ resourceSubscriptions: ["memo://1"] }]]);
  stream.close();
});

for (const [title, targets, prefix] of [
  ["a lone target", ["a"], ""],
  ["several targets", ["a", "b"], "a+"],
] as const) {
  // shows: mcp-hidden-update
  test(`resources that the rules hide are listened for by nobody: ${title}`, async () => {
    const a = new Telling();
    const authorize: Authorize = (_, { resource }) => resource?.name.endsWith("secret") !== true;
    const rig = new Rig(Object.fromEntries(targets.map((name) => [name, name === "a" ? a.server : new Telling().server])), { authorize });
    const stream = await listen(rig, { resourceSubscriptions: [`${prefix}memo://secret`, `${prefix}memo://open`] });
    await settle();
    assert.deepEqual(a.asked, [{ resourceSubscriptions: ["memo://open"] }]);
    a.tell("notifications/resources/updated", { uri: "memo://secret" });
    a.tell("notifications/resources/updated", { uri: "memo://open/secret" }); // a part of what it listens for
    a.tell("notifications/resources/updated", { uri: "memo://open" });
    await settle();
    assert.deepEqual(told(stream).slice(1), [["notifications/resources/updated", { uri: `${prefix}memo://open` }]]);
    stream.close();
  });
}

test("a target that refuses to tell: failClosed refuses with it, failOpen goes on without", async () => {
  const refusing = (): FakeServer => statelessServer({ "subscriptions/listen": Reply.text(418, "no") });
  const closed = new Rig({ a: refusing(), b: new Telling().server });
  const refused = await ask(closed, "subscriptions/listen", { notifications: { toolsListChanged: true } });
  assert.deepEqual([refused.status, refused.messages[0]?.error?.code], [503, -32603]);
  assert.match(refused.messages[0]?.error?.message ?? "", /target "a"/);
  const b = new Telling();
  const stream = await listen(new Rig({ a: refusing(), b: b.server }, { failureMode: "failOpen" }), { toolsListChanged: true });
  await settle();
  b.tell("notifications/tools/list_changed");
  await settle();
  assert.deepEqual(told(stream), [
    ["notifications/subscriptions/acknowledged", { notifications: { toolsListChanged: true } }],
    ["notifications/tools/list_changed", {}],
  ]);
  stream.close();
});

test("a filter that is none is an error of the parameters", async () => {
  const rig = new Rig({ a: new Telling().server, b: new Telling().server });
  for (const notifications of [undefined, null, 7, "tools", []]) {
    const { status, messages } = await ask(rig, "subscriptions/listen", { notifications });
    assert.deepEqual([status, messages[0]?.error?.code], [400, -32602], JSON.stringify(notifications));
  }
});

test("decision 0009: servers with sessions are listened to in their own words", async () => {
  const old = new FakeServer({
    sessions: true,
    capabilities: { resources: { subscribe: true }, tools: { listChanged: true } },
    answers: { "resources/subscribe": {}, "resources/unsubscribe": {} },
  });
  const rig = new Rig({ old, new: new Telling().server });
  const stream = await listen(rig, { toolsListChanged: true, resourceSubscriptions: ["old+memo://1"] });
  await settle();
  assert.ok(old.methods.includes("resources/subscribe") && old.methods.includes("GET"), old.methods.join());
  old.push({ jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: "memo://1" } });
  await settle();
  assert.deepEqual(told(stream).at(-1), ["notifications/resources/updated", { uri: "old+memo://1" }]);
  stream.close();
  rig.close();
});

test("with sessions: a subscription goes to its target by its own URI, ends there, and rules may refuse it", async () => {
  const capabilities = { resources: { subscribe: true } };
  const answers = { "resources/subscribe": {}, "resources/unsubscribe": {} };
  const a = new FakeServer({ sessions: true, capabilities, answers });
  const b = new FakeServer({ sessions: true, capabilities, answers });
  const authorize: Authorize = (_, { resource }) => resource?.name !== "memo://secret";
  const rig = new Rig({ a, b }, { authorize });
  const session = await rig.open();
  const open = new OpenStream((await rig.send("GET", undefined, { session })).reply);
  await settle();
  assert.deepEqual(resultOf(await rig.call("resources/subscribe", { uri: "b+memo://1" }, { session })), {});
  assert.deepEqual(b.received.at(-1)?.message?.params, { uri: "memo://1" });
  assert.equal(a.methods.includes("resources/subscribe"), false);
  b.push({ jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: "memo://1" } });
  await settle();
  assert.deepEqual(told(open), [["notifications/resources/updated", { uri: "b+memo://1" }]]);
  assert.deepEqual(resultOf(await rig.call("resources/unsubscribe", { uri: "b+memo://1" }, { session })), {});
  assert.deepEqual(b.received.at(-1)?.message?.params, { uri: "memo://1" });
  for (const method of ["resources/subscribe", "resources/unsubscribe"]) {
    const { status, messages } = await rig.call(method, { uri: "b+memo://secret" }, { session });
    assert.deepEqual([status, messages[0]?.error], [400, { code: -32602, message: "Unknown resource: b+memo://secret" }]);
  }
  const bare = await rig.call("resources/subscribe", { uri: "memo://1" }, { session });
  assert.deepEqual([bare.status, bare.messages[0]?.error?.code], [500, -32603]);
  open.close();
});
