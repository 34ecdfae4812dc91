import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Answer, ask, onSite, type Site } from "../compat/effects/site.ts";
import type { Upstream } from "../compat/effects/upstream.ts";
import { startTestGateway } from "../gateway-harness.ts";
import { bodyOf, startServer } from "../http/upstream-server.ts";
import { testAuthority } from "../tls/certificates.ts";

/** MCP in a whole gateway, over sockets: what bad requests get, and policies of routes in front of it. */

const types = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const target = (upstream: Upstream, name = "t"): object => ({ name, mcp: { host: `http://${upstream.host}/` } });
const section =
  (keys: object = {}, more: object = {}) =>
  (upstream: Upstream): Record<string, unknown> => ({ mcp: { port: 0, targets: [target(upstream)], ...keys }, ...more });

const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
};
const toolCall = { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "echo", arguments: { city: "Bern" } } };

function post(site: Site, message: unknown, headers: Readonly<Record<string, string>> = {}, path = "/mcp"): Promise<Answer> {
  const body = typeof message === "string" ? message : JSON.stringify(message);
  return site.ask(path, { method: "POST", headers: { ...types, ...headers }, body });
}

async function open(site: Site, path = "/mcp"): Promise<string> {
  const { headers, body } = await post(site, initialize, {}, path);
  const id = headers["mcp-session-id"];
  assert.equal(typeof id, "string", body);
  return id as string;
}

/** The JSON-RPC code of an error that came as JSON. */
function codeOf({ headers, body }: Answer): unknown {
  if (!String(headers["content-type"]).startsWith("application/json")) return undefined;
  return (JSON.parse(body) as { error?: { code: number } }).error?.code;
}

test("what is no MCP message never reaches a target, and the connection stays good", async () => {
  await onSite(section(), async (site) => {
    const session = await open(site);
    const before = site.upstream.seen.length;
    const long = JSON.stringify({ ...toolCall, params: { name: "echo", arguments: { text: "x".repeat(2_100_000) } } });
    for (const [body, headers, status, code] of [
      ["", {}, 400, -32600],
      ["{", {}, 400, -32600],
      ['{"jsonrpc":"2.0"}', {}, 400, -32600],
      ["[]", {}, 400, -32600],
      [JSON.stringify([toolCall]), {}, 400, -32600],
      ["7", {}, 400, -32600],
      ["\u0000\uffff", {}, 400, -32600],
      [JSON.stringify({ ...toolCall, jsonrpc: "1.0" }), {}, 400, -32600],
      [JSON.stringify({ ...toolCall, id: null }), {}, 400, -32600],
      [JSON.stringify({ ...toolCall, id: [1] }), {}, 400, -32600],
      [JSON.stringify({ ...toolCall, method: 7 }), {}, 400, -32600],
      [JSON.stringify({ ...toolCall, params: [1] }), {}, 400, -32602],
      [JSON.stringify(toolCall), { "content-type": "text/plain" }, 415, undefined],
      [JSON.stringify(toolCall), { "content-type": "application/x-www-form-urlencoded" }, 415, undefined],
      [JSON.stringify(toolCall), { accept: "text/html" }, 406, undefined],
      [JSON.stringify(toolCall), { accept: "text/event-stream" }, 406, undefined],
      [JSON.stringify(toolCall), { "mcp-protocol-version": "1900-01-01" }, 400, -32022],
      [JSON.stringify(toolCall), { "mcp-protocol-version": "" }, 400, -32022],
      [JSON.stringify(toolCall), { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call" }, 400, -32602],
      [JSON.stringify(toolCall), { "mcp-session-id": "no-such-session" }, 404, undefined],
      [JSON.stringify(toolCall), { "mcp-session-id": "a b" }, 400, undefined],
      [long, {}, 413, undefined],
    ] as const) {
      const answer = await post(site, body, { "mcp-session-id": session, ...headers });
      assert.deepEqual([answer.status, codeOf(answer)], [status, code], `${body.slice(0, 60)} ${JSON.stringify(headers)}`);
      assert.equal(answer.headers["mcp-session-id"], undefined);
    }
    for (const method of ["PUT", "PATCH"]) {
      const answer = await site.ask("/mcp", { method, headers: types, body: "{}" });
      assert.deepEqual([answer.status, answer.body], [405, "method not allowed; must be GET, POST, or DELETE"]);
      assert.equal(answer.headers.allow, "GET, POST, DELETE");
    }
    assert.equal(site.upstream.seen.length, before);
    assert.equal((await post(site, toolCall, { "mcp-session-id": session })).status, 200);
  });
});

test("a call that its client sends in pieces, and one over the limit without a length", async () => {
  await onSite(section(), async (site) => {
    const session = await open(site);
    const send = (text: string): Promise<Response> => {
      const bytes = new TextEncoder().encode(text);
      const body = new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += 65_536) controller.enqueue(bytes.subarray(at, at + 65_536));
          controller.close();
        },
      });
      const headers = { ...types, "mcp-session-id": session };
      return fetch(`${site.gateway.url()}/mcp`, { method: "POST", headers, body, duplex: "half" } as RequestInit);
    };
    const good = await send(JSON.stringify(toolCall));
    assert.equal(good.status, 200);
    assert.match(await good.text(), /^event: message\ndata: \{.*"done".*\}\n\n$/);
    const tooLong = await send(JSON.stringify({ ...toolCall, params: { name: "echo", arguments: { text: "x".repeat(3_000_000) } } }));
    assert.equal(tooLong.status, 413);
    await tooLong.text();
  });
});

