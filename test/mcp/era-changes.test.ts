import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import { isReplyStream, Reply } from "../../src/contract/reply.ts";
import { readBody } from "../../src/mcp/read-body.ts";
import { askingServer, callStateless, statelessRequest, statelessServer, unsupported } from "./eras/asking-server.ts";
import { FakeServer, type Received, type RpcMessage, tools } from "./fake-server.ts";
import { type Answered, initialize, OpenStream, resultOf, Rig, type RigOptions, settle } from "./rig.ts";

/** What servers say of their era, what they may turn into, and clients with sessions at servers that have none. */

const errorOf = ({ messages, text }: Answered): { code: number; message: string } => {
  const error = messages.at(-1)?.error;
  assert.ok(error, text);
  return error;
};
const names = (answered: Answered): string[] => resultOf<{ tools: { name: string }[] }>(answered).tools.map(({ name }) => name);

/** A server that is updated, or put back, while the gateway runs. */
function changing(first: FakeServer): FakeServer & { become(next: FakeServer): void } {
  let now = first;
  return Object.assign(new FakeServer(), {
    send: (outgoing: Parameters<FakeServer["send"]>[0]) => now.send(outgoing),
    become(next: FakeServer) {
      now = next;
    },
  });
}

const oldServer = (): FakeServer => new FakeServer({ sessions: true, answers: { "tools/list": tools("from-old") } });
const newServer = (): FakeServer =>
  statelessServer({ "tools/list": { resultType: "complete", ttlMs: 5, cacheScope: "public", ...tools("from-new") } });

