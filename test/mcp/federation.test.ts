import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/contract/errors.ts";
import { Reply } from "../../src/contract/reply.ts";
import type { Authorize } from "../../src/mcp/settings.ts";
import { FakeServer, type Received, type RpcMessage, tools } from "./fake-server.ts";
import { type Answered, initialize, resultOf, Rig, settle } from "./rig.ts";

const all = { tools: {}, prompts: {}, resources: {}, completions: {} };

function names(answered: Answered, member: string, key = "name"): unknown[] {
  return resultOf<Record<string, Record<string, unknown>[]>>(answered)[member]?.map((element) => element[key]) ?? [];
}

test("the merged initialize speaks for all", async () => {
  const rig = new Rig({
    a: new FakeServer({ protocolVersion: "2025-03-26", instructions: "be kind" }),
    b: new FakeServer({ capabilities: { logging: {} } }),
  });
  const { messages, headers } = await rig.post(initialize());
  const result = messages[0]?.result as Record<string, unknown>;
  assert.equal(messages[0]?.id, "init");
  assert.equal(result["protocolVersion"], "2025-03-26");
  assert.deepEqual(result["serverInfo"], { name: "turnpike", version: "0.0.1" });
  assert.deepEqual(Object.keys(result["capabilities"] as object), ["tools", "logging"]);
  assert.match(String(result["instructions"]), /\[a\]\nbe kind/);
  assert.ok(headers.get("mcp-session-id"));
});

test("tools of all targets, prefixed, every other byte as the server sent it", async () => {
  const odd =
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{ "x":12345678901234567890, "name":"echo","inputSchema":{"maximum":1.0}} ,{"name":"e\\u0078it"}]}}';
  const raw = Reply.text(200, odd);
  raw.headers.set("content-type", "application/json");
  const rig = new Rig({
    a: new FakeServer({ answers: { "tools/list": () => raw } }),
    b: new FakeServer({ answers: { "tools/list": tools("echo") }, events: true }),
  });
  const session = await rig.open();
  const { text } = await rig.call("tools/list", {}, { session, headers: { accept: "application/json" } });
  assert.equal(
    text,
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{ "x":12345678901234567890, "name":"a_echo","inputSchema":{"maximum":1.0}},' +
      '{"name":"a_exit"},{"name":"b_echo","inputSchema":{"type":"object"}}]}}',
  );
});

test("a call goes to the one target, under its own name, with its other bytes as they were", async () => {
  const a = new FakeServer();
  const b = new FakeServer();
  const rig = new Rig({ a, b });
  const session = await rig.open();
  await rig.post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"name":"b_x","n":1.0},"name":"b_x_y"}}', {
    session,
  });
  assert.equal(
    b.received.at(-1)?.body,
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"name":"b_x","n":1.0},"name":"x_y"}}',
  );
  assert.equal(a.methods.includes("tools/call"), false);
});

test("a name of no target is 500 with -32603", async () => {
  const rig = new Rig({ a: new FakeServer(), b: new FakeServer() });
  const session = await rig.open();
  for (const name of ["echo", "c_echo"]) {
    const { status, messages } = await rig.call("tools/call", { name }, { session });
    assert.deepEqual(
      [status, messages[0]],
      [500, { jsonrpc: "2.0", id: 1, error: { code: -32603, message: `failed to send message: no target for tool "${name}"` } }],
    );
  }
  const unknown = await rig.call("custom/method", {}, { session });
  assert.deepEqual([unknown.status, unknown.messages[0]?.error?.code], [500, -32603]);
});

test("a method that only a lone target may know is its to answer", async () => {
  const server = new FakeServer({ answers: { "custom/method": { ok: true } } });
  const rig = new Rig({ a: server });
  const session = await rig.open();
  assert.deepEqual((await rig.call("custom/method", {}, { session })).messages[0]?.result, { ok: true });
});

