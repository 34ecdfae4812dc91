import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { GatewayMetrics } from "../../src/contract/metrics.ts";
import { ProtoWriter } from "../../src/base/protobuf.ts";
import { isReplyStream, Reply } from "../../src/contract/reply.ts";
import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import type { GuardrailSettings } from "../../src/mcp/guardrails/settings.ts";
import { createGrpcUpstream } from "../../src/upstream/grpc.ts";
import { SseParser } from "../../src/base/sse.ts";
import { FakeServer, type Received, type RpcMessage, tools } from "./fake-server.ts";
import { type Answer, type Asked, GuardrailServer } from "./guardrail-server.ts";
import { resultOf, Rig } from "./rig.ts";

const opened: { close(): void }[] = [];
after(() => opened.forEach((one) => one.close()));

async function guardrailServer(answer?: (asked: Asked) => Answer | Promise<Answer>): Promise<GuardrailServer> {
  const server = await GuardrailServer.start(answer === undefined ? {} : { answer });
  opened.push(server);
  return server;
}

interface Skips {
  readonly failures: boolean[];
  readonly logged: string[];
}

/** A processor as the configuration would make it, its server reached over the network. */
function processor(
  port: number,
  methods: GuardrailSettings["methods"],
  settings: Partial<GuardrailSettings> & { readonly maxMessageBytes?: number } = {},
): GuardrailSettings & Skips {
  const { maxMessageBytes = 16_777_216, ...rest } = settings;
  const metrics = { upstreamCalled() {} } as unknown as GatewayMetrics;
  const limits = { maxMessageBytes, maxCalls: 16 };
  const upstream = createGrpcUpstream({ host: "127.0.0.1", port }, limits, { clock: systemClock, metrics });
  opened.push(upstream);
  const failures: boolean[] = [];
  const logged: string[] = [];
  const write = (message: string, fields: unknown): void => void logged.push(`${message} ${JSON.stringify(fields)}`);
  return {
    name: "checker",
    backend: { name: "checker", type: "static", protocol: "http" },
    methods,
    failureMode: "failClosed",
    metadata: undefined,
    showsHeader: () => true,
    send: upstream.send,
    onFailed: (skipped) => void failures.push(skipped),
    clock: systemClock,
    log: { debug: write, info: write, warn: write, error: write },
    failures,
    logged,
    ...rest,
  };
}

/** The names of a list's tools. */
const namesIn = (list: unknown): string[] => (list as ReturnType<typeof tools>).tools.map(({ name }) => name);
const json = { accept: "application/json" };
const call = { name: "echo", arguments: { text: "hi" } };
/** What the fake server was sent as parameters of its last call. */
const lastParams = (server: FakeServer): unknown =>
  server.received.findLast(({ message }) => message?.method === "tools/call")?.message?.params;

// shows: guardrail-request
test("a processor sees a call in the target's words, and what it lets pass goes on byte for byte", async () => {
  const server = await guardrailServer();
  const [a, b] = [new FakeServer(), new FakeServer()];
  const rig = new Rig({ a, b }, { guardrails: [processor(server.port, { "tools/call": "request" })] });
  const session = await rig.open();
  await rig.post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{ "arguments":{"n":12345678901234567890},"name":"b_echo"}}', {
    session,
    headers: { "x-tenant": "acme" },
  });
  assert.deepEqual(server.methods, ["request tools/call"]);
  const { targets, text, headers, deadlineMs } = server.last;
  assert.deepEqual([targets, text], [["b"], '{ "arguments":{"n":12345678901234567890},"name":"echo"}']);
  assert.deepEqual([headers["x-tenant"], headers[":method"], headers[":path"]], ["acme", "POST", "/mcp"]);
  assert.ok(deadlineMs > 5_000 && deadlineMs <= 10_100, `${deadlineMs} ms`);
  assert.match(b.received.at(-1)?.body ?? "", /"params":\{ "arguments":\{"n":12345678901234567890\},"name":"echo"\}/);
});

