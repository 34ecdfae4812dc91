import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Reply } from "../../src/contract/reply.ts";
import { FakeServer, tools } from "./fake-server.ts";
import { initialize, Rig } from "./rig.ts";

const ping = { jsonrpc: "2.0", id: 1, method: "ping" };

test("Accept: both, or JSON alone, which then gets JSON; else 406", async () => {
  const rig = new Rig({ a: new FakeServer({ events: true }) });
  const session = await rig.open();
  for (const accept of ["application/json, text/event-stream", "text/event-stream;q=0.5,application/json", "text/event-stream, */*"]) {
    const reply = await rig.post(ping, { session, headers: { accept } });
    assert.deepEqual([reply.status, reply.headers.get("content-type")], [200, "text/event-stream"], accept);
  }
  for (const accept of ["application/json", "*/*", "application/*"]) {
    const reply = await rig.post(ping, { session, headers: { accept } });
    assert.deepEqual(
      [reply.status, reply.headers.get("content-type"), reply.text],
      [200, "application/json", '{"jsonrpc":"2.0","id":1,"result":{}}'],
    );
  }
  for (const accept of ["", "text/event-stream", "text/html"]) {
    const reply = await rig.post(ping, { session, headers: { accept } });
    assert.deepEqual([reply.status, reply.text], [406, "client must accept both application/json and text/event-stream"], accept);
  }
  const get = await rig.request("GET", undefined, { session, headers: { accept: "application/json" } });
  assert.deepEqual([get.status, get.text], [406, "client must accept text/event-stream"]);
});

test("Content-Type and Content-Encoding: JSON as it is, else 415", async () => {
  const rig = new Rig({ a: new FakeServer() });
  for (const [name, value, status] of [
    ["content-type", "application/json; charset=utf-8", 200],
    ["content-type", "text/plain", 415],
    ["content-type", "", 415],
    ["content-encoding", "gzip", 415],
    ["content-encoding", "identity", 200],
  ] as const) {
    const reply = await rig.post(initialize(), { headers: { [name]: value } });
    assert.equal(reply.status, status, `${name}: ${value}`);
  }
});

test("methods: POST, GET and DELETE with sessions, POST alone without", async () => {
  const stateful = new Rig({ a: new FakeServer() });
  const put = await stateful.request("PUT", undefined);
  assert.deepEqual([put.status, put.text], [405, "method not allowed; must be GET, POST, or DELETE"]);
  assert.equal(put.headers.get("allow"), "GET, POST, DELETE");
  const stateless = new Rig({ a: new FakeServer() }, { statefulMode: "stateless" });
  for (const method of ["GET", "DELETE", "PUT"]) assert.equal((await stateless.request(method, undefined)).status, 405);
});

test("a body that is no single message is 400 with a JSON-RPC error", async () => {
  const rig = new Rig({ a: new FakeServer() });
  for (const body of ["", "{", "[]", JSON.stringify([ping]), "null", '{"jsonrpc":"1.0","id":1,"method":"ping"}']) {
    const { status, messages } = await rig.post(body);
    assert.equal(status, 400, body);
    assert.equal(messages[0]?.error?.code, -32600, body);
  }
});

test("a body over the limit is 413", async () => {
  const rig = new Rig({ a: new FakeServer() });
  const { status } = await rig.post(initialize({ x: "y".repeat(2_100_000) }));
  assert.equal(status, 413);
});

const supported = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

test("an unknown version is refused with those that are known, except in initialize", async () => {
  const rig = new Rig({ a: new FakeServer() });
  const refused = await rig.post(initialize({ protocolVersion: "1900-01-01" }), { headers: { "mcp-protocol-version": "1900-01-01" } });
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.messages[0]?.error, { code: -32022, message: "unsupported MCP protocol version: 1900-01-01" });
  const session = await rig.open();
  const later = await rig.post(ping, { session, headers: { "mcp-protocol-version": "1900-01-01" } });
  assert.equal(later.status, 400);
  assert.deepEqual(later.messages[0], {
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32022, message: "unsupported MCP protocol version: 1900-01-01", data: { supported, requested: "1900-01-01" } },
  });
});

test("header and body must name the same version", async () => {
  const rig = new Rig({ a: new FakeServer() });
  const mismatch = await rig.post(initialize(), { headers: { "mcp-protocol-version": "2025-03-26" } });
  assert.equal(mismatch.status, 400);
  assert.deepEqual(mismatch.messages[0]?.error, { code: -32020, message: "MCP protocol version header/body mismatch" });
  assert.equal((await rig.post(initialize(), { headers: { "mcp-protocol-version": "2025-06-18" } })).status, 200);
});