// shows: mcp-eras-change
describe("eras of servers", () => {
  const rigs: Rig[] = [];
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  before(() => process.on("unhandledRejection", onRejection));
  after(() => {
    for (const rig of rigs) rig.close();
    process.off("unhandledRejection", onRejection);
    assert.deepEqual(rejections, []);
  });

  function rigFor(server: FakeServer, options: RigOptions = {}): Rig {
    const rig = new Rig({ one: server }, options);
    rigs.push(rig);
    return rig;
  }

  const list = (rig: Rig): Promise<Answered> => callStateless(rig, "tools/list");

  test("a server that is updated, and put back, for clients without sessions: each request is answered", async () => {
    const server = changing(oldServer());
    const rig = rigFor(server);
    assert.deepEqual(names(await list(rig)), ["from-old"]);
    server.become(newServer());
    assert.deepEqual(names(await list(rig)), ["from-new"]);
    assert.deepEqual(names(await list(rig)), ["from-new"]);
    server.become(oldServer());
    assert.deepEqual(names(await list(rig)), ["from-old"]);
  });

  test("a server that gains sessions' successor keeps them for ten minutes, and is then asked again", async () => {
    const dual = (): FakeServer => {
      const old = oldServer();
      const { send } = old;
      const modern = newServer();
      return Object.assign(old, {
        send: (outgoing: Parameters<typeof send>[0]) =>
          outgoing.head.headers.get("mcp-protocol-version") === "2026-07-28" ? modern.send(outgoing) : send(outgoing),
      });
    };
    const server = changing(oldServer());
    const rig = rigFor(server);
    await list(rig);
    server.become(dual());
    assert.deepEqual(names(await list(rig)), ["from-old"]);
    rig.clock.now += 600_000;
    assert.deepEqual(names(await list(rig)), ["from-new"]);
  });

  test("a server that is updated, and put back, within a client's session", async () => {
    const server = changing(oldServer());
    const rig = rigFor(server);
    const session = await rig.open();
    const listed = (): Promise<Answered> => rig.call("tools/list", {}, { session });
    assert.deepEqual(names(await listed()), ["from-old"]);
    server.become(newServer());
    const updated = await listed();
    assert.deepEqual(names(updated), ["from-new"]);
    assert.deepEqual(Object.keys(resultOf<object>(updated)), ["tools"], "nothing of the other era is left in it");
    server.become(oldServer());
    assert.deepEqual(names(await listed()), ["from-old"]);
    server.become(newServer());
    assert.deepEqual(names(await listed()), ["from-new"]);
  });

  test("a refused login, or an outage, says nothing of the era, and the client hears of it", async () => {
    for (const status of [401, 403, 500, 503]) {
      const refusing = new FakeServer();
      const reply = (): Reply =>
        new Reply(
          status,
          new HeaderList(["content-type", "text/plain", "www-authenticate", 'Bearer resource_metadata="https://x.test/"']),
          "no",
        );
      const server = changing(Object.assign(refusing, { send: () => Promise.resolve(reply()) }));
      const rig = rigFor(server);
      const refused = await list(rig);
      assert.equal(refused.status, status);
      assert.equal(refused.headers.get("www-authenticate"), 'Bearer resource_metadata="https://x.test/"');
      server.become(newServer());
      assert.deepEqual(names(await list(rig)), ["from-new"]);
      // nor does one that comes after the era was known
      server.become(refusing);
      assert.equal((await list(rig)).status, status);
      server.become(newServer());
      assert.deepEqual(names(await list(rig)), ["from-new"]);
    }
  });

  test("a login that is asked for at the greeting reaches a client without sessions", async () => {
    const rig = rigFor(
      new FakeServer({
        sessions: true,
        answers: { initialize: () => new Reply(401, new HeaderList(["www-authenticate", "Bearer x"]), "") },
      }),
    );
    for (let round = 0; round < 2; round++) {
      const refused = await callStateless(rig, "tools/call", { name: "t" });
      assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, "Bearer x"]);
    }
  });

  test("a server that answers new requests in its old way", async () => {
    for (const events of [false, true]) {
      const server = new FakeServer({ events, answers: { "tools/list": tools("from-old") } });
      const rig = rigFor(server);
      const first = await list(rig);
      assert.deepEqual(resultOf(first), { resultType: "complete", ttlMs: 0, cacheScope: "private", ...tools("from-old") });
      await list(rig);
      assert.ok(server.methods.includes("initialize"), "from then on it is spoken to as it wants");
    }
  });

  test("one that asks its client on such a reply is told apart", async () => {
    const server = askingServer(async ({ ask }) => JSON.stringify((await ask("elicitation/create", { message: "m" })).result), {
      sessions: false,
    });
    const rig = rigFor(server);
    const first = await callStateless(rig, "tools/call", { name: "t" });
    assert.match(errorOf(first).message, /server-to-client/);
    const second = await callStateless(rig, "tools/call", { name: "t" });
    assert.equal(resultOf<{ resultType: string }>(second).resultType, "input_required");
  });

  test("what is about the session is answered by the gateway", async () => {
    const server = newServer();
    const rig = rigFor(server);
    const session = await rig.open();
    const before = server.received.length;
    assert.deepEqual(resultOf(await rig.call("ping", {}, { session })), {});
    assert.deepEqual(resultOf(await rig.call("logging/setLevel", { level: "debug" }, { session })), {});
    assert.deepEqual(resultOf(await rig.call("resources/subscribe", { uri: "a:b" }, { session })), {});
    assert.equal(server.received.length, before);
    await rig.call("tools/list", {}, { session });
    const params = server.received.at(-1)?.message?.params;
    assert.deepEqual(params?.["_meta"], {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": { sampling: {} },
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
      "io.modelcontextprotocol/logLevel": "debug",
    });
    for (const method of ["tasks/get", "tasks/list", "tasks/result", "tasks/cancel"]) {
      assert.equal(errorOf(await rig.call(method, { taskId: "t" }, { session })).code, -32601);
    }
  });

  const required = (inputRequests: unknown, requestState?: string): object => ({
    resultType: "input_required",
    inputRequests,
    requestState,
  });
  const elicitation = { method: "elicitation/create", params: { message: "m", requestedSchema: { type: "object", properties: {} } } };

  /** Calls a tool in a session and answers each question. */
  async function asked(rig: Rig, respond: (question: RpcMessage) => object): Promise<RpcMessage> {
    const session = await rig.open();
    const { reply } = await rig.send(
      "POST",
      { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "t", arguments: {} } },
      { session },
    );
    if (!isReplyStream(reply.body)) return JSON.parse((await readBody(reply.body, 1_000_000)).toString()) as RpcMessage;
    const stream = new OpenStream(reply);
    for (let seen = 0; seen < 100;) {
      await settle();
      const message = stream.messages[seen];
      if (message === undefined) assert.fail(`nothing more came: ${JSON.stringify(stream.messages)}`);
      seen += 1;
      if (message.method === undefined) return message;
      await rig.post({ jsonrpc: "2.0", id: message.id, ...respond(message) }, { session });
    }
    return assert.fail("it went on for ever");
  }

  test("a client's answers go back to the server, its refusals end the call", async () => {
    const seen: unknown[] = [];
    const answer = ({ message }: Received): object => {
      const { inputResponses, requestState } = message?.params ?? {};
      seen.push([inputResponses, requestState]);
      return inputResponses === undefined
        ? required({ a: elicitation, __proto__x: { method: "roots/list" } }, "st")
        : { resultType: "complete", content: [] };
    };
    const done = await asked(rigFor(statelessServer({ "tools/call": answer })), ({ method }) =>
      method === "roots/list" ? { result: { roots: [] } } : { result: { action: "decline" } },
    );
    assert.deepEqual(done, { jsonrpc: "2.0", id: 7, result: { content: [] } });
    assert.deepEqual(seen.at(-1), [{ a: { action: "decline" }, __proto__x: { roots: [] } }, "st"]);

    const refused = await asked(rigFor(statelessServer({ "tools/call": required({ a: elicitation }) })), () => ({
      error: { code: -32603, message: "nobody is at home" },
    }));
    assert.match(refused.error?.message ?? "", /target "one".*did not answer elicitation\/create: nobody is at home/);
    for (const response of [{}, { error: 5 }, { error: null }, { result: undefined }]) {
      const ended = await asked(rigFor(statelessServer({ "tools/call": required({ a: elicitation }) })), () => response).catch(
        () => undefined,
      );
      if (ended !== undefined) assert.ok(ended.error, JSON.stringify(response));
    }
  });

  test("a server that asks for ever is stopped, and so is one that asks what no client answers", async () => {
    const accept = (): object => ({ result: { action: "accept", content: {} } });
    const endless = await asked(
      rigFor(statelessServer({ "tools/call": required({ a: elicitation }, "s") }), { limits: { maxRounds: 3 } }),
      accept,
    );
    assert.match(endless.error?.message ?? "", /target "one".*more than 3 times/);
    const silent = await asked(rigFor(statelessServer({ "tools/call": required(undefined, "s") }), { limits: { maxRounds: 3 } }), accept);
    assert.match(silent.error?.message ?? "", /more than 3 times/);
    const other = await asked(rigFor(statelessServer({ "tools/call": required({ a: { method: "tasks/list" } }) })), accept);
    assert.match(other.error?.message ?? "", /tasks\/list/);
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`q${at}`, elicitation]));
    assert.match((await asked(rigFor(statelessServer({ "tools/call": required(many) })), accept)).error?.message ?? "", /65 things/);
  });

  test("a client that leaves, its stream begun or not, ends the call at the server", async () => {
    for (const begun of [true, false]) {
      const upstream = new PushStream({ maxWaitingBytes: 10_000 });
      const server = statelessServer({ "tools/call": new Reply(200, new HeaderList(["content-type", "text/event-stream"]), upstream) });
      const rig = rigFor(server);
      const session = await rig.open();
      const leaving = new AbortController();
      const sent = rig.send(
        "POST",
        { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "t" } },
        { session, signal: leaving.signal },
      );
      if (begun) {
        upstream.write(Buffer.from('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}\n\n'));
        new OpenStream((await sent).reply).close();
      } else {
        await settle();
        leaving.abort();
        await sent;
      }
      await settle();
      assert.equal(server.received.at(-1)?.message?.method, "tools/call");
      assert.equal(upstream.writable, false, `begun: ${begun}`);
    }
  });

  test("an HTTP error in the middle of a call, and garbage, are errors of that call", async () => {
    for (const second of [
      (): Reply => Reply.text(500, "broken"),
      (): Reply => Reply.text(200, "not json"),
      (): Reply => Reply.json(200, { resultType: 5 }),
      (): Reply => Reply.json(200, { jsonrpc: "2.0", id: 7 }),
      (): Reply => new Reply(200, new HeaderList(["content-type", "text/event-stream"]), "data: 5\n\ndata: {\n\n"),
    ]) {
      const answer = ({ message }: Received): unknown =>
        message?.params?.["inputResponses"] === undefined ? required({ a: elicitation }) : second();
      const ended = await asked(rigFor(statelessServer({ "tools/call": answer })), () => ({ result: { action: "cancel" } }));
      assert.equal(ended.id, 7);
      assert.match(ended.error?.message ?? "", /target "one"/);
    }
  });

  test("a target's garbage in answer to a greeting is an error that names it", async () => {
    for (const reply of [
      (): Reply => Reply.text(200, "not json"),
      (): Reply => Reply.json(200, [1]),
      (): Reply => Reply.json(200, { jsonrpc: "2.0", id: 1, result: { resultType: "complete" } }),
      (): Reply => new Reply(200, new HeaderList(["content-type", "text/event-stream"]), "data: x\n\n"),
    ]) {
      const rig = rigFor(Object.assign(new FakeServer(), { send: () => Promise.resolve(reply()) }));
      const opened = await rig.post(initialize());
      assert.ok(
        opened.status >= 500
          ? errorOf(opened).message.includes('"one"')
          : opened.headers.get("mcp-session-id") === undefined || opened.text !== "",
        opened.text,
      );
      const refusing = statelessServer({ "server/discover": reply });
      const second = await rigFor(refusing).post(initialize());
      assert.equal(second.headers.get("mcp-session-id"), undefined);
      assert.equal(errorOf(second).code, -32022, "the server's own words");
    }
    assert.equal(unsupported().status, 400);
  });
});