test("prompts, resources and templates are merged; what a target does not have is no error", async () => {
  const a = new FakeServer({
    capabilities: all,
    answers: {
      "prompts/list": { prompts: [{ name: "p" }] },
      "resources/list": {
        resources: [
          { uri: "memo://insights", name: "i" },
          { uri: "ui://app", name: "u" },
        ],
      },
      "resources/templates/list": { resourceTemplates: [{ uriTemplate: "memo://{id}", name: "t" }] },
    },
  });
  const withoutPrompts = new FakeServer({ capabilities: { tools: {} } });
  const liar = new FakeServer({ capabilities: all }); // says it has them, and answers -32601
  const rig = new Rig({ a, b: withoutPrompts, c: liar });
  const session = await rig.open();
  assert.deepEqual(names(await rig.call("prompts/list", {}, { session }), "prompts"), ["a_p"]);
  assert.deepEqual(names(await rig.call("resources/list", undefined, { session }), "resources", "uri"), [
    "a+memo://insights",
    "ui://a+app",
  ]);
  assert.deepEqual(names(await rig.call("resources/templates/list", {}, { session }), "resourceTemplates", "uriTemplate"), [
    "a+memo://{id}",
  ]);
  assert.equal(withoutPrompts.methods.includes("prompts/list"), false);
  assert.equal(liar.methods.includes("prompts/list"), true);
});

test("resources are read, subscribed to and completed by their published URI", async () => {
  const a = new FakeServer({
    capabilities: all,
    answers: {
      "resources/read": ({ message }: Received) => ({
        contents: [
          { uri: message?.params?.["uri"], text: "t" },
          { uri: "memo://other", blob: "" },
        ],
      }),
      "resources/subscribe": {},
      "completion/complete": { completion: { values: ["x"] } },
    },
  });
  const rig = new Rig({ a, b: new FakeServer() });
  const session = await rig.open();
  const read = await rig.call("resources/read", { uri: "a+memo://insights" }, { session });
  assert.deepEqual(read.messages[0]?.result, {
    contents: [
      { uri: "a+memo://insights", text: "t" },
      { uri: "a+memo://other", blob: "" },
    ],
  });
  assert.equal((await rig.call("resources/read", { uri: "memo://insights" }, { session })).status, 500);
  await rig.call("resources/subscribe", { uri: "a+memo://insights" }, { session });
  assert.deepEqual(a.received.at(-1)?.message?.params, { uri: "memo://insights" });
  for (const ref of [
    { type: "ref/prompt", name: "a_p" },
    { type: "ref/resource", uri: "a+memo://{id}" },
  ]) {
    const { messages } = await rig.call("completion/complete", { ref, argument: { name: "n", value: "v" } }, { session });
    assert.deepEqual(messages[0]?.result, { completion: { values: ["x"] } });
  }
  assert.deepEqual(
    a.received.slice(-2).map(({ message }) => message?.params?.["ref"]),
    [
      { type: "ref/prompt", name: "p" },
      { type: "ref/resource", uri: "memo://{id}" },
    ],
  );
});

test("ping and logging/setLevel go to all who have them; one answer comes back", async () => {
  const a = new FakeServer({ capabilities: { logging: {} }, answers: { "logging/setLevel": {} } });
  const b = new FakeServer();
  const rig = new Rig({ a, b });
  const session = await rig.open();
  assert.deepEqual((await rig.call("ping", {}, { session })).messages, [{ jsonrpc: "2.0", id: 1, result: {} }]);
  assert.deepEqual((await rig.call("logging/setLevel", { level: "info" }, { session })).messages, [{ jsonrpc: "2.0", id: 1, result: {} }]);
  assert.deepEqual([a.methods.at(-1), b.methods.at(-1)], ["logging/setLevel", "ping"]);
});

function cursorOf(message: RpcMessage | undefined): string {
  const cursor = message?.params?.["cursor"];
  return typeof cursor === "string" ? cursor : "start";
}

test("every page of every target is in the list", async () => {
  const pages: Record<string, unknown> = {
    start: { ...tools("t1"), nextCursor: "p2" },
    p2: { ...tools("t2"), nextCursor: 'p3"' },
    'p3"': tools("t3"),
  };
  const paged = (): FakeServer => new FakeServer({ answers: { "tools/list": ({ message }: Received) => pages[cursorOf(message)] } });
  const a = paged();
  const rig = new Rig({ a, b: paged() });
  const session = await rig.open();
  const listed = await rig.call("tools/list", { cursor: null, _meta: { x: 1 } }, { session });
  assert.deepEqual(names(listed, "tools"), ["a_t1", "a_t2", "a_t3", "b_t1", "b_t2", "b_t3"]);
  assert.equal("nextCursor" in resultOf<object>(listed), false);
  const requests = a.received.filter(({ message }) => message?.method === "tools/list");
  assert.deepEqual(
    requests.map(({ message }) => message?.params),
    [{ _meta: { x: 1 } }, { _meta: { x: 1 }, cursor: "p2" }, { _meta: { x: 1 }, cursor: 'p3"' }],
  );
  assert.equal(new Set(requests.map(({ message }) => message?.id)).size, 3, "every request has an id of its own");
});

