import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { HeaderList } from "../../src/base/headers.ts";
import { isReplyStream, Reply, type ReplySink, type ReplyStream } from "../../src/contract/reply.ts";
import { AmbiguousKey } from "../../src/mcp/json-view.ts";
import { createNames } from "../../src/mcp/names.ts";
import { publishResult } from "../../src/mcp/publish-result.ts";
import { readResponse } from "../../src/mcp/read-response.ts";
import { publishServerMessage, resolveRequestId } from "../../src/mcp/server-message.ts";
import { defaultLimits, type McpContext, type SpawnedProcess } from "../../src/mcp/settings.ts";
import { SseStream } from "../../src/mcp/upstream/sse-stream.ts";
import { StdioConnection } from "../../src/mcp/upstream/stdio-connection.ts";
import { StdioLauncher } from "../../src/mcp/upstream/stdio-launcher.ts";
import { StdioPool } from "../../src/mcp/upstream/stdio-pool.ts";
import { sessionGreeting } from "../../src/mcp/upstream/stdio-greetings.ts";
import { testClock, testExchange } from "../policy-harness.ts";

/** Whatever bytes a server sends, cut anywhere: what reads them answers, or fails in the way it says, and holds no more than it may. */

const members = fc.constantFrom(
  '"jsonrpc":"2.0"',
  '"id":1',
  '"id":"1"',
  '"ID":1',
  '"Id":null',
  '"id":{}',
  '"result":{}',
  '"result":7',
  '"result":{"content":[{"type":"resource_link","uri":"x:y","URI":"z"}],"contents":[{"uri":"a"},7]}',
  '"error":{"code":1}',
  '"error":"no"',
  '"method":"ping"',
  '"method":"notifications/progress"',
  '"method":"notifications/resources/updated"',
  '"method":"sampling/createMessage"',
  '"Method":"x"',
  '"method":7',
  '"params":{"progressToken":1,"progresstoken":2,"uri":"u"}',
  '"params":{"progressToken":1,"progressToken":1}',
  '"params":[1]',
  '"params":null',
);
const message = fc.array(members, { maxLength: 6 }).map((some) => `{${some.join(",")}}`);
const anything = fc.oneof(
  message,
  fc.json(),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom("", "[]", "[{}]", "{", "\u0000", "x".repeat(300)),
);
const cuts = fc.array(fc.nat(40), { minLength: 1, maxLength: 8 });

function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = (sizes[i % sizes.length] as number) + 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const limits = { ...defaultLimits, maxMessageBytes: 200, maxWaitingBytes: 2_000, maxHeldMessages: 4 };

/** A child process played by the test. */
function launcher(): { made: StdioLauncher; stdout: PassThrough; exit: () => void } {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let told: (reason: string) => void = () => {};
  const exit = (): void => told("exit code 0");
  const child: SpawnedProcess = { stdin, stdout, stderr, onExit: (listener) => void (told = listener), kill: exit };
  const log = { info() {}, debug() {}, warn() {}, error() {} };
  const context = { clock: testClock(), log, spawn: () => child, environment: {}, version: "0" } as unknown as McpContext;
  const settings = { kind: "stdio", name: "a", command: "x", args: [], env: {}, clearEnv: true } as const;
  return { made: new StdioLauncher(settings, context, limits), stdout, exit };
}

const call = (id: number, method: string): Parameters<StdioConnection["post"]>[1] => ({
  kind: "request",
  id,
  method,
  bytes: Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params: { _meta: { progressToken: 1 } } })),
  progressToken: 1,
  protocolVersion: undefined,
  timeoutMs: 0,
});

const lines = fc.array(fc.tuple(anything, fc.constantFrom("\n", "\r\n", "\n\n", "")), { maxLength: 8 });

// shows: mcp-framing
test("fuzz: whatever a process of one session writes, its calls end and nothing is thrown", async () => {
  await fc.assert(
    fc.asyncProperty(lines, cuts, async (some, sizes) => {
      const { made, stdout, exit } = launcher();
      const connection = new StdioConnection(made);
      const replies = [1, 2].map((id) => connection.post(testExchange(), call(id, "tools/call")));
      const settled = Promise.allSettled(replies);
      for (const piece of pieces(Buffer.from(some.flat().join("")), sizes)) stdout.emit("data", piece);
      exit();
      for (const outcome of await settled) {
        if (outcome.status === "rejected") assert.match(String(outcome.reason), /the server process ended/);
        else assert.equal(outcome.value.status, 200);
      }
    }),
    { numRuns: 500 },
  );
});

