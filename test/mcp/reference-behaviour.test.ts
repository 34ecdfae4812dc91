import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/contract/errors.ts";
import { Reply } from "../../src/contract/reply.ts";
import type { Authorize } from "../../src/mcp/settings.ts";
import { FakeServer, type Received, tools } from "./fake-server.ts";
import { type Answered, initialize, OpenStream, resultOf, Rig, settle } from "./rig.ts";
import { ask, envelope, revision, statelessServer } from "./stateless.ts";

/** What those who come from the reference expect of an MCP backend, seen from outside; where we differ the decision is named. */

const all = { tools: {}, prompts: {}, resources: { subscribe: true } };

function listed(answered: Answered, member = "tools", key = "name"): unknown[] {
  return resultOf<Record<string, Record<string, unknown>[]>>(answered)[member]?.map((element) => element[key]) ?? [];
}

function failing(): FakeServer {
  const server = new FakeServer();
  Object.assign(server, { send: () => Promise.reject(new GatewayError("upstream_failed", { detail: "connection refused" })) });
  return server;
}

function stream(...messages: readonly object[]): Reply {
  const reply = Reply.text(200, messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join(""));
  reply.headers.set("content-type", "text/event-stream");
  return reply;
}

// MCP apps: `ui://` resources that tools refer to

const appServer = (extensions: object = {}): FakeServer =>
  new FakeServer({
    capabilities: { ...all, extensions },
    answers: {
      "tools/list": {
        tools: [
          {
            name: "t",
            inputSchema: { type: "object" },
            _meta: { ui: { resourceUri: "ui://app", visibility: ["model"] }, "ui/resourceUri": "ui://app" },
          },
        ],
      },
      "resources/list": { resources: [{ uri: "ui://app", name: "app" }] },
      "resources/read": ({ message }: Received) => ({ contents: [{ uri: message?.params?.["uri"], text: "<html>" }] }),
    },
  });

const metaOf = (answered: Answered): unknown => resultOf<{ tools: { _meta?: unknown }[] }>(answered).tools[0]?._meta;

test("apps: a tool refers to its app by the name that can be read back; a lone target's stays", async () => {
  const several = new Rig({ a: appServer(), b: new FakeServer() });
  const session = await several.open();
  assert.deepEqual(metaOf(await several.call("tools/list", {}, { session })), {
    ui: { resourceUri: "ui://a+app", visibility: ["model"] },
    "ui/resourceUri": "ui://a+app",
  });
  assert.deepEqual(listed(await several.call("resources/list", {}, { session }), "resources", "uri"), ["ui://a+app"]);
  const read = await several.call("resources/read", { uri: "ui://a+app" }, { session });
  assert.deepEqual(resultOf(read), { contents: [{ uri: "ui://a+app", text: "<html>" }] });
  const lone = new Rig({ a: appServer() });
  const alone = await lone.open();
  assert.deepEqual(metaOf(await lone.call("tools/list", {}, { session: alone })), {
    ui: { resourceUri: "ui://app", visibility: ["model"] },
    "ui/resourceUri": "ui://app",
  });
  assert.deepEqual(listed(await lone.call("resources/list", {}, { session: alone }), "resources", "uri"), ["ui://app"]);
});