test("a list without end is followed for so many pages", async () => {
  const endless = new FakeServer({ answers: { "tools/list": { ...tools("t"), nextCursor: "more" } } });
  const rig = new Rig({ a: endless, b: new FakeServer() }, { limits: { maxPages: 5 } });
  const session = await rig.open();
  assert.equal(names(await rig.call("tools/list", {}, { session }), "tools").length, 5);
});

test("a lone target's pages are its client's own business", async () => {
  const server = new FakeServer({ answers: { "tools/list": { ...tools("t"), nextCursor: "more" } } });
  const rig = new Rig({ a: server });
  const session = await rig.open();
  const listed = await rig.call("tools/list", { cursor: "c" }, { session });
  assert.equal(resultOf<{ nextCursor: string }>(listed).nextCursor, "more");
  assert.deepEqual(server.received.at(-1)?.message?.params, { cursor: "c" });
});

// prefix modes

test("`never`: names stay; a name that two targets have is nobody's", async () => {
  const a = new FakeServer({ answers: { "tools/list": tools("one", "both") } });
  const later: Record<string, unknown> = { start: { ...tools("both"), nextCursor: "p2" }, p2: tools("two") };
  const b = new FakeServer({ answers: { "tools/list": ({ message }: Received) => later[cursorOf(message)] } });
  const rig = new Rig({ a, b }, { prefixMode: "never" });
  const session = await rig.open();
  const called = await rig.call("tools/call", { name: "two" }, { session });
  assert.deepEqual(resultOf<{ content: unknown }>(called).content, [{ type: "text", text: '{"name":"two"}' }]);
  assert.deepEqual(called.exchange.mcp?.tool, { name: "two", target: "b" });
  assert.deepEqual(names(await rig.call("tools/list", {}, { session }), "tools"), ["one", "two"]);
  const conflict = await rig.call("tools/call", { name: "both" }, { session });
  assert.deepEqual(
    [conflict.status, conflict.messages[0]?.error?.message],
    [500, 'failed to send message: more than one target offers tool "both"'],
  );
  const missing = await rig.call("tools/call", { name: "three" }, { session });
  assert.deepEqual([missing.status, missing.messages[0]?.error?.message], [500, 'failed to send message: no target for tool "three"']);
});

test("`never`: owners are looked up once, and again for a name that is new", async () => {
  let offered = ["one"];
  const a = new FakeServer({ answers: { "tools/list": () => tools(...offered) } });
  const rig = new Rig({ a, b: new FakeServer({ answers: { "tools/list": tools() } }) }, { prefixMode: "never" });
  const session = await rig.open();
  const lists = (): number => a.methods.filter((method) => method === "tools/list").length;
  await rig.call("tools/call", { name: "one" }, { session });
  await rig.call("tools/call", { name: "one" }, { session });
  assert.equal(lists(), 1);
  offered = ["one", "two"];
  assert.equal((await rig.call("tools/call", { name: "two" }, { session })).status, 200);
  assert.equal(lists(), 2);
});

test("`always`: even a lone target's names have its prefix", async () => {
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/list": tools("echo") } }) }, { prefixMode: "always" });
  const session = await rig.open();
  assert.deepEqual(names(await rig.call("tools/list", {}, { session }), "tools"), ["a_echo"]);
  assert.equal((await rig.call("tools/call", { name: "a_echo" }, { session })).status, 200);
  assert.equal((await rig.call("tools/call", { name: "echo" }, { session })).status, 500);
});

// authorization

const rules: Authorize = (exchange, { tool, prompt, resource }) => {
  if (tool !== undefined)
    return exchange.incoming.headers.get("x-role") === "admin" || (tool.name !== "secret" && !refused(tool.arguments));
  if (prompt !== undefined) return prompt.name !== "secret" && prompt.target === "a";
  return resource?.name !== "memo://secret";
};

function refused(given: unknown): boolean {
  return typeof given === "object" && given !== null && "path" in given && given.path === "/etc/passwd";
}

