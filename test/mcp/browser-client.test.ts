import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { parse } from "yaml";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { startToolServer, type ToolServer } from "../mcp-auth/rig.ts";
import { testIssuer } from "../tokens.ts";
import { pageOf } from "./browser-fetch.ts";

/** Official clients in a page, with the policy that docs/how-to/browser-clients.md shows. */

let server: ToolServer;
let gateway: TestGateway | undefined;
before(async () => {
  server = await startToolServer({ type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } });
});
after(() => server.close());
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

const app = "https://app.example.com";
const guide = readFileSync(new URL("../../docs/how-to/browser-clients.md", import.meta.url), "utf8");

/** The guide's configuration in front of our server. @returns the endpoint */
async function start(policies: object = {}): Promise<URL> {
  const written = parse(/```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? "") as { mcp: { policies: object } };
  const targets = [{ name: "docs", mcp: { host: `http://127.0.0.1:${server.port}/mcp` } }];
  const mcp = { ...written.mcp, port: 0, targets, policies: { ...written.mcp.policies, ...policies } };
  gateway = await startTestGateway(JSON.stringify({ mcp }));
  return new URL(`${gateway.url()}/mcp`);
}

// shows: mcp-browser
test("a client with sessions, from its greeting to its end", async () => {
  const url = await start();
  const page = pageOf(app);
  const transport = new StreamableHTTPClientTransport(url, { fetch: page.fetch });
  const client = new Client({ name: "page", version: "1" });
  await client.connect(transport as Transport);
  assert.ok(transport.sessionId, "the page can read the session's id");
  assert.equal((await client.listTools()).tools.length, 2);
  assert.deepEqual((await client.callTool({ name: "read", arguments: {} })).content, [{ type: "text", text: "called read" }]);
  await transport.terminateSession();
  await client.close();
  assert.ok(page.preflights.includes("DELETE mcp-protocol-version,mcp-session-id"), page.preflights.join(" | "));
});

test("a client of the revision 2026-07-28, which repeats in fields what it sends", async () => {
  const url = await start();
  const page = pageOf(app);
  const client = new ModernClient({ name: "page", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(new ModernTransport(url, { fetch: page.fetch }));
  await client.listTools();
  const { content } = await client.callTool({ name: "read", arguments: { region: "eu" } });
  assert.deepEqual(content, [{ type: "text", text: "called read" }]);
  await client.close();
  const call = "POST content-type,mcp-method,mcp-name,mcp-param-region,mcp-protocol-version";
  assert.ok(page.preflights.includes(call), page.preflights.join(" | "));
});

test("a client that has to log in can read where", async () => {
  const issuer = testIssuer("idp");
  const mcpAuthentication = {
    issuer: "https://idp.test",
    audiences: ["api"],
    jwks: issuer.jwks.replaceAll("$", "$$$$"),
    resourceMetadata: {},
  };
  const url = await start({ mcpAuthentication });
  const page = pageOf(app);
  const refused = await page.fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  assert.equal(refused.status, 401);
  const address = /resource_metadata="([^"]+)"/.exec(refused.headers.get("www-authenticate") ?? "")?.[1];
  assert.ok(address, "the challenge can be read");
  const metadata = await page.fetch(address, { headers: { "mcp-protocol-version": "2025-11-25" } });
  assert.deepEqual(((await metadata.json()) as { authorization_servers: string[] }).authorization_servers, ["https://idp.test"]);
});

test("a page of another site neither gets permission nor, without asking, an answer", async () => {
  const url = await start();
  const evil = pageOf("https://evil.example");
  await assert.rejects(evil.fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }), /may not read/);
  server.headers.length = 0;
  const headers = { origin: "https://evil.example", "content-type": "application/json", accept: "application/json" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  assert.equal((await fetch(url, { method: "POST", headers, body })).status, 403);
  assert.equal(server.headers.length, 0);
});
