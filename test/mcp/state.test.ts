import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { GatewayError } from "../../src/contract/errors.ts";
import { Reply } from "../../src/contract/reply.ts";
import { ConfigError } from "../../src/config/issues.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { FakeServer, type FakeServerOptions, type Received, tools } from "./fake-server.ts";
import { startPetstore, petstoreYaml } from "./petstore.ts";
import { initialize, OpenStream, resultOf, Rig, type RigOptions, settle } from "./rig.ts";

const alice = { jwt: { claims: { iss: "https://issuer", sub: "alice" }, token: "t" } };
const bob = { jwt: { claims: { iss: "https://issuer", sub: "bob" }, token: "t" } };

/** Two gateways that know nothing of each other but the key, in front of the same servers. */
function replicas(servers: Record<string, FakeServer>, options: RigOptions = {}): [Rig, Rig] {
  const sessionKey = randomBytes(32);
  return [new Rig(servers, { sessionKey, ...options }), new Rig(servers, { sessionKey, ...options })];
}

const toolNames = (answered: Parameters<typeof resultOf>[0]): string[] =>
  resultOf<{ tools: { name: string }[] }>(answered).tools.map(({ name }) => name);

// sessions that go from one process to another

test("a session begun on one gateway goes on at another, in the servers' same sessions", async () => {
  const a = new FakeServer({ sessions: true, answers: { "tools/list": tools("x") } });
  const b = new FakeServer({ sessions: true, answers: { "tools/list": tools("y") } });
  const [one, other] = replicas({ a, b });
  const session = await one.open();
  assert.match(session, /^[\w-]{24,4096}$/);
  assert.deepEqual(toolNames(await other.call("tools/list", {}, { session })), ["a_x", "b_y"]);
  assert.equal((await other.call("tools/call", { name: "b_y" }, { session })).status, 200);
  for (const server of [a, b]) {
    assert.equal(server.methods.filter((method) => method === "initialize").length, 1, "nobody is greeted again");
    const last = server.received.at(-1);
    assert.equal(last?.headers.get("mcp-session-id"), "upstream-1");
    assert.equal(last?.headers.get("mcp-protocol-version"), "2025-06-18");
  }
  assert.equal((await one.call("tools/list", {}, { session })).status, 200, "and at the first one too");
});