const guardedServer = (): FakeServer =>
  new FakeServer({
    capabilities: all,
    answers: {
      "tools/list": { ...tools("open", "secret"), nextCursor: undefined, extra: 1.5 },
      "prompts/list": { prompts: [{ name: "open" }, { name: "secret" }] },
      "resources/list": { resources: [{ uri: "memo://open" }, { uri: "memo://secret" }] },
    },
  });

for (const [title, targets, prefix, uriPrefix] of [
  ["a lone target", ["a"], "", ""],
  ["several targets", ["a", "b"], "a_", "a+"],
] as const) {
  test(`rules hide and refuse: ${title}`, async () => {
    const server = guardedServer();
    const rig = new Rig(Object.fromEntries(targets.map((name) => [name, name === "a" ? server : new FakeServer()])), { authorize: rules });
    const session = await rig.open();
    assert.deepEqual(names(await rig.call("tools/list", {}, { session }), "tools"), [`${prefix}open`]);
    assert.deepEqual(names(await rig.call("tools/list", {}, { session, headers: { "x-role": "admin" } }), "tools"), [
      `${prefix}open`,
      `${prefix}secret`,
    ]);
    assert.deepEqual(names(await rig.call("prompts/list", {}, { session }), "prompts"), [`${prefix}open`]);
    assert.deepEqual(names(await rig.call("resources/list", {}, { session }), "resources", "uri"), [`${uriPrefix}memo://open`]);
    const before = server.received.length;
    for (const [method, params, message] of [
      ["tools/call", { name: `${prefix}secret` }, `Unknown tool: ${prefix}secret`],
      ["tools/call", { name: `${prefix}open`, arguments: { path: "/etc/passwd" } }, `Unknown tool: ${prefix}open`],
      ["prompts/get", { name: `${prefix}secret` }, `Unknown prompt: ${prefix}secret`],
      ["resources/read", { uri: `${uriPrefix}memo://secret` }, `Unknown resource: ${uriPrefix}memo://secret`],
      ["resources/subscribe", { uri: `${uriPrefix}memo://secret` }, `Unknown resource: ${uriPrefix}memo://secret`],
      ["completion/complete", { ref: { type: "ref/prompt", name: `${prefix}secret` } }, `Unknown prompt: ${prefix}secret`],
    ] as const) {
      const { status, messages } = await rig.call(method, params, { session });
      assert.deepEqual([status, messages[0]], [400, { jsonrpc: "2.0", id: 1, error: { code: -32602, message } }]);
    }
    assert.equal(server.received.length, before, "nothing of it reached the server");
    assert.equal((await rig.call("tools/call", { name: `${prefix}open`, arguments: { path: "/tmp" } }, { session })).status, 200);
  });

  test(`rules cannot be passed by a text that two parsers read differently: ${title}`, async () => {
    const server = guardedServer();
    const rig = new Rig(Object.fromEntries(targets.map((name) => [name, name === "a" ? server : new FakeServer()])), { authorize: rules });
    const session = await rig.open();
    const before = server.received.length;
    for (const body of [
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${prefix}secret","name":"${prefix}open"}}`,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${prefix}open","Name":"secret"}}`,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"secret"},"params":{"name":"${prefix}open"}}`,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","Method":"resources/read","params":{"name":"${prefix}open"}}`,
    ]) {
      const { status, messages } = await rig.post(body, { session });
      assert.equal(status, 400, body);
      assert.match(messages[0]?.error?.message ?? "", /ambiguous key/);
    }
    assert.equal(server.received.length, before);
  });
}

test("with rules a method that nobody knows is not passed on", async () => {
  const server = new FakeServer({ answers: { "custom/tool": { done: true } } });
  const rig = new Rig({ a: server }, { authorize: () => true });
  const session = await rig.open();
  assert.equal((await rig.call("custom/tool", {}, { session })).status, 500);
  assert.equal((await rig.call("tools/call", { nothing: "named" }, { session })).status, 500);
  assert.equal(server.methods.includes("custom/tool"), false);
});

// failure modes

const refusing = (): FakeServer => {
  const server = new FakeServer();
  Object.assign(server, { send: () => Promise.reject(new GatewayError("upstream_failed", { detail: "connection refused" })) });
  return server;
};
const hanging = (): FakeServer => new FakeServer({ answers: { initialize: () => new Promise(() => {}) } });