test("apps: extensions of all targets are offered; settings on which they disagree are left out", async () => {
  const same = { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html"] } };
  const rig = new Rig({ a: appServer({ ...same, "x/y": { n: 1 } }), b: appServer({ ...same, "x/y": { n: 2 } }), c: appServer({ z: {} }) });
  const { capabilities } = resultOf<{ capabilities: { extensions: unknown } }>(await rig.post(initialize()));
  assert.deepEqual(capabilities.extensions, { ...same, "x/y": {}, z: {} });
});

for (const [title, targets] of [
  ["a lone target", ["a"]],
  ["several targets", ["a", "b"]],
] as const) {
  // shows: mcp-hidden-app
  test(`apps: a tool whose app the rules hide is shown without it: ${title}`, async () => {
    const authorize: Authorize = (_, { resource }) => resource?.name !== "ui://app";
    const rig = new Rig(Object.fromEntries(targets.map((name) => [name, name === "a" ? appServer() : new FakeServer()])), { authorize });
    const session = await rig.open();
    assert.deepEqual(metaOf(await rig.call("tools/list", {}, { session })), { ui: { visibility: ["model"] } });
    assert.deepEqual(listed(await rig.call("resources/list", {}, { session }), "resources", "uri"), []);
  });
}

test("apps: of a tool whose app is hidden and whose `_meta` can be read in two ways, none of it is shown", async () => {
  const text =
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"t","_meta":{"ui":{"resourceUri":"ui://other"},"ui":{"resourceUri":"ui://app"}}}]}}';
  const reply = Reply.text(200, text);
  reply.headers.set("content-type", "application/json");
  const authorize: Authorize = (_, { resource }) => resource?.name !== "ui://app";
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/list": () => reply } }) }, { authorize });
  const answered = await rig.call("tools/list", {}, { session: await rig.open() });
  assert.deepEqual(resultOf(answered), { tools: [{ name: "t" }] });
});

// names

test("`never`: a name on a later page is found, with sessions and without; one that two have is not to be called", async () => {
  const paged = (...pages: readonly string[][]): FakeServer =>
    new FakeServer({
      answers: {
        "tools/list": ({ message }: Received) => {
          const at = Number(message?.params?.["cursor"] ?? 0);
          return { ...tools(...(pages[at] ?? [])), ...(at + 1 < pages.length ? { nextCursor: `${at + 1}` } : {}) };
        },
      },
    });
  for (const statefulMode of ["stateful", "stateless"] as const) {
    const b = paged(["x"], ["late", "both"]);
    const rig = new Rig({ a: paged(["w", "both"]), b }, { prefixMode: "never", statefulMode });
    const options = statefulMode === "stateful" ? { session: await rig.open() } : {};
    assert.equal((await rig.call("tools/call", { name: "late", arguments: {} }, options)).status, 200);
    assert.deepEqual(b.received.at(-1)?.message?.params, { name: "late", arguments: {} });
    assert.deepEqual(listed(await rig.call("tools/list", {}, options)), ["w", "x", "late"]);
    const both = await rig.call("tools/call", { name: "both" }, options);
    assert.deepEqual(
      [both.status, both.messages[0]?.error],
      [500, { code: -32603, message: 'failed to send message: more than one target offers tool "both"' }],
    );
    const nobody = await rig.call("tools/call", { name: "nobody" }, options);
    assert.deepEqual([nobody.status, nobody.messages[0]?.error?.code], [500, -32603]);
  }
});

test("resources of several targets: read by the published URI and by no other", async () => {
  const a = new FakeServer({
    capabilities: all,
    answers: {
      "resources/list": { resources: [{ uri: "memo://insights", name: "i" }] },
      "resources/read": ({ message }: Received) => ({ contents: [{ uri: message?.params?.["uri"], text: "t" }] }),
    },
  });
  const rig = new Rig({ a, b: new FakeServer() });
  const session = await rig.open();
  assert.deepEqual(listed(await rig.call("resources/list", {}, { session }), "resources", "uri"), ["a+memo://insights"]);
  assert.deepEqual(listed(await rig.call("resources/templates/list", {}, { session }), "resourceTemplates"), []);
  const read = await rig.call("resources/read", { uri: "a+memo://insights" }, { session });
  assert.deepEqual(resultOf(read), { contents: [{ uri: "a+memo://insights", text: "t" }] });
  const bare = await rig.call("resources/read", { uri: "memo://insights" }, { session });
  assert.deepEqual([bare.status, bare.messages[0]?.error?.code], [500, -32603]);
});

// sessions and targets

test("stateless: prompts/get, too, greets its target alone, and no other is told that a session is over", async () => {
  const prompts = { "prompts/get": { messages: [] } };
  const a = new FakeServer({ sessions: true, capabilities: all, answers: prompts });
  const b = new FakeServer({ sessions: true, capabilities: all, answers: prompts });
  const rig = new Rig({ a, b }, { statefulMode: "stateless" });
  assert.deepEqual(resultOf(await rig.call("prompts/get", { name: "b_p" })), { messages: [] });
  rig.close();
  await settle();
  assert.deepEqual(b.methods, ["initialize", "notifications/initialized", "prompts/get", "DELETE"]);
  assert.equal(b.sessions.size, 0);
  assert.deepEqual(a.methods, []);
});