test("a session is opened from its id once, then known", async () => {
  const [one, other] = replicas({ a: new FakeServer({ sessions: true }) });
  const session = await one.open();
  const pings = await Promise.all([1, 2, 3].map(() => other.call("ping", {}, { session })));
  assert.deepEqual(
    pings.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(other.sessions.size, 1);
});

test("a gateway that comes back with the same key knows its clients, one with another key does not", async () => {
  const server = new FakeServer({ sessions: true });
  const sessionKey = randomBytes(32);
  const before = new Rig({ a: server }, { sessionKey });
  const session = await before.open();
  before.close();
  assert.equal((await new Rig({ a: server }, { sessionKey }).call("ping", {}, { session })).status, 200);
  for (const options of [{ sessionKey: randomBytes(32) }, {}]) {
    assert.equal((await new Rig({ a: server }, options).call("ping", {}, { session })).status, 404);
  }
});

test("a session of one gateway is greeted again by another when its server has forgotten it", async () => {
  const server = new FakeServer({ sessions: true });
  const [one, other] = replicas({ a: server });
  const session = await one.open();
  server.sessions.clear();
  assert.equal((await other.call("tools/call", { name: "x" }, { session })).status, 200);
  assert.deepEqual(server.methods.slice(-3), ["initialize", "notifications/initialized", "tools/call"]);
  const greeting = server.received.findLast(({ message }) => message?.method === "initialize");
  assert.deepEqual(greeting?.message?.params, (initialize() as { params: unknown }).params, "with the client's own words");
});

test("a client that says it is ready at another gateway is heard there", async () => {
  const server = new FakeServer({ sessions: true });
  const [one, other] = replicas({ a: server });
  const session = (await one.post(initialize())).headers.get("mcp-session-id");
  assert.equal((await other.post({ jsonrpc: "2.0", method: "notifications/initialized" }, { session })).status, 202);
  assert.deepEqual(server.methods, ["initialize", "notifications/initialized"]);
});

test("a target that was down when the session was opened is greeted by whichever gateway meets it first", async () => {
  const late = new FakeServer({ sessions: true, answers: { "tools/list": tools("y") } });
  const { send } = late;
  let up = false;
  Object.assign(late, { send: (outgoing: Parameters<typeof send>[0]) => (up ? send(outgoing) : Promise.reject(new Error("down"))) });
  const a = new FakeServer({ sessions: true, answers: { "tools/list": tools("x") } });
  const [one, other] = replicas({ a, late }, { failureMode: "failOpen" });
  const session = await one.open();
  up = true;
  assert.deepEqual(toolNames(await other.call("tools/list", {}, { session })), ["a_x", "late_y"]);
});

test("an id is its caller's at every gateway; an anonymous one becomes the first caller's there", async () => {
  const [one, other] = replicas({ a: new FakeServer() });
  const session = await one.open({ identity: alice });
  for (const identity of [bob, undefined]) {
    assert.equal((await other.call("ping", {}, { session, ...(identity === undefined ? {} : { identity }) })).status, 404);
  }
  assert.equal((await other.call("ping", {}, { session, identity: alice })).status, 200);
  const anonymous = await one.open();
  assert.equal((await other.call("ping", {}, { session: anonymous, identity: bob })).status, 200);
  assert.equal((await other.call("ping", {}, { session: anonymous, identity: alice })).status, 404);
});

test("an id belongs to its backend, and to that set of targets", async () => {
  const sessionKey = randomBytes(32);
  const a = new FakeServer();
  const b = new FakeServer();
  const session = await new Rig({ a, b }, { sessionKey }).open();
  const received = a.received.length;
  for (const rig of [
    new Rig({ a, b }, { sessionKey, name: "mcp:other" }),
    new Rig({ a }, { sessionKey }),
    new Rig({ a, b, c: new FakeServer() }, { sessionKey }),
    new Rig({ a, c: b }, { sessionKey }),
  ]) {
    assert.equal((await rig.call("ping", {}, { session })).status, 404);
  }
  assert.equal(a.received.length, received);
  assert.equal((await new Rig({ b, a }, { sessionKey }).call("ping", {}, { session })).status, 200, "their order does not matter");
});

test("a server's session id does not go to a server that has taken its place", async () => {
  const sessionKey = randomBytes(32);
  const session = await new Rig({ a: new FakeServer({ sessions: true }) }, { sessionKey }).open();
  const successor = new FakeServer({ sessions: true });
  const moved = { kind: "http", name: "a", scheme: "http", authority: "elsewhere.test", path: "/mcp", send: successor.send } as const;
  assert.equal((await new Rig({ a: moved }, { sessionKey }).call("ping", {}, { session })).status, 200);
  assert.deepEqual(successor.methods, ["initialize", "notifications/initialized", "ping"]);
  assert.equal(successor.received[0]?.headers.get("mcp-session-id"), undefined);
});

test("DELETE ends a session at the servers from whichever gateway, and for good at that one", async () => {
  const server = new FakeServer({ sessions: true });
  const [one, other] = replicas({ a: server });
  const session = await one.open();
  assert.equal((await other.request("DELETE", undefined, { session })).status, 202);
  assert.equal(server.sessions.size, 0);
  assert.equal((await other.call("ping", {}, { session })).status, 404);
  const second = await one.open();
  await one.request("DELETE", undefined, { session: second });
  assert.equal((await one.call("ping", {}, { session: second })).status, 404);
});

test("a session that was idle for too long is over, though its id could bring it back; one that made room is not", async () => {
  const server = new FakeServer({ sessions: true });
  const rig = new Rig({ a: server });
  const idle = await rig.open();
  rig.clock.now += 1_000;
  rig.sessions.reap();
  assert.equal((await rig.call("ping", {}, { session: idle })).status, 404);
  const first = await rig.open();
  for (let i = 0; i < 100; i++) await rig.open();
  assert.equal((await rig.call("ping", {}, { session: first })).status, 200);
});

test("an id of more than a week brings no session back", async () => {
  const [one, other] = replicas({ a: new FakeServer() });
  const session = await one.open();
  other.clock.now += 7 * 24 * 3_600_000 + 1;
  assert.equal((await other.call("ping", {}, { session })).status, 404);
});

test("a changed id is nobody's, also while its session is known", async () => {
  const [one, other] = replicas({ a: new FakeServer() });
  const session = await one.open();
  const last = session.at(-1) === "A" ? "B" : "A";
  for (const changed of [session.slice(0, -1) + last, session.slice(0, -1), `${session}A`, session.slice(0, 16)]) {
    for (const rig of [one, other]) assert.equal((await rig.call("ping", {}, { session: changed })).status, 404);
  }
  assert.equal((await one.call("ping", {}, { session: "x".repeat(4_097) })).status, 400);
});

test("a client that says more in its initialize than an id can hold gets a session of that process", async () => {
  const [one, other] = replicas({ a: new FakeServer() });
  const opened = await one.post(initialize({ capabilities: { experimental: { note: "x".repeat(5_000) } } }));
  const session = opened.headers.get("mcp-session-id");
  assert.match(session ?? "", /^[\w-]{24}$/);
  assert.equal((await one.call("ping", {}, { session })).status, 200);
  assert.equal((await other.call("ping", {}, { session })).status, 404);
});

test("the key is config.session.key, or SESSION_KEY in the environment, which comes first", async (t) => {
  const petstore = await startPetstore();
  const gateways: TestGateway[] = [];
  t.after(async () => {
    for (const gateway of gateways) await gateway.close();
    await petstore.close();
  });
  const [key, otherKey] = ["ab".repeat(32), "cd".repeat(32)];
  const start = async (configured: string | undefined, environment: Record<string, string> = {}): Promise<TestGateway> => {
    const schema = JSON.stringify(petstoreYaml.replaceAll("$", "$$$$"));
    const session = configured === undefined ? "" : `config: {session: {key: ${configured}}}\n`;
    const mcp = `mcp:\n  port: 0\n  targets: [{name: pets, openapi: {schema: ${schema}, host: "127.0.0.1:${petstore.port}"}}]\n`;
    const gateway = await startTestGateway(session + mcp, environment);
    gateways.push(gateway);
    return gateway;
  };
  const post = (gateway: TestGateway, message: unknown, session?: string): Promise<Response> =>
    fetch(`${gateway.url()}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...(session === undefined ? {} : { "mcp-session-id": session }),
      },
      body: JSON.stringify(message),
    });
  const session = (await post(await start(key), initialize())).headers.get("mcp-session-id") ?? "";
  const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const statuses: number[] = [];
  for (const gateway of [
    await start(undefined, { SESSION_KEY: key }),
    await start(otherKey, { SESSION_KEY: key }),
    await start(otherKey),
  ]) {
    statuses.push((await post(gateway, list, session)).status);
  }
  assert.deepEqual(statuses, [200, 200, 404]);
  await assert.rejects(start(undefined, { SESSION_KEY: "hush" }), (thrown) => {
    assert.ok(thrown instanceof ConfigError);
    const text = JSON.stringify(thrown.issues);
    assert.match(text, /SESSION_KEY must be 64 hexadecimal digits/);
    assert.doesNotMatch(text, /hush/);
    return true;
  });
});

// servers that come back

test("a server that starts anew is told the log level and the subscriptions again", async () => {
  const capabilities = { logging: {}, resources: { subscribe: true } };
  const answers = { "logging/setLevel": {}, "resources/subscribe": {}, "resources/unsubscribe": {}, "resources/read": { contents: [] } };
  const a = new FakeServer({ sessions: true, capabilities, answers });
  const rig = new Rig({ a, b: new FakeServer({ sessions: true }) });
  const session = await rig.open();
  await rig.call("logging/setLevel", { level: "error" }, { session });
  for (const uri of ["a+memo://1", "a+memo://2"]) await rig.call("resources/subscribe", { uri }, { session });
  await rig.call("resources/unsubscribe", { uri: "a+memo://1" }, { session });
  a.sessions.clear();
  const before = a.received.length;
  assert.equal((await rig.call("resources/read", { uri: "a+memo://2" }, { session })).status, 200);
  const said = a.received.slice(before).map(({ message }) => [message?.method, message?.params]);
  assert.deepEqual(said.slice(2), [
    ["notifications/initialized", undefined],
    ["logging/setLevel", { level: "error" }],
    ["resources/subscribe", { uri: "memo://2" }],
    ["resources/read", { uri: "memo://2" }],
  ]);
});

test("a server that does not take up a subscription again serves the call all the same, and the log says what is missing", async () => {
  let restarted = false;
  const a = new FakeServer({
    sessions: true,
    capabilities: { tools: {}, resources: {} },
    answers: {
      "resources/subscribe": () => (restarted ? undefined : {}),
      "logging/setLevel": () => (restarted ? new Promise(() => {}) : {}),
    },
  });
  const rig = new Rig({ a }, { limits: { shortDeadlineMs: 20 } });
  const session = await rig.open();
  await rig.call("resources/subscribe", { uri: "memo://1" }, { session });
  await rig.call("logging/setLevel", { level: "info" }, { session });
  restarted = true;
  a.sessions.clear();
  assert.equal((await rig.call("tools/call", { name: "x" }, { session })).status, 200);
  const warnings = rig.log.filter((line) => line.includes("did not take up again"));
  assert.equal(warnings.length, 2, rig.log.join("\n"));
  assert.match(warnings.join(), /resources\/subscribe.*method not found/);
  assert.match(warnings.join(), /logging\/setLevel.*no answer within 20 ms/);
});

// targets that come and go

/** A server that can be taken down. */
class FlappingServer extends FakeServer {
  down = false;
  /** Requests that met nobody. */
  missed = 0;

  constructor(options: FakeServerOptions) {
    super(options);
    const { send } = this;
    Object.assign(this, {
      send: (outgoing: Parameters<typeof send>[0]) => {
        if (!this.down) return send(outgoing);
        this.missed += 1;
        return Promise.reject(new GatewayError("upstream_failed", { detail: "connection refused" }));
      },
    });
  }
}

const staleIn = (answered: Parameters<typeof resultOf>[0]): unknown =>
  resultOf<{ _meta?: Record<string, unknown> }>(answered)._meta?.["turnpike/stale"];

test("failOpen: while a target is out its last list is shown, and says that it is an old one", async () => {
  const flapping = new FlappingServer({ answers: { "tools/list": tools("y") } });
  const rig = new Rig(
    { a: new FakeServer({ answers: { "tools/list": tools("x") } }), flapping },
    { failureMode: "failOpen", sessionTtlMs: 3_600_000 },
  );
  const session = await rig.open();
  const list = () => rig.call("tools/list", {}, { session });
  const fresh = await list();
  assert.deepEqual([toolNames(fresh), staleIn(fresh)], [["a_x", "flapping_y"], undefined]);
  flapping.down = true;
  for (let i = 0; i < 5; i++) {
    const old = await list();
    assert.deepEqual([toolNames(old), staleIn(old)], [["a_x", "flapping_y"], ["flapping"]]);
  }
  const failed = await rig.call("tools/call", { name: "flapping_y" }, { session });
  assert.equal(failed.messages[0]?.error?.message, 'failed to send message: target "flapping": upstream call failed: connection refused');
  rig.clock.now += 600_001;
  assert.deepEqual(toolNames(await list()), ["a_x"], "not for ever");
  flapping.down = false;
  rig.clock.now += 60_000;
  const back = await list();
  assert.deepEqual([toolNames(back), staleIn(back)], [["a_x", "flapping_y"], undefined]);
});

test("failOpen: nobody is shown a list that somebody else was shown", async () => {
  const flapping = new FlappingServer({ answers: { "tools/list": tools("y") } });
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/list": tools("x") } }), flapping }, { failureMode: "failOpen" });
  await rig.call("tools/list", {}, { session: await rig.open({ identity: alice }), identity: alice });
  const session = await rig.open({ identity: bob });
  flapping.down = true;
  assert.deepEqual(toolNames(await rig.call("tools/list", {}, { session, identity: bob })), ["a_x"]);
});

test("failOpen: a target that keeps failing is not asked on each list, and the log is not told each time", async () => {
  const flapping = new FlappingServer({ answers: { "tools/list": tools("y") } });
  const rig = new Rig(
    { a: new FakeServer({ answers: { "tools/list": tools("x") } }), flapping },
    { failureMode: "failOpen", sessionTtlMs: 3_600_000 },
  );
  flapping.down = true;
  const session = await rig.open();
  for (let i = 0; i < 20; i++) assert.deepEqual(toolNames(await rig.call("tools/list", {}, { session })), ["a_x"]);
  const limit = flapping.missed;
  assert.ok(limit < 10, `${limit} requests`);
  assert.equal(rig.log.filter((line) => line.includes("left out")).length, 1);
  rig.clock.now += 1_000;
  await Promise.all([1, 2, 3].map((id) => rig.post({ jsonrpc: "2.0", id, method: "tools/list" }, { session })));
  assert.equal(flapping.missed, limit + 1, "one tries it after the pause");
  flapping.down = false;
  rig.clock.now += 2_000;
  assert.deepEqual(toolNames(await rig.call("tools/list", {}, { session })), ["a_x", "flapping_y"]);
  assert.ok(
    rig.log.some((line) => line.includes("mcp target is back")),
    rig.log.join("\n"),
  );
});

test("failOpen: a caller whom a target refuses takes it from nobody else", async () => {
  const picky = new FakeServer({
    answers: { "tools/list": ({ headers }: Received) => (headers.get("x-team") === "in" ? tools("y") : Reply.text(401, "who are you")) },
  });
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/list": tools("x") } }), picky }, { failureMode: "failOpen" });
  const session = await rig.open();
  for (let i = 0; i < 10; i++) assert.deepEqual(toolNames(await rig.call("tools/list", {}, { session })), ["a_x"]);
  assert.deepEqual(toolNames(await rig.call("tools/list", {}, { session, headers: { "x-team": "in" } })), ["a_x", "picky_y"]);
});

test("failOpen: a target that hangs costs half its deadline when there is a list to show, and soon nothing", async () => {
  let hangs = false;
  const slow = new FakeServer({ answers: { "tools/list": () => (hangs ? new Promise(() => {}) : tools("y")) } });
  const rig = new Rig(
    { a: new FakeServer({ answers: { "tools/list": tools("x") } }), slow },
    { failureMode: "failOpen", limits: { openDeadlineMs: 60, shortDeadlineMs: 60 } },
  );
  const session = await rig.open();
  const list = () => rig.call("tools/list", {}, { session });
  await list();
  hangs = true;
  for (let i = 0; i < 8; i++) assert.deepEqual(toolNames(await list()), ["a_x", "slow_y"]);
  assert.equal(slow.methods.filter((method) => method === "tools/list").length, 1 + 3, "after three it is left alone");
});

test("failClosed: a target that is down is named, on each list, and asked each time", async () => {
  const flapping = new FlappingServer({ answers: { "tools/list": tools("y") } });
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/list": tools("x") } }), flapping });
  const session = await rig.open();
  await rig.call("tools/list", {}, { session });
  flapping.down = true;
  for (let i = 0; i < 5; i++) {
    const { status, messages } = await rig.call("tools/list", {}, { session });
    assert.equal(status, 500);
    assert.match(messages[0]?.error?.message ?? "", /target "flapping": upstream call failed: connection refused/);
  }
  flapping.down = false;
  assert.deepEqual(toolNames(await rig.call("tools/list", {}, { session })), ["a_x", "flapping_y"]);
});

// changes of lists

const changedTools = { jsonrpc: "2.0", method: "notifications/tools/list_changed" };

async function listening(rig: Rig, session: string): Promise<OpenStream> {
  return new OpenStream((await rig.send("GET", undefined, { session })).reply);
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("a storm of changes is told twice: at once, and when the window is over", async () => {
  const a = new FakeServer();
  const b = new FakeServer();
  const rig = new Rig({ a, b }, { limits: { changeWindowMs: 20 } });
  const stream = await listening(rig, await rig.open());
  for (let i = 0; i < 50; i++) {
    a.push(changedTools);
    b.push(changedTools);
  }
  a.push({ jsonrpc: "2.0", method: "notifications/prompts/list_changed" });
  await settle();
  assert.deepEqual(
    stream.messages.map(({ method }) => method),
    ["notifications/tools/list_changed", "notifications/prompts/list_changed"],
    "other kinds do not wait",
  );
  await wait(40);
  assert.deepEqual(stream.messages.slice(2), [changedTools]);
  stream.close();
});

test("a client is not told of a change that leaves what it was shown as it is", async () => {
  let offered = tools("x");
  const a = new FakeServer({ answers: { "tools/list": () => offered } });
  const rig = new Rig({ a, b: new FakeServer({ answers: { "tools/list": tools("y") } }) }, { limits: { changeWindowMs: 0 } });
  const session = await rig.open();
  const stream = await listening(rig, session);
  await rig.call("tools/list", {}, { session });
  a.push(changedTools);
  await settle();
  assert.deepEqual(stream.messages, []);
  offered = tools("x", "z");
  a.push(changedTools);
  await settle();
  assert.deepEqual(stream.messages, [changedTools]);
  a.push(changedTools);
  await settle();
  assert.equal(stream.messages.length, 1, "that one it knows of");
  offered = { tools: [{ name: "x", inputSchema: { type: "string" } }] };
  a.push(changedTools);
  await settle();
  assert.equal(stream.messages.length, 2, "a schema counts as much as a name");
  stream.close();
});

test("a change on a later page is told too, and so is one that cannot be looked at", async () => {
  let second = tools("y");
  let broken = false;
  const a = new FakeServer({
    answers: {
      "tools/list": ({ message }: Received) => {
        if (broken) return Reply.text(500, "no");
        return message?.params?.["cursor"] === "2" ? second : { ...tools("x"), nextCursor: "2" };
      },
    },
  });
  const rig = new Rig({ a, b: new FakeServer() }, { limits: { changeWindowMs: 0 } });
  const session = await rig.open();
  const stream = await listening(rig, session);
  await rig.call("tools/list", {}, { session });
  a.push(changedTools);
  await settle();
  assert.equal(stream.messages.length, 0);
  second = tools("z");
  a.push(changedTools);
  await settle();
  assert.equal(stream.messages.length, 1);
  broken = true;
  a.push(changedTools);
  await settle();
  assert.equal(stream.messages.length, 2);
  stream.close();
});

test("a server that starts anew with the same tools changes nothing for the client; one that joins late does", async () => {
  const a = new FakeServer({ sessions: true, answers: { "tools/list": tools("x") } });
  const late = new FlappingServer({ answers: { "tools/list": tools("y") } });
  late.down = true;
  const rig = new Rig({ a, late }, { failureMode: "failOpen", limits: { changeWindowMs: 0 } });
  const session = await rig.open();
  const stream = await listening(rig, session);
  await rig.call("tools/list", {}, { session });
  a.sessions.clear();
  assert.equal((await rig.call("tools/call", { name: "a_x" }, { session })).status, 200);
  await settle();
  assert.deepEqual(stream.messages, []);
  late.down = false;
  await rig.call("tools/call", { name: "late_y" }, { session });
  await settle();
  assert.deepEqual(stream.messages, [changedTools]);
  stream.close();
});
