import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { McpTargetSettings } from "../../src/mcp/settings.ts";
import { spawnProcessGroup } from "../../src/mcp/upstream/spawn-process.ts";
import { readBody } from "../../src/mcp/read-body.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { HostileServer, type HostileOptions, misdeeds } from "./hostile-server.ts";
import { type Answered, initialize, resultOf, Rig } from "./rig.ts";

/** Servers and clients that do everything wrong: the others must not notice, and who meets them is told whose fault it is. */

const hostileScript = fileURLToPath(new URL("hostile-stdio.ts", import.meta.url));
const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing) await close();
});

/** Milliseconds; short, as nobody here is worth waiting for. */
const limits = {
  openDeadlineMs: 1_200,
  shortDeadlineMs: 150,
  closedDeadlineMs: 1_500,
  streamGraceMs: 100,
  maxMessageBytes: 4_000_000,
  maxWaitingBytes: 200_000,
  killAfterMs: 200,
};
/** Milliseconds that anything about a good server may take: the deadlines of a greeting and a list, and a busy machine. */
const patienceMs = 5_000;

async function server(options: HostileOptions): Promise<HostileServer> {
  const started = await new HostileServer(options).listen();
  closing.push(() => started.close());
  return started;
}

function rig(servers: Readonly<Record<string, HostileServer | McpTargetSettings>>, failureMode: "failOpen" | "failClosed"): Rig {
  const targets = Object.entries(servers).map(([name, one]) => [name, one instanceof HostileServer ? one.target(name) : one]);
  const made = new Rig(Object.fromEntries(targets) as Record<string, McpTargetSettings>, { failureMode, limits, spawn: spawnProcessGroup });
  closing.push(() => made.close());
  return made;
}

const good: HostileOptions = { misdeed: undefined, polite: true };