test("failClosed: one target that is down is everybody's failure, by name", async () => {
  const rig = new Rig({ a: new FakeServer(), b: refusing() });
  const { status, messages, headers } = await rig.post(initialize());
  assert.equal(status, 500);
  assert.deepEqual(messages[0]?.error, {
    code: -32603,
    message: 'failed to send message: target "b": upstream call failed: connection refused',
  });
  assert.equal(headers.get("mcp-session-id"), undefined);
  assert.equal(rig.sessions.size, 0);
});

test("failClosed: a target that does not answer has a deadline all the same", async () => {
  const rig = new Rig({ a: new FakeServer(), b: hanging() }, { limits: { closedDeadlineMs: 20 } });
  const { messages } = await rig.post(initialize());
  assert.equal(messages[0]?.error?.message, 'failed to send message: target "b": no answer within 20 ms');
});

test("failOpen: the others go on, whether a target is down or hangs; its calls say which it is", async () => {
  const a = new FakeServer({ answers: { "tools/list": tools("echo") } });
  const rig = new Rig(
    { a, down: refusing(), slow: hanging() },
    { failureMode: "failOpen", limits: { openDeadlineMs: 30, shortDeadlineMs: 10, closedDeadlineMs: 100 } },
  );
  const session = await rig.open();
  assert.deepEqual(names(await rig.call("tools/list", {}, { session }), "tools"), ["a_echo"]);
  assert.equal((await rig.call("tools/call", { name: "a_echo" }, { session })).status, 200);
  const failed = await rig.call("tools/call", { name: "down_x" }, { session });
  assert.deepEqual(
    [failed.status, failed.messages[0]?.error?.message],
    [500, 'failed to send message: target "down": upstream call failed: connection refused'],
  );
  assert.ok(
    rig.log.some((line) => line.includes("left out") && line.includes('\\"slow\\": no answer within')),
    rig.log.join("\n"),
  );
});

test("failOpen: a target that missed its deadline is given a short one for a while", async () => {
  const rig = new Rig(
    { a: new FakeServer({ answers: { "tools/list": tools("x") } }), slow: hanging() },
    { failureMode: "failOpen", limits: { openDeadlineMs: 300, shortDeadlineMs: 5, closedDeadlineMs: 400 } },
  );
  const session = await rig.open();
  const before = performance.now();
  await rig.call("tools/list", {}, { session });
  assert.ok(performance.now() - before < 250);
});

test("failOpen: a target that comes up later joins the session by itself", async () => {
  let up = false;
  const late = new FakeServer({ answers: { "tools/list": tools("echo") } });
  const { send } = late;
  Object.assign(late, {
    send: (outgoing: Parameters<typeof send>[0]) => (up ? send(outgoing) : Promise.reject(new GatewayError("upstream_failed"))),
  });
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/list": tools("x") } }), late }, { failureMode: "failOpen" });
  const session = await rig.open();
  assert.deepEqual(names(await rig.call("tools/list", {}, { session }), "tools"), ["a_x"]);
  up = true;
  assert.deepEqual(names(await rig.call("tools/list", {}, { session }), "tools"), ["a_x", "late_echo"]);
  assert.deepEqual(late.methods, ["initialize", "notifications/initialized", "tools/list"]);
});

test("failOpen: all down is the first failure", async () => {
  const rig = new Rig({ a: refusing(), b: refusing() }, { failureMode: "failOpen" });
  const { status, messages } = await rig.post(initialize());
  assert.deepEqual([status, messages[0]?.error?.code], [500, -32603]);
  assert.match(messages[0]?.error?.message ?? "", /target "a"/);
});

test("a JSON-RPC error of one target's list fails it closed and is left out open", async () => {
  const broken = (): FakeServer =>
    new FakeServer({
      answers: {
        "tools/list": ({ message }: Received) =>
          Reply.json(200, { jsonrpc: "2.0", id: message?.id, error: { code: -32000, message: "database gone" } }),
      },
    });
  const good = (): FakeServer => new FakeServer({ answers: { "tools/list": tools("x") } });
  const closed = new Rig({ a: good(), b: broken() });
  const failed = await closed.call("tools/list", {}, { session: await closed.open() });
  assert.deepEqual(
    [failed.status, failed.messages[0]?.error?.message],
    [500, 'failed to send message: target "b": tools/list failed: database gone (code -32000)'],
  );
  const open = new Rig({ a: good(), b: broken() }, { failureMode: "failOpen" });
  assert.deepEqual(names(await open.call("tools/list", {}, { session: await open.open() }), "tools"), ["a_x"]);
});