test("DNS rebinding protection: only local names in Host and Origin", async () => {
  const open = new Rig({ a: new FakeServer() });
  assert.equal((await open.post(initialize(), { authority: "evil.example", headers: { origin: "https://evil.example" } })).status, 200);
  const guarded = new Rig({ a: new FakeServer() }, { dnsRebindingProtection: true });
  const local = { authority: "localhost:3000" };
  for (const origin of ["http://localhost:1", "https://127.0.0.1", "http://[::1]:5"]) {
    assert.equal((await guarded.post(initialize(), { ...local, headers: { origin } })).status, 200, origin);
  }
  for (const origin of ["null", "https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil:80"]) {
    const { status, text } = await guarded.post(initialize(), { ...local, headers: { origin } });
    assert.deepEqual([status, text], [403, "MCP DNS rebinding protection: Host/Origin must be localhost, 127.0.0.1, or [::1]"], origin);
  }
  assert.equal((await guarded.post(initialize(), { authority: "evil.example" })).status, 403);
  const metadata = { authority: "evil.example", path: "/.well-known/oauth-protected-resource/mcp" };
  assert.equal((await guarded.request("GET", undefined, metadata)).status, 403);
});

test("a lone server's own OAuth metadata is fetched from it; several have none", async () => {
  const server = new FakeServer({ answers: { GET: Reply.json(200, { resource: "x" }) } });
  const lone = new Rig({ a: server });
  const found = await lone.request("GET", undefined, { path: "/.well-known/oauth-protected-resource/mcp" });
  assert.deepEqual([found.status, found.text], [200, '{"resource":"x"}']);
  assert.equal(server.received[0]?.path, "/.well-known/oauth-protected-resource/mcp");
  const several = new Rig({ a: server, b: server });
  assert.equal((await several.request("GET", undefined, { path: "/.well-known/oauth-protected-resource/mcp" })).status, 404);
});

test("the client's header fields go to the server, those about this hop and this session aside", async () => {
  const server = new FakeServer();
  const rig = new Rig({ a: server });
  const session = await rig.open();
  const headers = {
    authorization: "Bearer x",
    cookie: "a=b",
    "x-custom": "1",
    "accept-encoding": "gzip",
    connection: "x-hop",
    "x-hop": "1",
  };
  await rig.post(ping, { session, headers: { ...headers, accept: "application/json", "mcp-protocol-version": "2025-06-18" } });
  const seen = Object.fromEntries(server.received.at(-1)?.headers.entries() ?? []);
  assert.deepEqual(seen, {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    authorization: "Bearer x",
    "x-custom": "1",
    "mcp-protocol-version": "2025-06-18",
  });
});

test("trace context of the request is put into _meta, the rest of the bytes stay", async () => {
  const server = new FakeServer();
  const rig = new Rig({ a: server });
  const session = await rig.open();
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const headers = { traceparent, tracestate: "a=1", baggage: "k=v" };
  const context = `"traceparent":"${traceparent}","tracestate":"a=1","baggage":"k=v"`;
  const cases: readonly (readonly [string, string])[] = [
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}', `{"params":{"_meta":{${context}}},"jsonrpc":"2.0","id":1,"method":"ping"}`],
    [
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"big":12345678901234567890}}',
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{${context}},"big":12345678901234567890}}`,
    ],
    [
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"traceparent":"old","progressToken":7}}}',
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"tracestate":"a=1","baggage":"k=v","traceparent":"${traceparent}","progressToken":7}}}`,
    ],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":3}}', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":3}}'],
  ];
  for (const [sent, forwarded] of cases) {
    await rig.post(sent, { session, headers });
    assert.equal(server.received.at(-1)?.body, forwarded);
  }
});

test("an HTTP error of the server is the client's; a 404 is not, since it would mean the session", async () => {
  const teapot = Reply.text(418, "short and stout");
  teapot.headers.set("x-kind", "teapot");
  teapot.headers.set("mcp-session-id", "the server's own");
  const server = new FakeServer({ answers: { "tools/call": teapot, "tools/list": Reply.text(404, "wrong path") } });
  const rig = new Rig({ a: server });
  const session = await rig.open();
  const called = await rig.call("tools/call", { name: "x" }, { session });
  assert.deepEqual([called.status, called.text, called.headers.get("x-kind")], [418, "short and stout", "teapot"]);
  assert.equal(called.headers.get("mcp-session-id"), undefined);
  const listed = await rig.call("tools/list", {}, { session });
  assert.equal(listed.status, 500);
  assert.deepEqual(listed.messages[0]?.error, { code: -32603, message: 'failed to send message: target "a": HTTP status 404' });
});