// shows: guardrail-refusal
test("a refusal is HTTP 200 with the JSON-RPC error of its code, and the target hears nothing", async () => {
  const server = await guardrailServer();
  const a = new FakeServer();
  const rig = new Rig({ a }, { guardrails: [processor(server.port, { "tools/call": "request" })] });
  const session = await rig.open();
  for (const [code, expected] of [
    ["PERMISSION_DENIED", -32001],
    ["RESOURCE_EXHAUSTED", -32003],
    ["INVALID", -32600],
    ["UNKNOWN", -32603],
  ] as const) {
    server.answer = () => ({ error: { code, reason: `because of ${code}`, mcp_error: '{"retry":false}' } });
    const { status, messages, exchange } = await rig.call("tools/call", call, { session });
    const error = { code: expected, message: `because of ${code}`, data: { retry: false } };
    assert.deepEqual([status, messages], [200, [{ jsonrpc: "2.0", id: 1, error }]]);
    assert.equal(exchange.error?.row.rpc, expected);
    assert.equal(exchange.mcp?.tool?.name, "echo"); // the log knows what was refused
  }
  server.answer = () => ({ error: { mcp_error: "no JSON" } });
  const unworded = await rig.call("tools/call", call, { session });
  assert.deepEqual(unworded.messages[0]?.error, { code: -32603, message: "refused by an MCP guardrail" });
  assert.equal(a.methods.includes("tools/call"), false);
});

// shows: guardrail-mutation
test("processors are asked in order, each sees what the one before made of it, and so does the target", async () => {
  const first = await guardrailServer(() => ({ mutated: { name: "echo", arguments: { text: "first" } } }));
  const second = await guardrailServer(({ json: params }) => ({
    mutated: `{"name":"other",\n "arguments":{"was":${JSON.stringify((params as typeof call).arguments.text)}}}`,
  }));
  const a = new FakeServer();
  const guardrails = [processor(first.port, { "tools/call": "full" }), processor(second.port, { "tools/*": "request" })];
  const rig = new Rig({ a }, { guardrails });
  const session = await rig.open();
  first.answer = ({ rpc }) => (rpc === "CheckRequest" ? { mutated: { name: "echo", arguments: { text: "first" } } } : { pass: {} });
  const { exchange } = await rig.call("tools/call", call, { session });
  assert.deepEqual(second.last.json, { name: "echo", arguments: { text: "first" } });
  assert.deepEqual(lastParams(a), { name: "other", arguments: { was: "first" } });
  assert.deepEqual(exchange.mcp?.tool, { name: "other", target: "a", arguments: { was: "first" } });
});

// shows: guardrail-before-rules
test("rules are asked after the processors: about the changed call, with their metadata", async () => {
  const server = await guardrailServer(() => ({ metadata: { risk: { level: 3 } }, mutated: { name: "safe", arguments: {} } }));
  const a = new FakeServer();
  const seen: unknown[] = [];
  const rig = new Rig(
    { a },
    {
      guardrails: [processor(server.port, { "tools/call": "request" })],
      authorize: (exchange, item) => {
        seen.push([item, exchange.mcpGuardrails]);
        return item.tool?.name !== "echo";
      },
    },
  );
  const session = await rig.open();
  const allowed = await rig.call("tools/call", call, { session });
  assert.deepEqual(seen, [[{ tool: { name: "safe", target: "a", arguments: {} } }, { risk: { level: 3 } }]]);
  assert.equal(allowed.status, 200);
  assert.deepEqual(lastParams(a), { name: "safe", arguments: {} });
  server.answer = () => ({ mutated: { name: "echo" } });
  const denied = await rig.call("tools/call", { name: "safe" }, { session });
  assert.deepEqual(denied.messages[0]?.error, { code: -32602, message: "Unknown tool: safe" });
});

