import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { isReplyStream } from "../../src/contract/reply.ts";
import type { McpTargetSettings } from "../../src/mcp/settings.ts";
import { spawnProcessGroup } from "../../src/mcp/upstream/spawn-process.ts";
import { startTestGateway } from "../gateway-harness.ts";
import { connect } from "./harness.ts";
import { FakeServer, type RpcMessage } from "./fake-server.ts";
import { type Answered, initialize, OpenStream, resultOf, Rig, type RigOptions } from "./rig.ts";

const script = fileURLToPath(new URL("stdio-server.ts", import.meta.url));
const rigs: Rig[] = [];
after(() => {
  for (const rig of rigs) rig.close();
});

function target(name: string, over: Partial<Extract<McpTargetSettings, { kind: "stdio" }>> = {}): McpTargetSettings {
  return { kind: "stdio", name, command: process.execPath, args: [script], env: {}, clearEnv: false, ...over };
}

function rig(options: RigOptions & { targets?: readonly McpTargetSettings[] } = {}): Rig {
  const { targets = [target("a")], ...rest } = options;
  const made = new Rig(Object.fromEntries(targets.map((one) => [one.name, one])), { spawn: spawnProcessGroup, ...rest });
  rigs.push(made);
  return made;
}

let lastId = 0;
function tool(name: string, args: Record<string, unknown> = {}, meta?: Record<string, unknown>): { id: number } & Record<string, unknown> {
  lastId += 1;
  return {
    jsonrpc: "2.0",
    id: lastId,
    method: "tools/call",
    params: { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) },
  };
}

function textIn(answered: Answered): string {
  return resultOf<{ content: { text: string }[] }>(answered).content[0]?.text ?? "";
}

const errorIn = ({ messages }: Answered): string | undefined => messages.at(-1)?.error?.message;