test("zero targets: every request is 503, in either failure mode", async () => {
  for (const failureMode of ["failOpen", "failClosed"]) {
    const gateway = await startTestGateway(JSON.stringify({ mcp: { port: 0, targets: [], failureMode } }));
    try {
      const options = { method: "POST", headers: types, body: JSON.stringify(initialize) };
      const answer = await ask(`${gateway.url()}/mcp`, options);
      assert.deepEqual([answer.status, answer.body], [503, "no backends configured"]);
    } finally {
      await gateway.close();
    }
  }
});

test("a session of one MCP backend is no session of another, and its target hears nothing", async () => {
  const route = (upstream: Upstream, path: string): object => ({
    name: path.slice(1),
    matches: [{ path: { pathPrefix: path } }],
    backends: [{ mcp: { targets: [target(upstream)] } }],
  });
  const draft = (upstream: Upstream): Record<string, unknown> => ({
    binds: [{ port: 0, listeners: [{ routes: [route(upstream, "/one"), route(upstream, "/two")] }] }],
  });
  await onSite(draft, async (site) => {
    const session = await open(site, "/one");
    const before = site.upstream.seen.length;
    const crossed = await post(site, toolCall, { "mcp-session-id": session }, "/two");
    assert.deepEqual([crossed.status, crossed.body], [404, "session not found"]);
    assert.equal(site.upstream.seen.length, before);
    assert.equal((await post(site, toolCall, { "mcp-session-id": session }, "/one")).status, 200);
  });
});

test("policies of a route answer before MCP does: rate limits and authorization", async () => {
  const once = { localRateLimit: [{ maxTokens: 1, tokensPerFill: 1, fillInterval: "1h" }] };
  await onSite(section({ policies: once }), async (site) => {
    await open(site);
    const limited = await post(site, toolCall);
    assert.deepEqual([limited.status, limited.headers["mcp-session-id"]], [429, undefined]);
    assert.match(limited.body, /rate limit exceeded/);
  });
  await onSite(section({ policies: { authorization: { rules: [{ deny: 'request.headers["x-agent"] == "bad"' }] } } }), async (site) => {
    const denied = await post(site, initialize, { "x-agent": "bad" });
    assert.equal(denied.status, 403);
    assert.equal(site.upstream.seen.length, 0);
    await open(site);
  });
});

test("rules of mcpAuthorization see the request: what one agent is shown another is not", async () => {
  const rules = [{ deny: 'mcp.tool.name == "echo" && request.headers["x-agent-name"] == "agent-one"' }];
  await onSite(section({ policies: { mcpAuthorization: { rules } } }), async (site) => {
    const session = await open(site);
    const list = { jsonrpc: "2.0", id: 3, method: "tools/list" };
    const as = (name: string): Record<string, string> => ({ "mcp-session-id": session, "x-agent-name": name });
    assert.doesNotMatch((await post(site, list, as("agent-one"))).body, /echo/);
    assert.match((await post(site, list, as("agent-two"))).body, /"name":"echo"/);
    const denied = await post(site, toolCall, as("agent-one"));
    assert.deepEqual(
      [denied.status, JSON.parse(denied.body)],
      [400, { jsonrpc: "2.0", id: 2, error: { code: -32602, message: "Unknown tool: echo" } }],
    );
    assert.equal((await post(site, toolCall, as("agent-two"))).status, 200);
  });
});