test("header fields go to the target: set, several of a name, removed; what no field can be is left out", async () => {
  const server = await guardrailServer(() => ({
    pass: {},
    header_mutation: {
      set: [
        { key: "X-User", value: "one" },
        { key: "x-user", value: "two" },
        { key: "bad name", value: "x" },
        { key: "x-bad", value: "a\r\nb: c" },
        { key: "content-length", value: "1" },
        { key: "mcp-session-id", value: "stolen" },
      ],
      remove: ["X-Secret", "bad name"],
    },
  }));
  const a = new FakeServer({ sessions: true });
  const rig = new Rig({ a }, { guardrails: [processor(server.port, { "tools/call": "request" })] });
  const session = await rig.open();
  await rig.call("tools/call", call, { session, headers: { "x-user": "none", "x-secret": "s", "x-kept": "k" } });
  const { headers } = a.received.at(-1) as Received;
  assert.deepEqual(headers.getAll("x-user"), ["one", "two"]);
  assert.deepEqual([headers.get("x-secret"), headers.get("x-bad"), headers.get("content-length")], [undefined, undefined, undefined]);
  assert.deepEqual([headers.get("x-kept"), headers.get("mcp-session-id")], ["k", "upstream-1"]);
});

// shows: guardrail-response
test("a result is shown, changed and refused, as JSON and in an event stream; errors and notifications are not shown", async () => {
  for (const events of [false, true]) {
    const server = await guardrailServer();
    const a = new FakeServer({ events });
    const rig = new Rig({ a }, { guardrails: [processor(server.port, { "tools/call": "response" })] });
    const session = await rig.open();
    const before = await rig.call("tools/call", call, { session });
    assert.deepEqual(server.methods, ["response tools/call"]);
    assert.deepEqual(server.last.json, resultOf(before));

    server.answer = () => ({ mutated: { content: [], redacted: true } });
    assert.deepEqual(resultOf(await rig.call("tools/call", call, { session })), { content: [], redacted: true });

    server.answer = () => ({ error: { code: "PERMISSION_DENIED", reason: "poisoned" } });
    const refused = await rig.call("tools/call", call, { session });
    assert.deepEqual([refused.status, refused.messages.at(-1)?.error], [200, { code: -32001, message: "poisoned" }]);
    assert.equal(refused.text.includes("content"), false);
  }
  const server = await guardrailServer();
  const failing = new FakeServer({ answers: { "tools/call": () => undefined } });
  const rig = new Rig({ failing }, { guardrails: [processor(server.port, { "tools/call": "response" })] });
  const { messages } = await rig.call("tools/call", call, { session: await rig.open() });
  assert.deepEqual([messages[0]?.error?.code, server.asked.length], [-32601, 0]);
});

test("in a stream that is open, notifications go on at once, and a response waits for its verdict", async () => {
  const server = await guardrailServer();
  const stream = new PushStream({ maxWaitingBytes: 1_000_000 });
  const a = new FakeServer({
    answers: { "tools/call": () => new Reply(200, new HeaderList(["content-type", "text/event-stream"]), stream) },
  });
  const rig = new Rig({ a }, { guardrails: [processor(server.port, { "tools/call": "response" })] });
  const session = await rig.open();
  const { reply, exchange } = await rig.send("POST", { jsonrpc: "2.0", id: 7, method: "tools/call", params: call }, { session });
  const seen: RpcMessage[] = [];
  const ended = collect(reply, seen);
  const push = (message: object): void => void stream.write(Buffer.from(`data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`));

  push({ method: "notifications/progress", params: { progressToken: 1, progress: 1 } });
  assert.deepEqual(
    seen.map(({ method }) => method),
    ["notifications/progress"],
  );
  const verdict = Promise.withResolvers<Answer>();
  const asked = new Promise<void>((resolve) => {
    server.answer = () => {
      resolve();
      return verdict.promise;
    };
  });
  push({ id: 7, result: { content: ["evil"] } });
  push({ method: "notifications/late" });
  stream.end();
  await asked;
  assert.equal(seen.length, 1);
  verdict.resolve({ error: { code: "RESOURCE_EXHAUSTED", reason: "enough" } });
  await ended;
  assert.deepEqual(
    seen.slice(1).map(({ method, error }) => method ?? error),
    [{ code: -32003, message: "enough" }, "notifications/late"],
  );
  assert.deepEqual(exchange.mcp?.error, { code: -32003, message: "enough" });
});