/** Waits for something that processes do in their own time. */
async function until(what: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!what()) {
    assert.ok(performance.now() < deadline, "it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a session has a process of its own, which ends with it", async () => {
  const one = rig();
  const sessions = [await one.open(), await one.open()];
  const pids: number[] = [];
  for (const session of sessions) pids.push(Number(textIn(await one.post(tool("pid"), { session }))));
  assert.notEqual(pids[0], pids[1]);
  assert.equal(textIn(await one.post(tool("initialized"), { session: sessions[0] })), "1");
  await one.request("DELETE", undefined, { session: sessions[0] });
  assert.equal(isAlive(pids[0] as number), false);
  assert.equal(isAlive(pids[1] as number), true);
  one.clock.now += 1_000;
  one.sessions.reap();
  await until(() => !isAlive(pids[1] as number));
});

test("a message over several lines is sent as one, with the client's id and bytes", async () => {
  const one = rig();
  const session = await one.open();
  const text =
    '{\n "jsonrpc":"2.0", "id":"x\\ny",\r\n "method":"tools/call", "params":{"name":"echo","arguments":{"big":12345678901234567890}}}';
  const { messages } = await one.post(text, { session });
  assert.equal(messages[0]?.id, "x\ny");
});

test("many calls at once are told apart, and answered in whatever order they are done", async () => {
  const one = rig();
  const session = await one.open();
  const calls = [30, 0, 15].map(async (ms) => textIn(await one.post(tool("slow", { ms }), { session })));
  assert.deepEqual(await Promise.all(calls), ['{"ms":30}', '{"ms":0}', '{"ms":15}']);
});

test("progress belongs to its call, which becomes a stream", async () => {
  const one = rig();
  const session = await one.open();
  const [first, second] = await Promise.all(
    ["p", 9].map((progressToken) => one.post(tool("progress", {}, { progressToken }), { session })),
  );
  const tokens = (answered: Answered | undefined): unknown[] => answered?.messages.map(({ params }) => params?.["progressToken"]) ?? [];
  assert.deepEqual(tokens(first), ["p", "p", undefined]);
  assert.deepEqual(tokens(second), [9, 9, undefined]);
});

test("the server asks in the call's stream, or in the client's own if that is open; the answer reaches it", async () => {
  const one = rig();
  const session = await one.open();
  const asked = tool("ask");
  const { reply } = await one.send("POST", asked, { session });
  const inCall = new OpenStream(reply);
  await until(() => inCall.messages.length === 1);
  assert.equal(inCall.messages[0]?.method, "sampling/createMessage");
  await one.post({ jsonrpc: "2.0", id: "q1", result: { text: "sampled" } }, { session });
  await until(() => inCall.ended);
  assert.match(JSON.stringify(inCall.messages[1]), /sampled/);

  const own = new OpenStream((await one.send("GET", undefined, { session })).reply);
  const calling = one.post(tool("ask"), { session });
  await until(() => own.messages.length === 1);
  await one.post({ jsonrpc: "2.0", id: "q1", result: { text: "again" } }, { session });
  assert.match(textIn(await calling), /again/);
});

test("messages that belong to no call wait for the client's stream", async () => {
  const one = rig();
  const session = await one.open();
  await one.post(tool("announce"), { session });
  const stream = new OpenStream((await one.send("GET", undefined, { session })).reply);
  await until(() => stream.messages.length === 1);
  assert.equal(stream.messages[0]?.method, "notifications/tools/list_changed");
});

test("lines that are no message are skipped", async () => {
  const one = rig();
  assert.equal(textIn(await one.post(tool("garbage"), { session: await one.open() })), "clean");
});

test("a process that dies fails the calls it had, by name, and is started again for the next one", async () => {
  const one = rig({ targets: [target("a"), target("b")] });
  const session = await one.open();
  const hanging = one.post(tool("a_hang"), { session });
  const other = one.post(tool("b_slow", { ms: 50 }), { session });
  const died = await one.post(tool("a_die"), { session });
  assert.equal(died.status, 500);
  assert.equal(errorIn(died), 'failed to send message: target "a": the server process ended (exit code 7)');
  assert.equal(errorIn(await hanging), 'failed to send message: target "a": the server process ended (exit code 7)');
  assert.equal((await other).status, 200, "nobody else is affected");
  assert.equal(textIn(await one.post(tool("a_initialized"), { session })), "1", "a new one, which was greeted");
});

test("a call whose stream has begun gets the failure as its last event", async () => {
  const one = rig();
  const session = await one.open();
  const stream = new OpenStream((await one.send("POST", tool("ask"), { session })).reply);
  await until(() => stream.messages.length === 1);
  await one.post(tool("die"), { session });
  await until(() => stream.ended);
  assert.match(stream.messages[1]?.error?.message ?? "", /the server process ended \(exit code 7\)/);
});

test("a process that keeps dying is given time", async () => {
  const one = rig();
  const session = await one.open();
  await one.post(tool("die"), { session });
  await one.post(tool("die"), { session });
  const early = await one.post(tool("echo"), { session });
  assert.match(errorIn(early) ?? "", /target "a": the process ended \(exit code 7\); starting it again in 250 ms at the earliest/);
  one.clock.now += 250;
  assert.equal((await one.post(tool("echo"), { session })).status, 200);
});

test("a command that does not exist, or ends at once, is told by name", async () => {
  for (const [broken, reason] of [
    [target("a", { command: "/nowhere/server" }), "could not be started (ENOENT)"],
    [target("a", { args: [script, "broken"] }), "exit code 3"],
  ] as const) {
    const opened = await rig({ targets: [broken] }).post(initialize());
    assert.equal(opened.status, 500);
    assert.equal(errorIn(opened), `failed to send message: target "a": the server process ended (${reason})`);
  }
});

test("a line without end ends the process", async () => {
  const one = rig({ limits: { maxMessageBytes: 100_000 } });
  const flooded = await one.post(tool("flood"), { session: await one.open() });
  assert.match(errorIn(flooded) ?? "", /sent a line of more than 100000 bytes/);
});

test("bounds: calls in flight, processes", async () => {
  const one = rig({ limits: { maxPendingCalls: 1, maxProcesses: 1 } });
  const session = await one.open();
  void one.send("POST", tool("hang"), { session });
  assert.match(errorIn(await one.post(tool("echo"), { session })) ?? "", /1 calls are under way/);
  assert.match(errorIn(await one.post(initialize())) ?? "", /all 1 processes of the target are in use/);
});

test("the environment: the gateway's and the target's own, or the target's alone", async () => {
  const env = { OWN: "1" };
  const inherited = rig({ targets: [target("a", { env })] });
  const seen = JSON.parse(textIn(await inherited.post(tool("env"), { session: await inherited.open() }))) as Record<string, string>;
  assert.deepEqual([seen["OWN"], seen["PATH"]], ["1", process.env["PATH"]]);
  const cleared = rig({ targets: [target("a", { env, clearEnv: true })] });
  const alone = JSON.parse(textIn(await cleared.post(tool("env"), { session: await cleared.open() }))) as Record<string, string>;
  assert.deepEqual([alone["OWN"], alone["PATH"]], ["1", undefined]);
});

test("stderr goes to the log, so many lines a second", async () => {
  const one = rig();
  await one.post(tool("stderr", { lines: 500 }), { session: await one.open() });
  await until(() => one.log.filter((line) => line.includes("mcp server stderr")).length === 20);
  assert.match(one.log.find((line) => line.includes("mcp server stderr")) ?? "", /"target":"a","line":"line 0"/);
});

test("what the process started itself ends with it; one that ignores SIGTERM is killed", async () => {
  const one = rig({ limits: { killAfterMs: 50 } });
  const session = await one.open();
  const child = Number(textIn(await one.post(tool("child"), { session })));
  const pid = Number(textIn(await one.post(tool("pid"), { session })));
  await one.post(tool("stubborn"), { session });
  await one.request("DELETE", undefined, { session });
  assert.equal(isAlive(pid), false);
  await until(() => !isAlive(child));
});

test("a client that leaves gives its call up; the process goes on", async () => {
  const one = rig({ limits: { maxPendingCalls: 1 } });
  const session = await one.open();
  const stream = await one.send("POST", tool("ask"), { session });
  assert.ok(isReplyStream(stream.reply.body));
  stream.exchange.abort(new Error("client left"));
  assert.equal((await one.post(tool("echo"), { session })).status, 200);
});

// shows: mcp-cancelled
test("a call that the client cancels is over, though the server says nothing more", async () => {
  const one = rig({ limits: { maxPendingCalls: 2 } });
  const session = await one.open();
  const cancel = (requestId: number): object => ({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } });
  const [quiet, streaming] = [tool("hang"), tool("ask")];
  const silence = one.post(quiet, { session });
  const stream = new OpenStream((await one.send("POST", streaming, { session })).reply);
  assert.match(errorIn(await one.post(tool("echo"), { session })) ?? "", /2 calls are under way/);
  for (const { id } of [quiet, streaming]) assert.equal((await one.post(cancel(id), { session })).status, 202);
  assert.deepEqual([(await silence).status, (await silence).text], [202, ""]);
  await until(() => stream.ended);
  assert.deepEqual(
    stream.messages.map(({ method }) => method),
    ["sampling/createMessage"],
  );
  assert.equal((await one.post(tool("echo"), { session })).status, 200);
});

