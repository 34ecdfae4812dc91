import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/contract/errors.ts";
import { FakeServer, tools } from "./fake-server.ts";
import { initialize, resultOf, Rig } from "./rig.ts";
import { ask, envelope, fields, revision, statelessServer } from "./stateless.ts";

/** Protocol versions, as clients of the reference know them: statuses, codes and texts. */

const one = (): Rig => new Rig({ a: statelessServer() });
const two = (): Rig => new Rig({ a: statelessServer(), b: statelessServer() });
const error = (code: number, message: string, more: object = {}): unknown => ({
  jsonrpc: "2.0",
  id: 1,
  error: { code, message, ...more },
});

for (const [title, rigOf, prefix] of [
  ["a lone target", one, ""],
  ["several targets", two, "a_"],
] as const) {
  test(`requests of 2026-07-28 need no session, get none, and may not name one: ${title}`, async () => {
    for (const statefulMode of ["stateful", "stateless"] as const) {
      const server = statelessServer();
      const rig = new Rig(prefix === "" ? { a: server } : { a: server, b: statelessServer() }, { statefulMode });
      for (const method of ["server/discover", "tools/list"]) {
        const { status, headers, messages } = await ask(rig, method);
        assert.deepEqual([status, headers.get("mcp-session-id"), messages[0]?.error], [200, undefined, undefined]);
      }
      assert.equal(server.methods.includes("initialize"), false);
      const named = await ask(rig, "tools/list", {}, { session: "some-session" });
      assert.deepEqual([named.status, named.messages[0]], [400, error(-32600, "sessions are not used in this protocol version")]);
      for (const method of ["GET", "DELETE"]) {
        const refused = await rig.request(method, undefined, { headers: { "mcp-protocol-version": revision } });
        assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "POST"]);
      }
    }
  });

  test(`2026-07-28: removed and unknown methods are 404, with or without _meta: ${title}`, async () => {
    const rig = rigOf();
    const removed = ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/list", "no/such"];
    for (const method of removed) {
      for (const params of [{}, { _meta: undefined }, { _meta: {} }]) {
        const { status, messages } = await ask(rig, method, params);
        assert.deepEqual([status, messages], [404, [error(-32601, `method not found: ${method}`)]], method);
      }
    }
  });

  test(`2026-07-28 in the body alone is a mismatch and no 404, whatever the method: ${title}`, async () => {
    const rig = rigOf();
    for (const method of ["ping", "no/such", "tools/list"]) {
      const { status, messages } = await rig.call(method, { _meta: envelope() });
      assert.deepEqual([status, messages], [400, [error(-32020, "header mismatch: the MCP-Protocol-Version header is missing")]], method);
    }
  });

  // shows: mcp-malformed-params
  test(`2026-07-28: malformed parameters of a known method are 400 with -32602, and reach no target: ${title}`, async () => {
    const server = statelessServer();
    const rig = new Rig(prefix === "" ? { a: server } : { a: server, b: statelessServer() });
    const nameless = "invalid params: the parameters do not say what the call is about";
    for (const [method, params, message] of [
      ["tools/list", { _meta: undefined }, 'invalid params: _meta["io.modelcontextprotocol/protocolVersion"] is missing'],
      ["tools/list", { _meta: 7 }, 'invalid params: _meta["io.modelcontextprotocol/protocolVersion"] is missing'],
      ["tools/list", { _meta: { "io.modelcontextprotocol/protocolVersion": 7 } }, undefined],
      ["tools/list", { cursor: 7 }, "invalid params: cursor must be a string"],
      ["tools/call", {}, nameless],
      ["tools/call", { name: 7 }, nameless],
      ["tools/call", { name: `${prefix}echo`, arguments: "text" }, "invalid params: arguments must be an object"],
      ["tools/call", { name: `${prefix}echo`, arguments: null }, "invalid params: arguments must be an object"],
      ["prompts/get", { name: ["x"] }, nameless],
      ["resources/read", { uri: {} }, nameless],
      ["tasks/get", { taskId: 1 }, nameless],
    ] as const) {
      const { status, messages } = await ask(rig, method, params);
      assert.deepEqual([status, messages[0]?.error?.code], [400, -32602], method);
      if (message !== undefined) assert.equal(messages[0]?.error?.message, message);
    }
    for (const params of [[], [envelope()], "text", 7, null]) {
      const { status, messages } = await rig.post(
        { jsonrpc: "2.0", id: 1, method: "tools/list", params },
        { headers: fields("tools/list") },
      );
      assert.deepEqual([status, messages], [400, [error(-32602, "invalid params: expected an object")]]);
    }
    assert.deepEqual(server.methods, []);
  });

  test(`2026-07-28: a wrong envelope is 400, and says whose it is as far as that can be told: ${title}`, async () => {
    const rig = rigOf();
    for (const [message, id] of [
      [{ jsonrpc: "1.0", id: 1, method: "tools/list", params: { _meta: envelope() } }, 1],
      [{ id: "x", method: "tools/list", params: { _meta: envelope() } }, "x"],
      [{ jsonrpc: "2.0", id: null, method: "tools/list", params: { _meta: envelope() } }, null],
      [{ jsonrpc: "2.0", id: 1, result: {} }, 1],
    ] as const) {
      const { status, messages } = await rig.post(message, { headers: fields("tools/list") });
      assert.deepEqual([status, messages[0]?.id, messages[0]?.error?.code], [400, id, -32600]);
    }
  });

  test(`2026-07-28: what header fields repeat must be there and be true: ${title}`, async () => {
    const rig = rigOf();
    const name = `${prefix}echo`;
    const base64 = `=?base64?${Buffer.from(name).toString("base64")}?=`;
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, _meta: envelope() } };
    for (const [headers, message] of [
      [{ "mcp-protocol-version": revision }, "header mismatch: the Mcp-Method header is missing"],
      [fields("tools/list", name), "header mismatch: the Mcp-Method header is not what the body says"],
      [fields("TOOLS/CALL", name), "header mismatch: the Mcp-Method header is not what the body says"],
      [fields("tools/call"), "header mismatch: the Mcp-Name header is missing"],
      [fields("tools/call", "other"), "header mismatch: the Mcp-Name header is not what the body says"],
      [fields("tools/call", "=?base64?!?="), "header mismatch: the Mcp-Name header is not what the body says"],
    ] as const) {
      const { status, messages } = await rig.post(call, { headers });
      assert.deepEqual([status, messages], [400, [error(-32020, message)]]);
    }
    for (const headers of [fields("tools/call", name), fields("tools/call", base64)]) {
      assert.equal((await rig.post(call, { headers })).status, 200);
    }
    const other = { ...envelope(), "io.modelcontextprotocol/protocolVersion": "2025-11-25" };
    const mismatch = await ask(rig, "tools/list", { _meta: other });
    assert.deepEqual([mismatch.status, mismatch.messages], [400, [error(-32020, "MCP protocol version header/body mismatch")]]);
  });

  test(`a version that nobody knows is 400 with those that are known: ${title}`, async () => {
    const rig = rigOf();
    const supported = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
    for (const [headers, params] of [
      [{ "mcp-protocol-version": "2030-01-01" }, {}],
      [{ "mcp-protocol-version": "2030-01-01" }, { _meta: envelope() }],
      [{}, { _meta: { "io.modelcontextprotocol/protocolVersion": "2030-01-01" } }],
    ] as const) {
      const { status, messages } = await rig.call("tools/list", params, { headers });
      const data = { supported, requested: "2030-01-01" };
      assert.deepEqual([status, messages], [400, [error(-32022, "unsupported MCP protocol version: 2030-01-01", { data })]]);
    }
    const get = await rig.request("GET", undefined, { headers: { "mcp-protocol-version": "2030-01-01" } });
    assert.deepEqual([get.status, get.messages[0]?.error?.code], [400, -32022]);
  });

  test(`with sessions, what nobody knows is never 404, which would mean the session: ${title}`, async () => {
    const rig = new Rig(prefix === "" ? { a: new FakeServer() } : { a: new FakeServer(), b: new FakeServer() });
    const session = await rig.open();
    assert.deepEqual(resultOf(await rig.call("ping", {}, { session })), {});
    const { status, messages } = await rig.call("no/such", {}, { session });
    // decision 0009: a lone target may know it and answers itself
    const expected = prefix === "" ? [200, -32601] : [500, -32603];
    assert.deepEqual([status, messages[0]?.error?.code], expected);
  });
}