/** Reads an event stream to its end. */
function collect({ body }: Reply, messages: RpcMessage[]): Promise<void> {
  assert.ok(isReplyStream(body));
  const parser = new SseParser({ maxEventBytes: 1_000_000, onEvent: ({ data }) => messages.push(JSON.parse(data) as RpcMessage) });
  return new Promise((resolve, reject) => {
    body.start({
      data(chunk) {
        parser.feed(chunk);
        return true;
      },
      end: resolve,
      fail: reject,
    });
  });
}

// shows: guardrail-list-once
test("a list of several targets is shown once, as the client gets it, and without parameters", async () => {
  const server = await guardrailServer();
  const [a, b] = [
    new FakeServer({ answers: { "tools/list": tools("echo") } }),
    new FakeServer({ answers: { "tools/list": tools("exec", "hidden") } }),
  ];
  const guardrails = [processor(server.port, { "*/list": "full" })];
  const rig = new Rig({ a, b }, { guardrails, authorize: (_, { tool }) => tool?.name !== "hidden" });
  const session = await rig.open();
  server.answer = ({ rpc, json: list }) =>
    rpc === "CheckRequest"
      ? { mutated: { cursor: "ignored" }, metadata: { seen: true } }
      : { mutated: { tools: (list as ReturnType<typeof tools>).tools.filter(({ name }) => name !== "b_exec") } };
  const listed = await rig.call("tools/list", { cursor: undefined }, { session });
  assert.deepEqual(server.methods, ["request tools/list", "response tools/list"]);
  const [request, response] = server.asked;
  assert.deepEqual([request?.targets, request?.json, response?.targets], [["a", "b"], undefined, ["a", "b"]]);
  assert.deepEqual(namesIn(response?.json), ["a_echo", "b_exec"]);
  assert.deepEqual(
    resultOf<ReturnType<typeof tools>>(listed).tools.map(({ name }) => name),
    ["a_echo"],
  );
  assert.deepEqual(listed.exchange.mcpGuardrails, { seen: true });

  server.answer = ({ rpc }) => (rpc === "CheckRequest" ? { error: { code: "PERMISSION_DENIED", reason: "no lists" } } : { pass: {} });
  const before = a.received.length;
  const refused = await rig.call("tools/list", {}, { session });
  assert.deepEqual([refused.status, refused.messages[0]?.error], [200, { code: -32001, message: "no lists" }]);
  assert.equal(a.received.length, before);
});

test("a lone target's list is shown as the client gets it, in the stream it comes in", async () => {
  for (const events of [false, true]) {
    const server = await guardrailServer();
    const a = new FakeServer({ events, answers: { "tools/list": tools("echo", "hidden") } });
    const guardrails = [processor(server.port, { "tools/list": "response" })];
    const rig = new Rig({ a }, { guardrails, authorize: (_, { tool }) => tool?.name !== "hidden" });
    const session = await rig.open();
    server.answer = () => ({ mutated: tools("renamed") });
    for (const headers of [{}, json]) {
      const listed = await rig.call("tools/list", {}, { session, headers });
      assert.deepEqual(
        (server.last.json as ReturnType<typeof tools>).tools.map(({ name }) => name),
        ["echo"],
      );
      assert.deepEqual(
        resultOf<ReturnType<typeof tools>>(listed).tools.map(({ name }) => name),
        ["renamed"],
      );
    }
  }
});

test("initialize is shown too; one that is refused opens no session", async () => {
  const server = await guardrailServer();
  const a = new FakeServer();
  const rig = new Rig({ a }, { guardrails: [processor(server.port, { initialize: "full" })] });
  await rig.open();
  assert.deepEqual(server.methods, ["request initialize", "response initialize"]);
  for (const refusing of ["CheckRequest", "CheckResponse"]) {
    server.answer = ({ rpc }) => (rpc === refusing ? { error: { code: "PERMISSION_DENIED", reason: "not you" } } : { pass: {} });
    const { status, messages, headers } = await rig.post({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
    });
    assert.deepEqual([status, messages[0]?.error, headers.has("mcp-session-id")], [200, { code: -32001, message: "not you" }, false]);
  }
});