// stateless

test("stateless callers share one process; ids and progress tokens may be the same", async () => {
  const one = rig({ statefulMode: "stateless" });
  const same = (name: string, args: Record<string, unknown>): unknown => ({
    jsonrpc: "2.0",
    id: "same",
    method: "tools/call",
    params: { name, arguments: args, _meta: { progressToken: "same" } },
  });
  const [slow, quick, progress] = await Promise.all([
    one.post(same("slow", { ms: 30 })),
    one.post(same("slow", { ms: 1 })),
    one.post(same("progress", {})),
  ]);
  assert.deepEqual(
    [slow, quick, progress].map((answered) => answered?.messages.at(-1)?.id),
    ["same", "same", "same"],
  );
  assert.equal(textIn(slow as Answered), '{"ms":30}');
  assert.equal(textIn(quick as Answered), '{"ms":1}');
  assert.deepEqual(
    progress?.messages.slice(0, -1).map((message: RpcMessage) => message.params?.["progressToken"]),
    ["same", "same"],
  );
  assert.deepEqual([quick?.messages.length, slow?.messages.length], [1, 1], "nobody hears of another's call");
  const pids = [];
  for (let i = 0; i < 2; i++) pids.push(textIn(await one.post(tool("pid"))));
  assert.equal(pids[0], pids[1]);
  assert.equal(textIn(await one.post(tool("initialized"))), "1");
});

test("stateless: a server that asks is refused, its death fails its calls, and the next call starts it again", async () => {
  const one = rig({ statefulMode: "stateless" });
  assert.match(textIn(await one.post(tool("ask"))), /sampling\/createMessage needs a session/);
  const died = await one.post(tool("die"));
  assert.deepEqual([died.status, errorIn(died)], [500, 'failed to send message: target "a": the server process ended (exit code 7)']);
  assert.equal((await one.post(tool("echo"))).status, 200);
});

test("stateless: lists and initialize come from the same process", async () => {
  const one = rig({ statefulMode: "stateless", targets: [target("a"), target("b")] });
  const opened = await one.post(initialize());
  assert.equal(opened.status, 200);
  const { tools } = resultOf<{ tools: { name: string }[] }>(await one.call("tools/list", {}));
  const names = tools.map(({ name }) => name);
  assert.ok(names.includes("a_echo") && names.includes("b_echo"));
});