test("failOpen: a session of the targets that are there lists, calls, and ends at those", async () => {
  const good = new FakeServer({ sessions: true, answers: { "tools/list": tools("echo") } });
  const rig = new Rig({ bad: failing(), good }, { failureMode: "failOpen" });
  const session = await rig.open();
  assert.deepEqual(listed(await rig.call("tools/list", {}, { session })), ["good_echo"]);
  assert.equal((await rig.call("tools/call", { name: "good_echo" }, { session })).status, 200);
  assert.equal((await rig.request("DELETE", undefined, { session })).status, 202);
  assert.equal(good.sessions.size, 0);
});

test("DELETE is 202 although a target refuses, and the other one's session is over", async () => {
  for (const failureMode of ["failClosed", "failOpen"] as const) {
    const a = new FakeServer({ sessions: true });
    const b = new FakeServer({ sessions: true });
    const rig = new Rig({ a, b }, { failureMode });
    const session = await rig.open();
    a.sessions.clear(); // it answers 404 from now on
    assert.equal((await rig.request("DELETE", undefined, { session })).status, 202);
    assert.equal(b.sessions.size, 0);
  }
});

test("a response to a server's ping goes back to the server that asked, with the id it chose", async () => {
  const a = new FakeServer({ sessions: true });
  const b = new FakeServer({ sessions: true });
  const rig = new Rig({ a, b });
  const session = await rig.open();
  const open = new OpenStream((await rig.send("GET", undefined, { session })).reply);
  await settle();
  a.push({ jsonrpc: "2.0", id: "1", method: "ping" });
  b.push({ jsonrpc: "2.0", id: 1, method: "ping" });
  await settle();
  const ids = open.messages.map(({ id }) => String(id)).toSorted((x, y) => x.localeCompare(y));
  assert.deepEqual(ids, ["agw_a_s_1", "agw_b_n_1"]);
  for (const id of ids) assert.equal((await rig.post({ jsonrpc: "2.0", id, result: {} }, { session })).status, 202);
  assert.deepEqual(
    [a.received.at(-1)?.message, b.received.at(-1)?.message].map((message) => message?.id),
    ["1", 1],
  );
  const stray = await rig.post({ jsonrpc: "2.0", id: "agw_c_s_1", result: {} }, { session });
  assert.deepEqual([stray.status, stray.messages[0]?.error?.code], [500, -32603]);
  open.close();
});

// eras

const older = (): FakeServer => new FakeServer({ sessions: true, answers: { "tools/list": tools("echo") } });

test("decision 0023: a client of 2026-07-28 reaches a server with sessions, whichever mode the gateway is in", async () => {
  for (const statefulMode of ["stateful", "stateless"] as const) {
    const server = older();
    const rig = new Rig({ a: server }, { statefulMode });
    const list = await ask(rig, "tools/list");
    assert.deepEqual([list.status, list.headers.get("mcp-session-id"), listed(list)], [200, undefined, ["echo"]]);
    assert.equal(resultOf<{ resultType: string }>(await ask(rig, "tools/call", { name: "echo" })).resultType, "complete");
    assert.equal(server.methods.filter((method) => method === "initialize").length, 1, "calls of one caller share a session");
    rig.close();
  }
});