test("what names no item, and methods that only a lone target knows, are shown as they are and can be changed", async () => {
  const server = await guardrailServer(({ rpc }) => (rpc === "CheckRequest" ? { mutated: { changed: true } } : { pass: {} }));
  const a = new FakeServer({ answers: { "custom/method": { ok: true }, "tools/call": { content: [] } } });
  const rig = new Rig({ a }, { guardrails: [processor(server.port, { "*": "full", initialize: "off" })] });
  const session = await rig.open();
  for (const method of ["custom/method", "tools/call"]) {
    await rig.call(method, { secret: 1 }, { session });
    assert.deepEqual(server.asked.at(-2)?.json, { secret: 1 });
    assert.deepEqual(a.received.at(-1)?.message?.params, { changed: true });
  }
  const subscribing = server.asked.length;
  await rig.call("resources/subscribe", { uri: "a:b" }, { session });
  assert.deepEqual(
    server.asked.slice(subscribing).map(({ rpc }) => rpc),
    [],
  ); // the fake server refuses it: no result, nothing to show
  await rig.call("ping", {}, { session });
  assert.deepEqual(server.methods.slice(-2), ["request ping", "response ping"]);
});

// shows: guardrail-failure-mode
test("a processor that cannot be asked refuses by name, or is left out: logged now and then, counted each time", async () => {
  const gone = await guardrailServer();
  gone.close();
  const a = new FakeServer();
  const closed = processor(gone.port, { "tools/call": "full" });
  const rig = new Rig({ a }, { guardrails: [closed] });
  const session = await rig.open();
  const refused = await rig.call("tools/call", call, { session });
  assert.deepEqual(
    [refused.status, refused.messages[0]?.error],
    [200, { code: -32603, message: 'mcpGuardrails failed: processor "checker": UNAVAILABLE' }],
  );
  assert.equal(a.methods.includes("tools/call"), false);
  assert.deepEqual(closed.failures, [false]);
  assert.match(closed.logged.join(), /is refused .*"processor":"checker".*ECONNREFUSED/);

  const open = processor(gone.port, { "tools/call": "full" }, { failureMode: "failOpen" });
  const other = await guardrailServer(() => ({ mutated: { name: "echo", arguments: { text: "other" } } }));
  const openRig = new Rig({ a }, { guardrails: [open, processor(other.port, { "tools/call": "request" })] });
  const openSession = await openRig.open();
  for (let i = 0; i < 3; i++)
    assert.equal((await openRig.call("tools/call", call, { session: openSession })).messages[0]?.error, undefined);
  assert.deepEqual(lastParams(a), { name: "echo", arguments: { text: "other" } });
  assert.deepEqual([open.failures.length, open.failures[0], open.logged.length], [6, true, 1]);
});