test("stateless: a process that nobody calls is ended, one that works is not, and the next call starts another", async () => {
  const one = rig({ statefulMode: "stateless", limits: { poolIdleMs: 150 } });
  const pid = Number(textIn(await one.post(tool("pid"))));
  assert.equal(textIn(await one.post(tool("slow", { ms: 400 }))), '{"ms":400}');
  assert.equal(isAlive(pid), true);
  await until(() => !isAlive(pid));
  assert.notEqual(Number(textIn(await one.post(tool("pid")))), pid);
});

test("a target may have a bound of its own on its processes; one that is being ended still counts", async () => {
  const one = rig({ targets: [target("a", { maxProcesses: 1 })], limits: { killAfterMs: 100 } });
  const session = await one.open();
  await one.post(tool("stubborn"), { session });
  const ending = one.request("DELETE", undefined, { session });
  assert.match(errorIn(await one.post(initialize())) ?? "", /all 1 processes of the target are in use/);
  await ending;
  await one.open();
});

test("a gateway that stops waits for its child processes, the stubborn ones too", async () => {
  const gateway = await startTestGateway(
    `mcp: {port: 0, targets: [{name: a, stdio: {cmd: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(script)}]}}]}`,
  );
  const client = await connect(`${gateway.url()}/mcp`);
  const call = async (name: string): Promise<string> =>
    ((await client.callTool({ name, arguments: {} })) as { content: { text: string }[] }).content[0]?.text ?? "";
  const pid = Number(await call("pid"));
  await call("stubborn");
  assert.equal(isAlive(pid), true);
  await gateway.close();
  assert.equal(isAlive(pid), false);
  await client.close();
});

test("a session that its client ends while a call is prepared starts no process any more", async () => {
  let started = 0;
  let list = (): void => {};
  const slow = new FakeServer({
    answers: { "tools/list": () => new Promise((resolve) => (list = () => resolve({ tools: [] }))) },
  });
  const spawn: RigOptions["spawn"] = (settings) => {
    started += 1;
    return spawnProcessGroup(settings);
  };
  const made = new Rig({ a: target("a"), slow }, { spawn, prefixMode: "never" });
  rigs.push(made);
  const session = await made.open();
  const calling = made.post(tool("echo", { text: "x" }), { session });
  await until(() => slow.methods.includes("tools/list"));
  await made.request("DELETE", undefined, { session });
  list();
  const answered = await calling;
  assert.notEqual(answered.messages.at(-1)?.error, undefined, answered.text);
  assert.equal(started, 1);
});

test("a gateway out of file descriptors says so to whoever needed the process, and lives", () => {
  const url = new URL("../../src/mcp/upstream/spawn-process.ts", import.meta.url).href;
  const source = `
    import { openSync } from "node:fs";
    import { spawnProcessGroup } from ${JSON.stringify(url)};
    try { for (;;) openSync("/dev/null"); } catch {}
    try { spawnProcessGroup({ command: "true", args: [], env: {} }); } catch (error) { console.log(error.message); }
    setImmediate(() => console.log("alive"));`;
  const { stdout, status } = spawnSync("/bin/sh", ["-c", 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, source], {
    encoding: "utf8",
  });
  assert.deepEqual([status, stdout], [0, "could not be started (out of file descriptors)\nalive\n"]);
});

test("a target that is in use no longer starts no process for a call that comes late", async () => {
  const made = rig({ statefulMode: "stateless" });
  made.close();
  assert.match(errorIn(await made.post(tool("echo"))) ?? "", /target "a": the target is not in use any more/);
});

test("failOpen: a caller whose own process keeps ending takes the target from nobody else", async () => {
  const made = rig({ targets: [target("a"), target("b")], failureMode: "failOpen" });
  const [unlucky, other] = [await made.open(), await made.open()];
  const list = async (session: string): Promise<string> => (await made.call("tools/list", {}, { session })).text;
  for (let i = 0; i < 4; i++) {
    await made.post(tool("a_die"), { session: unlucky });
    await list(unlucky);
  }
  assert.match(await list(other), /"a_echo"/);
  assert.match((await made.post(initialize())).text, /"tools"/);
  assert.deepEqual(
    made.log.filter((line) => line.includes("times in a row")),
    [],
  );
});
