import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeServer, tools } from "./fake-server.ts";
import { onSite } from "../compat/effects/site.ts";
import { Rig } from "./rig.ts";

/** What is seen of calls: a span for each server that a request went to, and rules that fail. */

const trace = { traceId: "1".repeat(32), spanId: "2".repeat(16), parentSpanId: undefined, sampled: true, traceState: undefined };

test("each server that a list is made of has a span of its own, and is told of it", async () => {
  const servers = {
    a: new FakeServer({ answers: { "tools/list": tools("x") } }),
    b: new FakeServer({ answers: { "tools/list": tools("y") } }),
  };
  const rig = new Rig(servers);
  const session = await rig.open();
  const { exchange } = await rig.post({ jsonrpc: "2.0", id: 7, method: "tools/list", params: {} }, { session, trace });
  const names = exchange.spans.map(({ name, attributes }) => `${name} ${String(attributes["mcp.target"])}`);
  assert.deepEqual(new Set(names), new Set(["mcp tools/list a", "mcp tools/list b"]));
  assert.equal(names.length, 2);
  for (const [name, server] of Object.entries(servers)) {
    const span = exchange.spans.find(({ attributes }) => attributes["mcp.target"] === name);
    const meta = server.received.at(-1)?.message?.params?.["_meta"] as { traceparent: string };
    assert.equal(meta.traceparent, `00-${trace.traceId}-${span?.spanId}-01`);
  }
});

test("a rule that fails is counted, and hides nothing that others allow", async () => {
  const mcpAuthorization = { rules: ['mcp.tool.name == "echo"', "jwt.nothing.here == 1"] };
  const section = (upstream: { readonly host: string }): Record<string, unknown> => ({
    mcp: { port: 0, targets: [{ name: "t", mcp: { host: `http://${upstream.host}/` } }], policies: { mcpAuthorization } },
  });
  await onSite(section, async (site) => {
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } };
    const ask = (message: object, more: Readonly<Record<string, string>> = {}) =>
      site.ask("/mcp", { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
    const opened = await ask({ id: 1, method: "initialize", params });
    const session = { "mcp-session-id": String(opened.headers["mcp-session-id"]) };
    const allowed = await ask({ id: 2, method: "tools/call", params: { name: "echo", arguments: {} } }, session);
    assert.doesNotMatch(allowed.body, /Unknown tool/);
    const refused = await ask({ id: 3, method: "tools/call", params: { name: "other" } }, session);
    assert.match(refused.body, /Unknown tool/);
    const counted = /rule_errors_total\{[^}]*place="mcpAuthorization"[^}]*\} (\d+)/.exec(await site.gateway.metrics());
    assert.ok(Number(counted?.[1]) > 0, "counted");
  });
});