test("fuzz: whatever a process that many share writes, their calls end and nothing is thrown", async () => {
  await fc.assert(
    fc.asyncProperty(lines, cuts, async (some, sizes) => {
      const { made, stdout, exit } = launcher();
      const pool = new StdioPool(made, sessionGreeting);
      const hello = pool.hello();
      hello.catch(() => {});
      stdout.emit("data", Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}\n'));
      await hello;
      // the pool's own ids: 1 was the greeting's
      const reply = pool.request(testExchange(), call(7, "tools/call"));
      const settled = Promise.allSettled([reply]);
      await hello;
      const text = some.flat().join("").replaceAll('"id":1', '"id":2').replaceAll('"progressToken":1', '"progressToken":2');
      for (const piece of pieces(Buffer.from(text), sizes)) stdout.emit("data", piece);
      exit();
      for (const outcome of await settled) {
        if (outcome.status === "rejected") assert.match(String(outcome.reason), /process (?:ended|has ended)|ambiguous key/);
      }
    }),
    { numRuns: 500 },
  );
});

/** A reply's body that is fed by hand. */
class Source implements ReplyStream {
  sink: ReplySink | undefined;
  cancelled = false;

  start(sink: ReplySink): void {
    this.sink = sink;
  }

  resume(): void {}

  cancel(reason: Error): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.sink?.fail(reason);
  }
}

const events = fc
  .array(
    fc.tuple(
      fc.constantFrom("data: ", "data:", "event: endpoint\ndata: ", "event: message\ndata: ", "id: 1\n", ": ", ""),
      anything,
      fc.constantFrom("\n\n", "\r\n\r\n", "\n", "\r"),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.flat().join(""));

test("fuzz: a server's reply is a response, or an error; reading it throws nothing", async () => {
  const body = fc.oneof(events, anything);
  const type = fc.constantFrom("application/json", "text/event-stream", "");
  await fc.assert(
    fc.asyncProperty(body, type, cuts, fc.boolean(), async (text, contentType, sizes, breaks) => {
      const source = new Source();
      const reply = new Reply(200, new HeaderList(["content-type", contentType]), source);
      assert.ok(isReplyStream(reply.body));
      const onMessage = (bytes: Buffer): void => void publishServerMessage(names, "a", bytes);
      const reading = readResponse(reply, { limit: 200, timeoutMs: 0, onMessage });
      const outcome = reading.then(
        ({ bytes, value }) => {
          assert.ok(bytes.length <= 200 && !("method" in value) && ("result" in value || "error" in value));
        },
        (thrown: unknown) => assert.ok(thrown instanceof Error && !(thrown instanceof TypeError)),
      );
      for (const piece of pieces(Buffer.from(text), sizes)) if (!source.cancelled) source.sink?.data(piece);
      if (breaks) source.sink?.fail(new Error("broke"));
      else source.sink?.end();
      await outcome;
    }),
    { numRuns: 1_000 },
  );
});

test("fuzz: a server's stream of HTTP+SSE names its endpoint and brings objects, or is over, once", async () => {
  await fc.assert(
    fc.asyncProperty(events, cuts, async (text, sizes) => {
      const source = new Source();
      let ends = 0;
      const stream = new SseStream(source, {
        url: "http://a.test/sse",
        maxMessageBytes: 200,
        onMessage: (bytes, value) => {
          assert.equal(ends, 0, "nothing comes after the end");
          assert.ok(bytes.length <= 200 && typeof value === "object");
          return true;
        },
        onEnd: () => (ends += 1),
      });
      for (const piece of pieces(Buffer.from(text), sizes)) source.sink?.data(piece);
      source.sink?.end();
      assert.deepEqual([ends, stream.open], [1, false]);
      const endpoint = await stream.endpoint.catch(() => undefined);
      assert.ok(endpoint === undefined || endpoint.path.startsWith("/"));
    }),
    { numRuns: 1_000 },
  );
});

const names = createNames({ prefixMode: "conditional", targets: ["a", "b"], maxNameLength: 64 });

test("fuzz: what a server says is published, or left alone, or ambiguous; an id of a client resolves or does not", () => {
  fc.assert(
    fc.property(fc.oneof(message, fc.json()), (text) => {
      const bytes = Buffer.from(text);
      assert.ok(Buffer.isBuffer(publishResult(names, "a", bytes)));
      try {
        const published = publishServerMessage(names, "a", bytes);
        JSON.parse(published.toString());
      } catch (thrown) {
        assert.ok(thrown instanceof AmbiguousKey, String(thrown));
      }
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.integer(),
        fc.string().map((text) => `agw_a_n_${text}`),
      ),
      (id) => {
        const resolved = resolveRequestId(id);
        assert.ok(resolved === undefined || resolved.target !== "");
      },
    ),
  );
});