test("gRPC errors and answers that mean nothing are failures of the processor", async () => {
  const server = await guardrailServer();
  const a = new FakeServer();
  const strict = processor(server.port, { "tools/call": "full" }, { maxMessageBytes: 1_000_000 });
  const rig = new Rig({ a }, { guardrails: [strict] });
  const lenient = new Rig({ a }, { guardrails: [{ ...strict, failureMode: "failOpen" }] });
  const [session, lenientSession] = [await rig.open(), await lenient.open()];
  let deep = new ProtoWriter().double(2, 1).finish();
  for (let i = 0; i < 150; i++) {
    const entry = new ProtoWriter().bytes(1, "a").bytes(2, deep).finish();
    deep = new ProtoWriter().bytes(5, new ProtoWriter().bytes(1, entry).finish()).finish();
  }
  const answers: readonly (readonly [Answer, RegExp])[] = [
    [{ code: 7, details: "secret details" }, /PERMISSION_DENIED/],
    [{}, /no verdict/],
    [Buffer.from([0xff, 0xff, 0xff]), /unusable answer/],
    [Buffer.from([0x12, 0x7f, 0x01]), /unusable answer/],
    [{ mutated: [] }, /no JSON object/],
    [{ mutated: '"text"' }, /no JSON object/],
    [{ mutated: "{" }, /no JSON object/],
    [{ mutated: '{"name":"a","name":"b","content":[]}' }, /key twice/],
    [{ mutated: '{"name":"a","Name":"b"}' }, /key twice/],
    [{ mutated: { text: "x".repeat(2_000_000) } }, /RESOURCE_EXHAUSTED/],
    [
      new ProtoWriter()
        .bytes(1, "")
        .bytes(5, new ProtoWriter().bytes(1, new ProtoWriter().bytes(2, deep).finish()).finish())
        .finish(),
      /nested too deeply/,
    ],
  ];
  for (const [answer, expected] of answers) {
    server.answer = () => answer;
    const { status, messages } = await rig.call("tools/call", call, { session });
    assert.deepEqual([status, messages[0]?.error?.code], [200, -32603]);
    assert.match(messages[0]?.error?.message ?? "", expected);
    assert.doesNotMatch(messages[0]?.error?.message ?? "", /secret|127\.0\.0\.1/);
    assert.deepEqual(lastParams(a), undefined);
  }
  for (const [answer] of answers) {
    server.answer = ({ rpc }) => (rpc === "CheckRequest" ? answer : { pass: {} });
    assert.equal((await lenient.call("tools/call", call, { session: lenientSession })).messages[0]?.error, undefined);
    assert.deepEqual(lastParams(a), call);
  }
  server.answer = () => ({ mutated: { arguments: {} } });
  const nameless = await rig.call("tools/call", call, { session });
  assert.match(nameless.messages[0]?.error?.message ?? "", /no request of this method/);
});

test("a processor that never answers has until the deadline, and one whose client left is told", async () => {
  let cancelled = 0;
  const server = await guardrailServer(() => new Promise<Answer>(() => {}));
  const quick = processor(server.port, { "tools/call": "request" });
  const send: GuardrailSettings["send"] = (outgoing) => quick.send(Object.assign(outgoing, { timeoutMs: 60 }));
  const rig = new Rig({ a: new FakeServer() }, { guardrails: [{ ...quick, send }] });
  const session = await rig.open();
  const { messages } = await rig.call("tools/call", call, { session });
  assert.deepEqual(messages[0]?.error, { code: -32603, message: 'mcpGuardrails failed: processor "checker": no answer in time' });

  const asked = new Promise<void>((resolve) => {
    server.answer = () => {
      resolve();
      return new Promise<Answer>(() => {});
    };
  });
  const patient: GuardrailSettings["send"] = (outgoing) => {
    void asked.then(() => {
      cancelled += 1;
      outgoing.exchange.abort(new Error("client left"));
    });
    return quick.send(outgoing);
  };
  const leaving = new Rig({ a: new FakeServer() }, { guardrails: [{ ...quick, send: patient }] });
  const left = await leaving.call("tools/call", call, { session: await leaving.open() });
  assert.deepEqual([cancelled, left.exchange.error?.code], [1, "client_closed"]);
});

