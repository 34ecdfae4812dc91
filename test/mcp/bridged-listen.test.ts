import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import { Reply } from "../../src/contract/reply.ts";
import { statelessRequest, statelessServer } from "./eras/asking-server.ts";
import { FakeServer, type Received } from "./fake-server.ts";
import { OpenStream, Rig, type RigOptions, settle } from "./rig.ts";

/** Streams of what servers say of their own accord, between the eras. */

const subscriptionId = "io.modelcontextprotocol/subscriptionId";
const garbage = [
  "not json",
  "[]",
  "5",
  '{"method":"notifications/tools/list_changed","params":null}',
  '{"method":"notifications/tools/list_changed","params":[1]}',
  '{"method":"notifications/tools/list_changed","params":{"_meta":1}}',
  '{"method":"notifications/tools/list_changed","params":{"_meta":{}},"PARAMS":{}}',
  '{"method":"notifications/resources/updated","params":{"uri":"a:b","_meta":{},"_META":{}}}',
  '{"method":"notifications/resources/updated","params":{"uri":"a:b","URI":"a:c"}}',
  '{"method":"notifications/subscriptions/acknowledged","params":{"notifications":{"resourceSubscriptions":[5]}}}',
  '{"id":{},"method":"ping"}',
];
const capabilities = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } };
const updated = (uri: string): object => ({ jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri } });

/** A server of 2026-07-28 with open subscriptions. */
function listeningServer(): { readonly server: FakeServer; readonly streams: PushStream[] } {
  const streams: PushStream[] = [];
  const server = statelessServer({
    "server/discover": { resultType: "complete", supportedVersions: ["2026-07-28"], capabilities, ttlMs: 0, cacheScope: "private" },
    "subscriptions/listen": ({ message }: Received) => {
      const stream = new PushStream({ maxWaitingBytes: 100_000 });
      streams.push(stream);
      const { promptsListChanged: _, ...notifications } = (message?.params?.["notifications"] ?? {}) as Record<string, unknown>;
      const params = { notifications, _meta: { [subscriptionId]: message?.id } };
      write(stream, JSON.stringify({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params }));
      return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), stream);
    },
  });
  return { server, streams };
}

function write(stream: PushStream | undefined, message: string): void {
  stream?.write(Buffer.from(`data: ${message}\n\n`));
}