test("a name that no target has: 500 with sessions, 400 without", async () => {
  const rig = two();
  const unknown = await ask(rig, "tools/call", { name: "zz_echo" });
  assert.deepEqual([unknown.status, unknown.messages], [400, [error(-32602, 'invalid params: no target for tool "zz_echo"')]]);
});

test("a target that cannot be reached: 503 without sessions, 500 with", async () => {
  const down = new FakeServer();
  Object.assign(down, { send: () => Promise.reject(new GatewayError("upstream_failed", { detail: "connection refused" })) });
  const rig = new Rig({ down, up: new FakeServer() }, { failureMode: "failOpen" });
  const modern = await ask(rig, "tools/call", { name: "down_echo" });
  assert.deepEqual([modern.status, modern.messages[0]?.error?.code], [503, -32603]);
  assert.match(modern.messages[0]?.error?.message ?? "", /^failed to send message: /);
  const legacy = await rig.call("tools/call", { name: "down_echo" }, { session: await rig.open() });
  assert.deepEqual([legacy.status, legacy.messages[0]?.error?.code], [500, -32603]);
});

test("an initialize that asks for what nobody speaks is answered with what the gateway does, never with that", async () => {
  for (const statefulMode of ["stateful", "stateless"] as const) {
    const rig = new Rig({ a: new FakeServer({ protocolVersion: "2025-11-25" }), b: new FakeServer() }, { statefulMode });
    for (const [asked, answered] of [
      ["1900-01-01", "2025-06-18"],
      ["2030-01-01", "2025-06-18"],
      [revision, "2025-06-18"],
      ["2025-03-26", "2025-03-26"],
    ] as const) {
      const { protocolVersion } = resultOf<{ protocolVersion: string }>(await rig.post(initialize({ protocolVersion: asked })));
      assert.equal(protocolVersion, answered, asked);
    }
  }
});