// shows: guardrail-one-reading
test("what processor and target could read differently is refused, in requests and in results", async () => {
  const server = await guardrailServer();
  const smuggled = '{"jsonrpc":"2.0","id":1,"result":{"content":[],"content":["evil"]}}';
  const foreign = '{"jsonrpc":"2.0","id":1,"Result":{"content":["evil"]}}';
  const hybrid = '{"jsonrpc":"2.0","id":1,"method":"notifications/x","result":{"content":["evil"]}}';
  let body = smuggled;
  const a = new FakeServer({
    answers: {
      "tools/call": () => {
        const reply = Reply.text(200, body);
        reply.headers.set("content-type", "application/json");
        return reply;
      },
    },
  });
  const rig = new Rig({ a }, { guardrails: [processor(server.port, { "tools/call": "full" })] });
  const session = await rig.open();
  for (const params of [
    '{"name":"echo","arguments":{"x":1},"arguments":{"x":2}}',
    '{"name":"echo","arguments":{"x":1,"x":2}}',
    '{"name":"echo","Arguments":{},"arguments":{}}',
  ]) {
    const { status, messages } = await rig.post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`, { session });
    assert.deepEqual([status, messages[0]?.error?.code], [400, -32600], params);
  }
  assert.equal(a.methods.includes("tools/call"), false);
  for (body of [smuggled, foreign, "[]", "evil"]) {
    const { text, messages } = await rig.call("tools/call", call, { session });
    assert.equal(messages[0]?.error?.code, -32603, body);
    assert.equal(text.includes("evil"), false);
  }
  body = hybrid;
  server.answer = ({ rpc }) => (rpc === "CheckRequest" ? { pass: {} } : { error: { code: "INVALID", reason: "seen" } });
  assert.equal((await rig.call("tools/call", call, { session })).messages[0]?.error?.message, "seen");
});

// shows: guardrail-untouched
test("what no processor looks at goes through as the bytes that came", async () => {
  const server = await guardrailServer();
  const events = 'id: 1\nevent: message\ndata: {"jsonrpc":"2.0","id":1,"result":{ "content" : [] }}\n\n';
  const a = new FakeServer({
    answers: { "tools/call": () => new Reply(200, new HeaderList(["content-type", "text/event-stream"]), Buffer.from(events)) },
  });
  const rig = new Rig({ a }, { guardrails: [processor(server.port, { "tools/*": "full", "tools/call": "off" })] });
  const { text } = await rig.call("tools/call", call, { session: await rig.open() });
  assert.equal(text, events);
  assert.deepEqual(server.asked, []);
});

test("under HTTP+SSE refusals come in the client's stream, that of initialize too", async () => {
  const server = await guardrailServer();
  const rig = new Rig({ a: new FakeServer() }, { guardrails: [processor(server.port, { "*": "full" })] });
  const { reply } = await rig.send("GET", undefined, { path: "/sse" });
  assert.ok(isReplyStream(reply.body));
  const inbox: ((data: string) => void)[] = [];
  const next = (): Promise<string> => new Promise((resolve) => void inbox.push(resolve));
  const parser = new SseParser({ maxEventBytes: 1_000_000, onEvent: ({ data }) => inbox.shift()?.(data) });
  const first = next();
  reply.body.start({ data: (chunk) => (parser.feed(chunk), true), end() {}, fail() {} });
  const search = (await first).replace("/sse", "");
  const post = async (method: string, params: object): Promise<RpcMessage> => {
    const message = next();
    const { status } = await rig.request("POST", { jsonrpc: "2.0", id: method, method, params }, { path: "/sse", search });
    assert.equal(status, 202);
    return JSON.parse(await message) as RpcMessage;
  };
  const hello = { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "c", version: "1" } };
  for (const refusing of ["CheckRequest", "CheckResponse"]) {
    server.answer = ({ rpc }) => (rpc === refusing ? { error: { code: "PERMISSION_DENIED", reason: "no" } } : { pass: {} });
    assert.deepEqual((await post("initialize", hello)).error, { code: -32001, message: "no" });
  }
  server.answer = () => ({ pass: {} });
  assert.notEqual((await post("initialize", hello)).result, undefined);
  for (const refusing of ["CheckRequest", "CheckResponse"]) {
    server.answer = ({ rpc }) => (rpc === refusing ? { error: { code: "INVALID", reason: "no" } } : { pass: {} });
    assert.deepEqual((await post("tools/call", call)).error, { code: -32600, message: "no" });
  }
  reply.body.cancel(new Error("client left"));
  rig.close();
});

test("a result under any status that clients take for one is shown", async () => {
  const server = await guardrailServer(() => ({ error: { code: "PERMISSION_DENIED", reason: "poisoned" } }));
  for (const [type, head] of [
    ["application/json", ""],
    ["text/event-stream", "data: "],
  ] as const) {
    const body = `${head}{"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n\n`;
    const a = new FakeServer({ answers: { "tools/call": () => new Reply(201, new HeaderList(["content-type", type]), body) } });
    const rig = new Rig({ a }, { guardrails: [processor(server.port, { "tools/call": "response" })] });
    const refused = await rig.call("tools/call", call, { session: await rig.open() });
    assert.equal(refused.messages.at(-1)?.error?.message, "poisoned", refused.text);
  }
});