/** The result of some work, which must be done in time. */
async function inTime<T>(what: string, work: Promise<T>, limitMs = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limitMs} ms`)), limitMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!holds()) {
    assert.ok(performance.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const textOf = (answered: Answered): string => resultOf<{ content: { text: string }[] }>(answered).content[0]?.text ?? "";
const namesIn = (answered: Answered): string[] => resultOf<{ tools: { name: string }[] }>(answered).tools.map(({ name }) => name);

/** Uses the good targets; fails the test when they are disturbed. */
async function useTheGood(one: Rig, session: string): Promise<void> {
  const started = performance.now();
  const list = await inTime("the list", one.call("tools/list", {}, { session }));
  const names = namesIn(list);
  assert.ok(names.includes("one_good") && names.includes("two_good"), names.join());
  const call = (name: string): Promise<Answered> => one.call("tools/call", { name, arguments: {} }, { session });
  for (const answered of await inTime("calls", Promise.all([call("one_good"), call("two_good")]))) assert.equal(textOf(answered), "done");
  assert.ok(performance.now() - started < patienceMs);
}

// shows: mcp-hostile-open
describe("a target that misbehaves, failOpen", { concurrency: 20 }, () => {
  for (const [name, misdeed] of Object.entries(misdeeds)) {
    for (const polite of [false, true]) {
      test(`${name}${polite ? ", after a good greeting" : ""}`, async () => {
        const bad = await server({ misdeed, polite });
        const one = rig({ one: await server(good), bad, two: await server(good) }, "failOpen");
        const session = await inTime("initialize", one.open());
        for (let i = 0; i < 2; i++) await useTheGood(one, session);
        const isTheirs = (polite ? callIsTheirs : greetingIsTheirs).has(name);
        const error = await callTheBad(one, session, isTheirs ? 600 : 10_000);
        if (!isTheirs) assert.match(error ?? "none", /target \\"bad\\": ./);
        await useTheGood(one, session);
        await inTime("the end", one.request("DELETE", undefined, { session }));
        await until("nobody reads on", () => bad.underWay === 0);
      });
    }
  }
});

/** Where a target's caller is left to what the target says, or to a patience of its own. */
const callIsTheirs: ReadonlySet<string> = new Set([
  "never answers",
  "sends a head of JSON and hangs",
  "sends a head of events and hangs",
  "speaks slower than anybody waits",
  "floods with notifications",
  "sends an error without end",
  "answers neither way",
  "results in a number",
  "lists a text",
  "lists numbers",
  "pages for ever",
  "answers somebody else",
  "fails in other types",
]);
/** What passes for a greeting. */
const greetingIsTheirs: ReadonlySet<string> = new Set(["lists a text", "lists numbers", "pages for ever", "answers somebody else"]);
/** What passes for a list. */
const listIsTheirs: ReadonlySet<string> = new Set(["lists numbers", "pages for ever", "answers somebody else"]);

// shows: mcp-hostile-closed
describe("a target that misbehaves, failClosed", { concurrency: 12 }, () => {
  for (const [name, misdeed] of Object.entries(misdeeds)) {
    if (!greetingIsTheirs.has(name)) {
      test(name, async () => {
        const bad = await server({ misdeed, polite: false });
        const one = rig({ one: await server(good), bad }, "failClosed");
        const answered = await inTime("initialize", one.post(initialize()));
        assert.match(answered.messages.at(-1)?.error?.message ?? answered.text, /target "bad": ./);
        await until("nobody reads on", () => bad.underWay === 0);
      });
    }
    if (!listIsTheirs.has(name)) {
      test(`${name}, after a good greeting`, async () => {
        const bad = await server({ misdeed, polite: true });
        const one = rig({ one: await server(good), bad }, "failClosed");
        const session = await inTime("initialize", one.open());
        const answered = await inTime("the list", one.call("tools/list", {}, { session }));
        assert.match(answered.messages.at(-1)?.error?.message ?? answered.text, /target "bad": ./);
        const call = one.call("tools/call", { name: "one_good", arguments: {} }, { session });
        assert.equal(textOf(await inTime("a good call", call)), "done");
        await until("nobody reads on", () => bad.underWay === 0);
      });
    }
  }
});

test("a target that speaks byte by byte is as good as the others", async () => {
  const slow = await server({ ...good, byteMs: 1 });
  const one = rig({ one: await server(good), slow, two: await server(good) }, "failOpen");
  const session = await one.open();
  await useTheGood(one, session);
  await until("it has answered", () => slow.underWay === 0);
  const answered = await inTime("its call", one.call("tools/call", { name: "slow_good", arguments: {} }, { session }));
  assert.equal(textOf(answered), "done");
});

// shows: mcp-hostile-process
describe("a child process that misbehaves, failOpen", { concurrency: 14 }, () => {
  const ways = [
    "says nothing",
    "answers somebody else",
    "answers in a batch",
    "writes what is no message",
    "writes a line without end",
    "floods with notifications",
    "floods with requests",
    "floods unasked and does not read",
    "floods its errors",
    "dies",
    "closes its output",
    "dies at once",
    "dies every second",
    "does not read",
    "speaks byte by byte",
  ];
  for (const way of ways) {
    for (const politely of way.startsWith("d") || way.startsWith("speaks") ? [false] : [false, true]) {
      test(`${way}${politely ? ", after a good greeting" : ""}`, async () => {
        const args = [hostileScript, way, ...(politely ? ["politely"] : [])];
        const bad: McpTargetSettings = { kind: "stdio", name: "bad", command: process.execPath, args, env: {}, clearEnv: false };
        const one = rig({ one: await server(good), bad, two: await server(good) }, "failOpen");
        const session = await inTime("initialize", one.open());
        for (let i = 0; i < 3; i++) await useTheGood(one, session);
        const error = await callTheBad(one, session);
        if (error !== undefined) assert.match(error, /target \\"bad\\": ./);
        await useTheGood(one, session);
        await inTime("the end", one.request("DELETE", undefined, { session }), 5_000);
      });
    }
  }

  test("dies again and again", async () => {
    const args = [hostileScript, "dies every second"];
    const bad: McpTargetSettings = { kind: "stdio", name: "bad", command: process.execPath, args, env: {}, clearEnv: false };
    const one = rig({ one: await server(good), bad, two: await server(good) }, "failOpen");
    const session = await one.open();
    const told = new Set<string>();
    const deadline = performance.now() + 3_000;
    while (performance.now() < deadline) {
      await useTheGood(one, session);
      told.add((await callTheBad(one, session)) ?? "answered");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(told.delete("answered"));
    for (const error of told) assert.match(error, /target \\"bad\\": /);
    await one.request("DELETE", undefined, { session });
  });
});

// shows: mcp-hostile-clients
describe("clients that misbehave", () => {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };

  interface Opened {
    readonly url: string;
    readonly session: string;
    post(message: object): Promise<string>;
  }

  async function open(gateway: TestGateway): Promise<Opened> {
    const url = `${gateway.url()}/mcp`;
    const opened = await fetch(url, { method: "POST", headers, body: JSON.stringify(initialize()) });
    await opened.text();
    const session = opened.headers.get("mcp-session-id") ?? "";
    const post = async (message: object): Promise<string> => {
      const body = JSON.stringify({ jsonrpc: "2.0", ...message });
      return (await fetch(url, { method: "POST", headers: { ...headers, "mcp-session-id": session }, body })).text();
    };
    await post({ method: "notifications/initialized" });
    return { url, session, post };
  }

  async function gatewayOf(servers: Readonly<Record<string, HostileServer>>): Promise<TestGateway> {
    const targets = Object.entries(servers).map(([name, { url }]) => ({ name, mcp: { host: url } }));
    const gateway = await startTestGateway(JSON.stringify({ mcp: { port: 0, failureMode: "failOpen", targets } }));
    closing.unshift(() => gateway.close());
    return gateway;
  }

  /** A request by hand, whose reply nobody reads. */
  function request({ url, session }: Opened, method: "GET" | "POST", message?: object): Socket {
    const body = message === undefined ? "" : JSON.stringify({ jsonrpc: "2.0", ...message });
    const fields = Object.entries({ host: "gateway.test", ...headers, "mcp-session-id": session, "content-length": String(body.length) });
    const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
    socket.on("error", () => {});
    socket.pause();
    socket.write(`${method} /mcp HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`);
    closing.unshift(() => socket.destroy());
    return socket;
  }

  const goodCall = { id: 1, method: "tools/call", params: { name: "one_good", arguments: {} } };

  test("calls whose callers left are given up, and their sessions go on", async () => {
    const hanging = await server({ misdeed: misdeeds["never answers"], polite: true });
    const gateway = await gatewayOf({ one: await server(good), hanging });
    const opened = await open(gateway);
    const sockets = Array.from({ length: 20 }, (_, id) =>
      request(opened, "POST", { id, method: "tools/call", params: { name: "hanging_tool", arguments: {} } }),
    );
    await until("all calls are there", () => hanging.underWay === sockets.length);
    for (const socket of sockets) socket.destroy();
    await until("nobody waits any more", () => hanging.underWay === 0);
    assert.match(await inTime("a call", opened.post(goodCall)), /done/);
  });

  test("a client that never reads its stream holds back its servers, and nobody else", async () => {
    const flooding = await server({ misdeed: misdeeds["floods with notifications"], polite: true, streamsOnly: true });
    const gateway = await gatewayOf({ one: await server(good), flooding });
    const [deaf, other] = await Promise.all([open(gateway), open(gateway)]);
    const socket = request(deaf, "GET");
    await until("the flood comes", () => flooding.sentBytes > 1_000_000);
    let before = -1;
    let steady = 0;
    await until("the flood is held back", () => {
      steady = before === flooding.sentBytes ? steady + 1 : 0;
      before = flooding.sentBytes;
      return steady === 10;
    });
    assert.ok(flooding.sentBytes < 60_000_000, String(flooding.sentBytes));
    for (const opened of [deaf, other]) assert.match(await inTime("a call", opened.post(goodCall)), /done/);
    socket.destroy();
    await until("nobody reads on", () => flooding.underWay === 0);
  });

  test("clients that send nonsense are refused one by one", async () => {
    const gateway = await gatewayOf({ one: await server(good), two: await server(good) });
    const opened = await open(gateway);
    const url = `${gateway.url()}/mcp`;
    const bodies = [
      "",
      "{",
      "[]",
      "7",
      '"x"',
      "null",
      "{}",
      '{"jsonrpc":"2.0"}',
      '{"jsonrpc":"2.0","id":{},"method":"ping"}',
      "[".repeat(100_000),
    ];
    for (const body of bodies) {
      const answered = await fetch(url, { method: "POST", headers: { ...headers, "mcp-session-id": opened.session }, body });
      assert.equal(answered.status, 400, body.slice(0, 40));
      await answered.text();
    }
    assert.match(await opened.post(goodCall), /done/);
  });
});

/**
 * What its caller is told; undefined where the caller left first, with a patience of its own, or got a reply that is the
 * server's own doing (an HTTP error is passed on as it is).
 */
async function callTheBad(one: Rig, session: string, ownPatienceMs = 600): Promise<string | undefined> {
  const message = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "bad_tool", arguments: {} } };
  const signal = AbortSignal.timeout(ownPatienceMs);
  const { reply } = await inTime("the bad call", one.send("POST", message, { session, signal }), 10_000);
  const body = await inTime(
    "its body",
    readBody(reply.body, 10_000_000).catch(() => Buffer.alloc(0)),
  );
  if (signal.aborted) return undefined;
  return /"error":\{"code":-?\d+,"message":"([^}]*)"/.exec(body.toString())?.[1];
}