describe("streams between the eras", () => {
  const rigs: Rig[] = [];
  const failures: unknown[] = [];
  const onFailure = (reason: unknown): void => void failures.push(reason);
  before(() => {
    process.on("unhandledRejection", onFailure);
    process.on("uncaughtException", onFailure);
  });
  after(() => {
    for (const rig of rigs) rig.close();
    process.off("unhandledRejection", onFailure);
    process.off("uncaughtException", onFailure);
    assert.deepEqual(failures, []);
  });

  function rigFor(targets: Record<string, FakeServer>, options: RigOptions = {}): Rig {
    const rig = new Rig(targets, options);
    rigs.push(rig);
    return rig;
  }

  async function listen(rig: Rig, notifications: object): Promise<OpenStream> {
    const { reply } = await rig.send("POST", ...statelessRequest("subscriptions/listen", { notifications }, { id: "sub" }));
    const stream = new OpenStream(reply);
    await settle();
    return stream;
  }

  const paramsOf = (stream: OpenStream, method: string): unknown[] =>
    stream.messages.filter((message) => message.method === `notifications/${method}`).map(({ params }) => params);
  const tag = { [subscriptionId]: "sub" };

  for (const several of [false, true]) {
    const uri = (value: string): string => (several ? `old+${value}` : value);
    const others = (): Record<string, FakeServer> => (several ? { other: listeningServer().server } : {});
    const where = several ? "among others" : "alone";

    test(`a server with sessions, ${where}: what was asked for is told, and nothing else`, async () => {
      const old = new FakeServer({ sessions: true, capabilities, answers: { "resources/subscribe": {} } });
      const rig = rigFor({ old, ...others() });
      const filter = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: [uri("a:b")] };
      const stream = await listen(rig, filter);
      const [acknowledged] = paramsOf(stream, "subscriptions/acknowledged") as { notifications: object; _meta: object }[];
      assert.deepEqual(acknowledged, { notifications: { toolsListChanged: true, resourceSubscriptions: [uri("a:b")] }, _meta: tag });
      for (const bytes of garbage) write(old.stream, bytes);
      old.push(updated("a:b"));
      old.push(updated("a:other"));
      old.push({ jsonrpc: "2.0", method: "notifications/resources/list_changed" });
      await settle();
      assert.ok(paramsOf(stream, "resources/updated").length > 0);
      assert.deepEqual(paramsOf(stream, "resources/updated").at(-1), { uri: uri("a:b"), _meta: tag });
      assert.ok(!stream.messages.some(({ params }) => params?.["uri"] === uri("a:other")));
      assert.equal(paramsOf(stream, "resources/list_changed").length, 0);
      for (const message of stream.messages) assert.deepEqual(message.params?.["_meta"], tag);
      old.push({ jsonrpc: "2.0", id: "q", method: "sampling/createMessage", params: {} });
      await settle();
      assert.equal(old.received.findLast(({ message }) => message?.id === "q")?.message?.error?.code, -32601);
      stream.close();
      await settle();
      assert.equal(old.sessions.size, 0, "the session was only for this stream");
    });
  }

  test("a server without sessions: the client's stream is fed, whatever else comes", async () => {
    const { server, streams } = listeningServer();
    const rig = rigFor({ one: server });
    const session = await rig.open();
    const { reply } = await rig.send("GET", undefined, { session });
    const stream = new OpenStream(reply);
    await settle();
    assert.deepEqual(
      server.received.at(-1)?.message?.params?.["notifications"],
      { toolsListChanged: true, resourcesListChanged: true },
      "what the server can tell",
    );
    await rig.call("resources/subscribe", { uri: "a:b" }, { session });
    await settle();
    assert.equal(streams.length, 2);
    assert.equal(streams[0]?.writable, false, "the older subscription is over");
    for (const bytes of garbage) write(streams[1], bytes);
    write(streams[1], JSON.stringify({ ...updated("a:b"), params: { uri: "a:b", _meta: { [subscriptionId]: "x", other: 1 } } }));
    await settle();
    assert.deepEqual(paramsOf(stream, "resources/updated").at(-1), { uri: "a:b", _meta: { other: 1 } });
    assert.equal(paramsOf(stream, "subscriptions/acknowledged").length, 0);
    await rig.request("DELETE", undefined, { session });
    await settle();
    assert.equal(streams[1]?.writable, false);
    assert.equal(stream.ended, true);
  });

  test("several servers: one stream, whatever one of them says", async () => {
    const { server, streams } = listeningServer();
    const rig = rigFor({ one: server, two: listeningServer().server });
    const stream = await listen(rig, { toolsListChanged: true, resourceSubscriptions: ["one+a:b", "nobody+c:d", "e:f"] });
    assert.deepEqual(paramsOf(stream, "subscriptions/acknowledged"), [
      { notifications: { toolsListChanged: true, resourceSubscriptions: ["one+a:b"] }, _meta: tag },
    ]);
    for (const bytes of garbage) write(streams[0], bytes);
    write(streams[0], JSON.stringify(updated("a:b")));
    await settle();
    assert.deepEqual(paramsOf(stream, "resources/updated").at(-1), { uri: "one+a:b", _meta: tag });
    stream.close();
    await settle();
    assert.equal(streams[0]?.writable, false);
  });

  test("a server whose stream has no head yet does not hold up the client", async () => {
    const old = new FakeServer({ sessions: true, capabilities, answers: { "resources/subscribe": {} } });
    const { send } = old;
    const slow = Object.assign(old, {
      send: (outgoing: Parameters<typeof send>[0]) => (outgoing.head.method === "GET" ? new Promise<Reply>(() => {}) : send(outgoing)),
    });
    const stream = await listen(rigFor({ old: slow }, { limits: { streamGraceMs: 20 } }), { resourceSubscriptions: ["a:b"] });
    assert.equal(paramsOf(stream, "subscriptions/acknowledged").length, 1);
    assert.ok(old.methods.includes("resources/subscribe"));
    stream.close();
  });

  test("as many resources as may be, and no more, are subscribed to", async () => {
    const old = new FakeServer({ sessions: true, capabilities, answers: { "resources/subscribe": {} } });
    const uris = Array.from({ length: 1_030 }, (_, at) => `a:${at}`);
    const stream = await listen(rigFor({ old }), { resourceSubscriptions: uris });
    const [acknowledged] = paramsOf(stream, "subscriptions/acknowledged") as { notifications: { resourceSubscriptions: string[] } }[];
    assert.equal(acknowledged?.notifications.resourceSubscriptions.length, 1_024);
    stream.close();
  });
});