test("lists of 2026-07-28 are nobody else's and go stale at once; those of sessions say nothing of it", async () => {
  const rig = new Rig({ a: statelessServer(), b: statelessServer() });
  const modern = resultOf<Record<string, unknown>>(await ask(rig, "tools/list"));
  assert.deepEqual([modern["resultType"], modern["ttlMs"], modern["cacheScope"]], ["complete", 0, "private"]);
  const legacy = resultOf<Record<string, unknown>>(await rig.call("tools/list", {}, { session: await rig.open() }));
  assert.deepEqual(Object.keys(legacy), ["tools"]);
});

test("what a target is told about a request of 2026-07-28: its own name for the item, and all else as the client said it", async () => {
  const server = statelessServer();
  const rig = new Rig({ a: server, b: statelessServer() });
  const _meta = { ...envelope({ elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } }), "example.com/kept": [1, "two"] };
  await ask(rig, "tools/call", { name: "a_echo", arguments: { x: 1 }, _meta });
  const { message, headers } = server.received.at(-1) ?? assert.fail("nothing came");
  assert.deepEqual(message?.params, { name: "echo", arguments: { x: 1 }, _meta });
  assert.deepEqual(
    [headers.get("mcp-method"), headers.get("mcp-name"), headers.get("mcp-protocol-version")],
    ["tools/call", "echo", revision],
  );
  assert.equal(headers.get("mcp-session-id"), undefined);
});

test("decision 0009: capabilities of a client with sessions are not taken out; its servers can ask", async () => {
  const server = new FakeServer({ answers: { "tools/list": tools("x") } });
  const rig = new Rig({ a: server, b: new FakeServer() });
  const capabilities = { sampling: {}, elicitation: {}, roots: {}, extensions: { "io.modelcontextprotocol/ui": {} } };
  await rig.post(initialize({ capabilities }));
  assert.deepEqual(server.received[0]?.message?.params?.["capabilities"], capabilities);
});

// shows: mcp-filtered-private
test("a lone target's list of 2026-07-28 that rules are about is nobody else's, whatever the target says of it", async () => {
  const listed = { resultType: "complete", ...tools("open", "secret"), ttlMs: 60_000, cacheScope: "public" };
  const list = (authorize: boolean, answer: object): Promise<unknown> => {
    const server = statelessServer({ "tools/list": answer });
    const rig = new Rig({ a: server }, authorize ? { authorize: (_, { tool }) => tool?.name !== "secret" } : {});
    return ask(rig, "tools/list").then((answered) => resultOf(answered));
  };
  const filtered = { resultType: "complete", ...tools("open"), ttlMs: 0, cacheScope: "private" };
  assert.deepEqual(await list(true, listed), filtered);
  assert.deepEqual(await list(true, { resultType: "complete", ...tools("open", "secret") }), filtered);
  assert.deepEqual(await list(true, { ...listed, ...tools("open") }), filtered);
  assert.deepEqual(await list(false, listed), listed);
});