test("a server that answers nonsense is named in the error", async () => {
  const html = new Reply(200, Reply.text(200, "").headers, "<html>");
  html.headers.set("content-type", "text/html");
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/call": html } }) });
  const session = await rig.open();
  const { status, messages, exchange } = await rig.call("tools/call", { name: "x" }, { session });
  assert.equal(status, 500);
  assert.match(messages[0]?.error?.message ?? "", /^failed to send message: target "a": .*text\/html/);
  assert.equal(exchange.error?.code, "mcp_target_failed");
});

test("what is not changed is forwarded byte for byte, in both directions", async () => {
  const odd = '{ "id":1, "jsonrpc":"2.0","result":{"content":[],"n":1.0,"big":12345678901234567890}}';
  const reply = Reply.text(200, odd);
  reply.headers.set("content-type", "application/json");
  const server = new FakeServer({ answers: { "tools/call": reply } });
  const rig = new Rig({ a: server });
  const session = await rig.open();
  const sent = '{ "method":"tools/call","id":1,"jsonrpc":"2.0", "params":{"name":"x","arguments":{"n":1.0,"big":12345678901234567890}}}';
  const { text } = await rig.post(sent, { session });
  assert.equal(server.received.at(-1)?.body, sent);
  assert.equal(text, `event: message\ndata: ${odd}\n\n`);
});

test("JSON spread over lines becomes one event", async () => {
  const pretty = Reply.text(200, JSON.stringify({ jsonrpc: "2.0", id: 1, result: { a: "x\ny" } }, undefined, 2));
  pretty.headers.set("content-type", "application/json");
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/call": pretty } }) });
  const session = await rig.open();
  const { messages } = await rig.call("tools/call", { name: "x" }, { session });
  assert.deepEqual(messages, [{ jsonrpc: "2.0", id: 1, result: { a: "x\ny" } }]);
});

test("zero targets: 503", async () => {
  const rig = new Rig({}, { failureMode: "failOpen" });
  const { status, text } = await rig.post(initialize());
  assert.deepEqual([status, text], [503, "no backends configured"]);
});

test("what the exchange says for log and metrics", async () => {
  const rig = new Rig({ a: new FakeServer(), b: new FakeServer() });
  const session = await rig.open();
  const { exchange } = await rig.call("tools/call", { name: "b_echo", arguments: { x: 1 } }, { session });
  assert.equal(exchange.protocol, "mcp");
  const { message: _, ...seen } = exchange.mcp ?? {};
  assert.deepEqual(seen, {
    sessionId: session,
    methodName: "tools/call",
    target: "b",
    tool: { name: "echo", target: "b", arguments: { x: 1 } },
  });
  const failed = await rig.call("prompts/get", { name: "a_x" }, { session });
  assert.deepEqual(failed.exchange.mcp?.error, { code: -32601, message: "method not found: prompts/get" });
  assert.deepEqual(failed.exchange.mcp?.prompt, { name: "x", target: "a" });
});

test("fuzz: hostile bodies never get more than a 4xx or the server's answer", async () => {
  const rig = new Rig({ a: new FakeServer({ answers: { "tools/list": tools("x") } }), b: new FakeServer() });
  const session = await rig.open();
  const params = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.record(
      { name: fc.jsonValue(), uri: fc.jsonValue(), ref: fc.jsonValue(), cursor: fc.jsonValue(), _meta: fc.jsonValue() },
      { requiredKeys: [] },
    ),
  );
  const methods = fc.constantFrom(
    "tools/call",
    "tools/list",
    "resources/read",
    "completion/complete",
    "ping",
    "tasks/get",
    "initialize",
    "notifications/cancelled",
  );
  await fc.assert(
    fc.asyncProperty(methods, params, fc.oneof(fc.integer(), fc.string(), fc.constant(undefined)), async (method, params, id) => {
      const { status, exchange } = await rig.post(
        { jsonrpc: "2.0", id, method, params },
        { session, headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00" } },
      );
      assert.ok([200, 202, 400, 500].includes(status), `${status}`);
      assert.notEqual(exchange.error?.code, "internal", String(exchange.error?.cause));
    }),
    { numRuns: 300 },
  );
});