describe("requests without a session: statuses and codes", () => {
  const rig = new Rig({ one: newServer() });
  const other = new Rig({ one: oldServer() });
  after(() => {
    rig.close();
    other.close();
  });

  const cases: readonly [string, () => Promise<Answered>, number, number | undefined][] = [
    ["an unknown version", () => callStateless(rig, "tools/list", {}, { headers: { "mcp-protocol-version": "2099-01-01" } }), 400, -32022],
    [
      "a version that the body does not repeat",
      () => callStateless(rig, "tools/list", {}, { meta: { "io.modelcontextprotocol/protocolVersion": "2025-11-25" } }),
      400,
      -32020,
    ],
    [
      "no version in the body",
      () =>
        rig.post(
          { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} },
          { headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" } },
        ),
      400,
      -32602,
    ],
    ["another method in the field", () => callStateless(rig, "tools/list", {}, { headers: { "mcp-method": "tools/call" } }), 400, -32020],
    ["another name in the field", () => callStateless(rig, "tools/call", { name: "a" }, { headers: { "mcp-name": "b" } }), 400, -32020],
    ["a session id", () => callStateless(rig, "tools/list", {}, { session: "x" }), 400, undefined],
    [
      "jsonrpc 1.0",
      () => {
        const [message, options] = statelessRequest("tools/list");
        return rig.post({ ...(message as object), jsonrpc: "1.0" }, options);
      },
      400,
      undefined,
    ],
    ["params of a wrong shape", () => callStateless(rig, "tools/call", { name: 5 }), 400, -32602],
    ["GET", () => rig.request("GET", undefined, { headers: { "mcp-protocol-version": "2026-07-28" } }), 405, undefined],
    ["DELETE", () => rig.request("DELETE", undefined, { headers: { "mcp-protocol-version": "2026-07-28" } }), 405, undefined],
    [
      "a response",
      () => rig.post({ jsonrpc: "2.0", id: 1, result: {} }, { headers: { "mcp-protocol-version": "2026-07-28" } }),
      400,
      undefined,
    ],
    [
      "a notification",
      () => rig.post({ jsonrpc: "2.0", method: "notifications/cancelled" }, { headers: { "mcp-protocol-version": "2026-07-28" } }),
      202,
      undefined,
    ],
    ["a filter that is none", () => callStateless(other, "subscriptions/listen", { notifications: 5 }), 400, -32602],
    ...["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/list", "unknown/method"].map(
      (method): (typeof cases)[number] => [`the method ${method}`, () => callStateless(rig, method, {}), 404, -32601],
    ),
  ];
  for (const [what, send, status, code] of cases) {
    test(what, async () => {
      const answered = await send();
      assert.equal(answered.status, status, answered.text);
      if (code !== undefined) assert.equal(errorOf(answered).code, code, answered.text);
    });
  }
});
