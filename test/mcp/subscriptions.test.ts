import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import { Reply } from "../../src/contract/reply.ts";
import { metaKeys } from "../../src/mcp/wire/2026-07-28/envelope.ts";
import { FakeServer } from "./fake-server.ts";
import { type Answered, OpenStream, Rig, type RequestOptions, settle } from "./rig.ts";

const revision = "2026-07-28";

/** A server of the revision without sessions, whose subscriptions the test writes. */
class SubscribedServer extends FakeServer {
  readonly streams: PushStream[] = [];
  cancelled = 0;

  constructor() {
    super({ answers: { "subscriptions/listen": () => this.begin() } });
  }

  say(text: string): void {
    this.streams.at(-1)?.write(Buffer.from(`data: ${text}\n\n`));
  }

  private begin(): Reply {
    const stream = new PushStream({ maxWaitingBytes: 1_000_000, onCancel: () => (this.cancelled += 1) });
    this.streams.push(stream);
    const params = { notifications: { toolsListChanged: true, resourceSubscriptions: ["file:///x"] } };
    this.say(JSON.stringify({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params }));
    return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), stream);
  }
}

const listening = {
  jsonrpc: "2.0",
  id: 1,
  method: "subscriptions/listen",
  params: {
    notifications: { toolsListChanged: true, resourceSubscriptions: ["a+file:///x"] },
    _meta: { [metaKeys.protocolVersion]: revision, [metaKeys.clientCapabilities]: {} },
  },
};
const options: RequestOptions = { headers: { "mcp-protocol-version": revision, "mcp-method": "subscriptions/listen" } };

function listen(rig: Rig): Promise<Answered> {
  return rig.post(listening, options);
}

test("a subscription that one target refuses is over at all of them, for good", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const a = new SubscribedServer();
  const b = new FakeServer({ answers: { "subscriptions/listen": () => Reply.text(500, "no") } });
  const refused = await listen(new Rig({ a, b }));
  assert.equal(refused.status, 503);
  assert.match(refused.text, /target \\"b\\": subscriptions\/listen was refused: HTTP status 500/);
  context.mock.timers.tick(120_000);
  await settle();
  assert.deepEqual([a.streams.length, a.cancelled], [1, 1]);
  assert.equal(b.methods.filter((method) => method === "subscriptions/listen").length, 1, "nobody listens any more");
});

test("a target that accepts when the subscription has failed already is let go of", async () => {
  const a = new SubscribedServer();
  const { send } = a;
  let accept = (): void => {};
  const late = new Promise<void>((resolve) => (accept = resolve));
  Object.assign(a, { send: (outgoing: Parameters<typeof send>[0]) => late.then(() => send(outgoing)) });
  const b = new FakeServer({ answers: { "subscriptions/listen": () => Reply.text(500, "no") } });
  assert.equal((await listen(new Rig({ a, b }))).status, 503);
  accept();
  await settle();
  assert.deepEqual([a.streams.length, a.cancelled], [1, 1]);
});

test("a notification that readers would disagree about is nobody's, and nothing is thrown at the target's stream", async () => {
  const a = new SubscribedServer();
  const b = new SubscribedServer();
  const rig = new Rig({ a, b });
  const stream = new OpenStream((await rig.send("POST", listening, options)).reply);
  await settle();
  assert.doesNotThrow(() =>
    a.say('{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///x","uri":"file:///y"}}'),
  );
  a.say('{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///x"}}');
  b.say('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
  await settle();
  assert.deepEqual(
    stream.messages.map(({ method }) => method),
    ["notifications/subscriptions/acknowledged", "notifications/resources/updated", "notifications/tools/list_changed"],
  );
  stream.close();
});