test("backendAuth.key reaches a target behind TLS as a bearer token, in place of the client's", async () => {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-mcp-tls-"));
  const authority = testAuthority("MCP Authority");
  writeFileSync(join(folder, "root.crt"), authority.cert);
  const seen: (string | undefined)[] = [];
  const server = createServer(authority.issue(["127.0.0.1"]), (request, response) => {
    seen.push(request.headers.authorization);
    request.resume();
    request.on("end", () => {
      const result = { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "s", version: "1" } };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ jsonrpc: "2.0", id: 1, result }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const policies = { backendTLS: { root: join(folder, "root.crt") }, backendAuth: { key: "my-key" } };
  const host = `https://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const gateway = await startTestGateway(JSON.stringify({ mcp: { port: 0, targets: [{ name: "t", mcp: { host }, policies }] } }));
  try {
    const headers = { ...types, authorization: "Bearer of-the-client" };
    const answer = await ask(`${gateway.url()}/mcp`, { method: "POST", headers, body: JSON.stringify(initialize) });
    assert.equal(answer.status, 200, answer.body);
    assert.deepEqual(seen, ["Bearer my-key"]);
  } finally {
    await gateway.close();
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What the access log says of one call, by field. */
async function loggedCall(answer: object, inEvents: boolean, mode: object = {}): Promise<Record<string, string>> {
  const fields = { args: "mcp.tool.arguments.city", result: "mcp.tool.result.content[0].text", error: "mcp.tool.error.message" };
  const add = { ...fields, code: "mcp.tool.error.code", name: "mcp.tool.name", target: "mcp.tool.target", method: "mcp.methodName" };
  const server = await startServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { id, method } = JSON.parse(body || "{}") as { id?: number; method?: string };
      const result = { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } };
      const message = JSON.stringify({ jsonrpc: "2.0", id, ...(method === "tools/call" ? answer : { result }) });
      const events = inEvents && method === "tools/call";
      response.writeHead(id === undefined ? 202 : 200, { "content-type": events ? "text/event-stream" : "application/json" });
      const progress = JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } });
      if (events) response.write(`data: ${progress}\n\n`);
      response.end(id === undefined ? undefined : events ? `data: ${message}\n\n` : message);
    });
  });
  const mcp = { port: 0, targets: [{ name: "t", mcp: { host: `http://127.0.0.1:${server.port}/mcp` } }], ...mode };
  const gateway = await startTestGateway(
    JSON.stringify({ mcp, config: { logging: { format: "json" } }, frontendPolicies: { accessLog: { add } } }),
  );
  try {
    const url = `${gateway.url()}/mcp`;
    const opened = await ask(url, { method: "POST", headers: types, body: JSON.stringify(initialize) });
    const session = opened.headers["mcp-session-id"];
    const headers = { ...types, ...(typeof session === "string" ? { "mcp-session-id": session } : {}) };
    await ask(url, { method: "POST", headers, body: JSON.stringify(toolCall) });
    const lines = (await gateway.output()).split("\n").filter((line) => line.startsWith("{") && line.includes('"tools/call"'));
    assert.equal(lines.length, 1);
    const line = JSON.parse(lines[0] ?? "") as Record<string, string>;
    return Object.fromEntries(Object.keys(add).flatMap((key) => (line[key] === undefined ? [] : [[key, line[key]]])));
  } finally {
    await gateway.close();
    await server.close();
  }
}

// shows: mcp-log-result
test("the access log can say what a tool was asked and what it answered, as JSON, in a stream, and without sessions", async () => {
  const known = { args: "Bern", name: "echo", target: "t", method: "tools/call" };
  const good = { result: { content: [{ type: "text", text: "sunny" }] } };
  const bad = { error: { code: -32050, message: "no weather", data: { x: 1 } } };
  for (const inEvents of [false, true]) {
    for (const mode of [{}, { statefulMode: "stateless" }]) {
      assert.deepEqual(await loggedCall(good, inEvents, mode), { ...known, result: "sunny" });
      assert.deepEqual(await loggedCall(bad, inEvents, mode), { ...known, error: "no weather", code: -32050 });
    }
  }
});