test("a target's HTTP error fails the list in its own words, unless they would mean the client's session", async () => {
  for (const [status, expected] of [
    [401, [401, "no"]],
    [404, [500, '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"failed to send message: target \\"b\\": HTTP status 404"}}']],
  ] as const) {
    const broken = new FakeServer({ answers: { "tools/list": () => Reply.text(status, "no") } });
    const rig = new Rig({ a: new FakeServer({ answers: { "tools/list": tools("x") } }), b: broken });
    const failed = await rig.call("tools/list", {}, { session: await rig.open() });
    assert.deepEqual([failed.status, failed.text], expected);
  }
});

// stateless

const greeted = ["initialize", "notifications/initialized"];

test("stateless: a call greets the one target it needs, whose session the caller's next calls share", async () => {
  const a = new FakeServer({ sessions: true });
  const b = new FakeServer({ sessions: true });
  const rig = new Rig({ a, b }, { statefulMode: "stateless" });
  const called = await rig.call("tools/call", { name: "b_echo" });
  assert.equal(called.status, 200);
  assert.equal(called.headers.get("mcp-session-id"), undefined);
  assert.deepEqual(a.methods, []);
  assert.deepEqual(b.methods, ["initialize", "notifications/initialized", "tools/call"]);
  assert.deepEqual(b.received[0]?.message?.params, {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "turnpike", version: "0.0.1" },
  });
  const again = await rig.call("tools/call", { name: "b_echo" });
  assert.equal(again.messages[0]?.id, 1);
  assert.deepEqual(b.methods.slice(3), ["tools/call"]);
  // in a session of its own: other credentials, another caller
  await rig.call("tools/call", { name: "b_echo" }, { headers: { authorization: "Bearer other" } });
  await rig.call("tools/call", { name: "b_echo" }, { identity: { basicAuth: { username: "somebody" } } });
  assert.deepEqual(b.methods.slice(4), [...greeted, "tools/call", ...greeted, "tools/call"]);
  assert.equal(b.sessions.size, 3);
  rig.close();
  await settle();
  assert.equal(b.sessions.size, 0);
});

test("stateless: initialize answers for all without a session; pings and notifications need nobody", async () => {
  const a = new FakeServer({ capabilities: { resources: { subscribe: true } } });
  const rig = new Rig({ a, b: new FakeServer() }, { statefulMode: "stateless" });
  const opened = await rig.post(initialize());
  assert.equal(opened.status, 200);
  assert.equal(opened.headers.get("mcp-session-id"), undefined);
  assert.equal("subscribe" in resultOf<{ capabilities: { resources: object } }>(opened).capabilities.resources, false);
  const before = a.received.length;
  assert.equal((await rig.post({ jsonrpc: "2.0", method: "notifications/initialized" })).status, 202);
  assert.deepEqual((await rig.call("ping", {})).messages, [{ jsonrpc: "2.0", id: 1, result: {} }]);
  assert.equal(a.received.length, before);
});

test("stateless: lists and rules work as with a session", async () => {
  const rig = new Rig(
    { a: guardedServer(), b: new FakeServer({ answers: { "tools/list": tools("x") } }) },
    { statefulMode: "stateless", authorize: rules },
  );
  assert.deepEqual(names(await rig.call("tools/list", {}), "tools"), ["a_open", "b_x"]);
  assert.equal((await rig.call("tools/call", { name: "a_secret" })).status, 400);
});

test("stateless: a server that asks the client something gets a refusal, and the call goes on", async () => {
  const asking = new FakeServer({
    answers: {
      "tools/call": ({ message }: Received) => {
        const events = [
          { jsonrpc: "2.0", id: 9, method: "sampling/createMessage", params: {} },
          { jsonrpc: "2.0", id: message?.id, result: { content: [] } },
        ];
        const reply = Reply.text(200, events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
        reply.headers.set("content-type", "text/event-stream");
        return reply;
      },
    },
  });
  const rig = new Rig({ a: asking }, { statefulMode: "stateless" });
  const { messages } = await rig.call("tools/call", { name: "x" });
  assert.deepEqual(messages, [{ jsonrpc: "2.0", id: 1, result: { content: [] } }]);
  const refusal = asking.received.map(({ message }) => message).find((message): message is RpcMessage => message?.error !== undefined);
  assert.deepEqual([refusal?.id, refusal?.error?.code], [9, -32601]);
});