test("decision 0009: server/discover speaks for old, new and missing targets, where the reference has clients fall back", async () => {
  const rig = new Rig({ down: failing(), old: older(), new: statelessServer() }, { failureMode: "failOpen" });
  const found = resultOf<{ supportedVersions: string[] }>(await ask(rig, "server/discover"));
  assert.deepEqual(found.supportedVersions, [revision, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
  assert.deepEqual(listed(await ask(rig, "tools/list")), ["old_echo", "new_echo"]);
  const session = await rig.open();
  assert.deepEqual(listed(await rig.call("tools/list", {}, { session })), ["old_echo", "new_echo"]);
  for (const name of ["old_echo", "new_echo"]) {
    assert.equal((await rig.call("tools/call", { name, arguments: {} }, { session })).status, 200);
    assert.equal((await ask(rig, "tools/call", { name, arguments: {} })).status, 200);
  }
  rig.close();
});

test("server/discover of a lone target names its own versions first, also those the gateway does not know", async () => {
  const rig = new Rig({ a: statelessServer({}, ["2027-01-01", revision]) });
  const found = resultOf<{ supportedVersions: string[] }>(await ask(rig, "server/discover"));
  assert.deepEqual(found.supportedVersions, ["2027-01-01", revision, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
});

for (const [title, targets, prefix] of [
  ["a lone target", ["a"], ""],
  ["several targets", ["a", "b"], "a_"],
] as const) {
  const rigTo = (server: FakeServer, authorize?: Authorize): Rig =>
    new Rig(Object.fromEntries(targets.map((name) => [name, name === "a" ? server : statelessServer()])), { authorize });
  const name = `${prefix}pay`;
  const task = prefix === "" ? "t1" : "a+t1";

  test(`what a server wants to know goes to the client and back as they said it: ${title}`, async () => {
    const wanted = {
      resultType: "input_required",
      inputRequests: {
        who: { method: "elicitation/create", params: { message: "Who?", requestedSchema: { type: "object", properties: {} } } },
      },
      requestState: "opaque",
    };
    const server = statelessServer({
      "tools/call": ({ message }: Received) =>
        message?.params?.["inputResponses"] === undefined ? wanted : { resultType: "complete", content: [] },
    });
    const rig = rigTo(server);
    const _meta = envelope({ elicitation: {} });
    assert.deepEqual(resultOf(await ask(rig, "tools/call", { name, arguments: {}, _meta })), wanted);
    const answers = { inputResponses: { who: { action: "accept", content: { name: "x" } } }, requestState: "opaque" };
    const done = await ask(rig, "tools/call", { name, arguments: {}, ...answers, _meta });
    assert.deepEqual(resultOf(done), { resultType: "complete", content: [] });
    assert.deepEqual(server.received.at(-1)?.message?.params, { name: "pay", arguments: {}, ...answers, _meta });
  });

  test(`a server that asks a client of 2026-07-28 directly ends its call with one error: ${title}`, async () => {
    const server = statelessServer({
      "tools/call": ({ message }: Received) =>
        stream(
          { jsonrpc: "2.0", id: 9, method: "elicitation/create", params: { message: "Who?" } },
          { jsonrpc: "2.0", id: message?.id, result: { resultType: "complete", content: [] } },
        ),
    });
    const { status, messages } = await ask(rigTo(server), "tools/call", { name, arguments: {} });
    const message = "gateway cannot route direct server-to-client requests; return an input_required result instead";
    assert.deepEqual([status, messages], [200, [{ jsonrpc: "2.0", id: 1, error: { code: -32603, message } }]]);
  });

  test(`tasks of 2026-07-28: made, asked for, changed and cancelled by the published id, if the rules allow: ${title}`, async () => {
    const server = statelessServer({
      "tools/call": { resultType: "task", taskId: "t1", status: "working" },
      "tasks/get": ({ message }: Received) => ({ resultType: "complete", taskId: message?.params?.["taskId"], status: "completed" }),
      "tasks/update": { resultType: "complete" },
      "tasks/cancel": { resultType: "complete" },
    });
    const rig = rigTo(server);
    assert.equal(resultOf<{ taskId: string }>(await ask(rig, "tools/call", { name })).taskId, task);
    assert.equal(resultOf<{ taskId: string }>(await ask(rig, "tasks/get", { taskId: task })).taskId, task);
    for (const method of ["tasks/update", "tasks/cancel"]) {
      assert.equal((await ask(rig, method, { taskId: task })).status, 200);
      assert.equal(server.received.at(-1)?.message?.params?.["taskId"], "t1");
    }
    const before = server.received.length;
    const denied = rigTo(server, (_, item) => item.task?.name !== "t1");
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
      const { status, messages } = await ask(denied, method, { taskId: task });
      assert.deepEqual([status, messages[0]?.error], [400, { code: -32602, message: `Unknown task: ${task}` }]);
    }
    assert.equal(server.received.length, before);
  });
}
