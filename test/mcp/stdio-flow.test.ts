import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { isReplyStream, type Reply } from "../../src/contract/reply.ts";
import { defaultLimits, type McpContext, type SpawnedProcess } from "../../src/mcp/settings.ts";
import { StdioConnection } from "../../src/mcp/upstream/stdio-connection.ts";
import { StdioLauncher } from "../../src/mcp/upstream/stdio-launcher.ts";
import { testClock, testExchange } from "../policy-harness.ts";
import { settle } from "./rig.ts";

/** A connection to a child process that is played by the test. */
function connection(limits = defaultLimits): { line: StdioConnection; stdin: PassThrough; say: (...messages: object[]) => void } {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const child: SpawnedProcess = { stdin, stdout, stderr, onExit: () => {}, kill: () => {} };
  const log = { info() {}, debug() {}, warn() {}, error() {} };
  const context = { clock: testClock(), log, spawn: () => child, environment: {}, version: "0" } as unknown as McpContext;
  const settings = { kind: "stdio", name: "a", command: "x", args: [], env: {}, clearEnv: true } as const;
  const line = new StdioConnection(new StdioLauncher(settings, context, limits));
  const text = (message: object): string => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`;
  return { line, stdin, say: (...messages) => void stdout.write(messages.map(text).join("")) };
}

const call = (id: number): Parameters<StdioConnection["post"]>[1] => ({
  kind: "request",
  id,
  method: "tools/call",
  bytes: Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { _meta: { progressToken: id } } })),
  progressToken: id,
  protocolVersion: undefined,
  timeoutMs: 0,
});

const progress = (progressToken: number): object => ({ method: "notifications/progress", params: { progressToken, progress: 1 } });

/** A client that reads nothing of a stream. @returns how it leaves */
function stuck(reply: Reply): () => void {
  const { body } = reply;
  assert.ok(isReplyStream(body));
  body.start({ data: () => false, end: () => {}, fail: () => {} });
  return () => body.cancel(new Error("the client left"));
}

test("a client that read nothing and has gone holds back nobody: calls given up, calls cancelled, streams replaced", async () => {
  const ends: Record<string, (line: StdioConnection, exchange: ReturnType<typeof testExchange>) => unknown> = {
    left: (_line, exchange) => exchange.abort(new Error("the client left")),
    cancelled: (line, exchange) => {
      const bytes = Buffer.from('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}');
      return line.post(exchange, { ...call(0), kind: "notification", id: undefined, method: "notifications/cancelled", bytes });
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    const { line, say } = connection();
    const exchange = testExchange({});
    const first = line.post(exchange, call(1));
    say(progress(1));
    const leave = stuck(await first);
    say(progress(1));
    await settle();
    await end(line, exchange);
    leave();
    const statuses: number[] = [];
    void line.post(testExchange({}), call(2)).then(({ status }) => statuses.push(status));
    say({ id: 2, result: {} });
    await settle();
    assert.deepEqual(statuses, [200], name);
  }
  const { line, say } = connection();
  stuck(await line.listen());
  const statuses: number[] = [];
  void line.post(testExchange({}), call(1)).then(({ status }) => statuses.push(status));
  say({ method: "notifications/x" });
  await settle();
  await line.listen();
  say({ id: 1, result: {} });
  await settle();
  assert.deepEqual(statuses, [200], "a newer stream");
});

test("a client that loses its stream for being too slow holds back nobody either", async () => {
  const { line, say } = connection({ ...defaultLimits, maxWaitingBytes: 200 });
  const greeted = line.post(testExchange({}), call(9));
  say({ id: 9, result: {} });
  await greeted;
  stuck(await line.listen());
  const long = { method: "notifications/x", params: { text: "x".repeat(100) } };
  say(long, long, long); // in one read of the pipe
  await settle();
  const statuses: number[] = [];
  void line.post(testExchange({}), call(1)).then(({ status }) => statuses.push(status));
  say({ id: 1, result: {} });
  await settle();
  assert.deepEqual(statuses, [200]);
});

test("a call whose client has left before it is sent is not sent", async () => {
  const { line, stdin } = connection();
  const exchange = testExchange({});
  exchange.abort(new Error("the client left"));
  await assert.rejects(line.post(exchange, call(1)), /the client left/);
  await settle();
  assert.equal(stdin.read(), null);
});
