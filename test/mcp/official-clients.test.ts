import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { connect, everything, filesystem, inspect, memory, type RunningServer, startEverything, stdio } from "./harness.ts";

/** The official servers behind one gateway, used by the official clients. */

describe("official clients and servers", () => {
  const small = fileURLToPath(new URL("stdio-server.ts", import.meta.url));
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "turnpike-mcp-")));
  let web: RunningServer;
  let gateway: TestGateway;
  /** For tests that leave no traces in their session. */
  let shared: Client;
  const gateways: TestGateway[] = [];
  const clients: { close(): Promise<void> }[] = [];

  before(async () => {
    writeFileSync(join(folder, "hello.txt"), "hello from a file");
    web = await startEverything();
    gateway = await start(`
mcp:
  port: 0
  targets:
  - {name: web, mcp: {host: "http://127.0.0.1:${web.port}/mcp"}}
  - {name: local, stdio: ${stdio(everything)}}
  - {name: memory, stdio: {cmd: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(memory)}], env: {MEMORY_FILE_PATH: ${JSON.stringify(join(folder, "memory.jsonl"))}}}}
  - {name: files, stdio: ${stdio(filesystem, folder)}}
  policies:
    mcpAuthorization:
      rules:
      - deny: 'mcp.tool.name == "get-env"'
      - deny: 'mcp.tool.target == "files" && mcp.tool.name == "read_text_file" && mcp.tool.arguments.path.endsWith(".secret")'
`);
    shared = await client();
  });

  after(async () => {
    for (const client of clients) await client.close();
    for (const one of gateways) await one.close();
    await web.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(config: string): Promise<TestGateway> {
    const started = await startTestGateway(config);
    gateways.push(started);
    return started;
  }

  async function client(to: TestGateway = gateway, headers: Record<string, string> = {}): Promise<Client> {
    const connected = await connect(`${to.url()}/mcp`, headers);
    clients.push(connected);
    return connected;
  }

  const textOf = (result: unknown): string => (result as { content: { text: string }[] }).content.map(({ text }) => text).join("\n");

  test("the tools of all servers are listed once, less the denied ones", async () => {
    const { tools } = await shared.listTools();
    const names = tools.map(({ name }) => name);
    for (const name of ["web_echo", "local_echo", "memory_read_graph", "files_read_text_file"]) assert.ok(names.includes(name), name);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      names.filter((name) => name.endsWith("_get-env")),
      [],
    );
    const echo = tools.find(({ name }) => name === "web_echo");
    assert.deepEqual(Object.keys(echo?.inputSchema.properties ?? {}), ["message"]);
  });

  test("each server answers calls under its prefix", async () => {
    for (const name of ["web_echo", "local_echo"]) {
      assert.equal(textOf(await shared.callTool({ name, arguments: { message: name } })), `Echo: ${name}`);
    }
    assert.deepEqual((await shared.callTool({ name: "memory_read_graph", arguments: {} })).structuredContent, {
      entities: [],
      relations: [],
    });
    assert.equal(
      textOf(await shared.callTool({ name: "files_read_text_file", arguments: { path: join(folder, "hello.txt") } })),
      "hello from a file",
    );
  });

  test("a denied tool looks as if it did not exist, also when only its arguments are denied", async () => {
    await assert.rejects(shared.callTool({ name: "web_get-env", arguments: {} }), /-32602.*Unknown tool: web_get-env/s);
    const secret = { name: "files_read_text_file", arguments: { path: join(folder, "x.secret") } };
    await assert.rejects(shared.callTool(secret), /-32602.*Unknown tool: files_read_text_file/s);
  });

  test("servers ask the client: sampling, elicitation, roots, over HTTP and stdio", async () => {
    const one = await client();
    one.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: "m",
      role: "assistant",
      content: { type: "text", text: "sampled" },
    }));
    one.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { name: "elicited" } }));
    one.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: "file:///root", name: "the root" }] }));
    for (const target of ["web", "local"]) {
      const sampled = await one.callTool({ name: `${target}_trigger-sampling-request`, arguments: { prompt: "p", maxTokens: 5 } });
      assert.match(textOf(sampled), /sampled/);
      assert.match(textOf(await one.callTool({ name: `${target}_trigger-elicitation-request`, arguments: {} })), /elicited/);
      assert.match(textOf(await one.callTool({ name: `${target}_get-roots-list`, arguments: {} })), /the root/);
    }
  });

  test("progress reaches its call", async () => {
    for (const target of ["web", "local"]) {
      const seen: number[] = [];
      const call = { name: `${target}_trigger-long-running-operation`, arguments: { duration: 0.2, steps: 2 } };
      await shared.callTool(call, undefined, { onprogress: ({ progress }) => seen.push(progress) });
      assert.deepEqual(seen, [1, 2], target);
    }
  });

  test("prompts, resources, templates, completion, ping and log level", async () => {
    const one = await client();
    const { prompts } = await one.listPrompts();
    assert.ok(prompts.some(({ name }) => name === "web_simple-prompt") && prompts.some(({ name }) => name === "local_simple-prompt"));
    assert.equal((await one.getPrompt({ name: "local_simple-prompt" })).messages.length, 1);
    const { resources } = await one.listResources();
    const first = resources.find(({ uri }) => uri.startsWith("web+demo://"));
    assert.ok(first);
    assert.equal((await one.readResource({ uri: first.uri })).contents[0]?.uri, first.uri);
    const { resourceTemplates } = await one.listResourceTemplates();
    assert.ok(resourceTemplates.some(({ uriTemplate }) => uriTemplate.startsWith("local+demo://")));
    const completed = await one.complete({
      ref: { type: "ref/prompt", name: "local_completable-prompt" },
      argument: { name: "department", value: "E" },
    });
    assert.deepEqual(completed.completion.values, ["Engineering"]);
    await one.ping();
    await one.setLoggingLevel("debug");
  });

  test("updates of a subscribed resource carry its published URI", async () => {
    const one = await client();
    const uri = (await one.listResources()).resources.find((resource) => resource.uri.startsWith("local+demo://"))?.uri ?? "";
    const updated = new Promise<string>((resolve) => {
      one.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => resolve(params.uri));
    });
    await one.subscribeResource({ uri });
    await one.callTool({ name: "local_toggle-subscriber-updates", arguments: {} });
    assert.equal(await updated, uri);
    await one.callTool({ name: "local_toggle-subscriber-updates", arguments: {} });
  });

  test("a session that was ended is gone", async () => {
    const one = await client();
    const transport = one.transport as StreamableHTTPClientTransport;
    const session = transport.sessionId ?? "";
    await transport.terminateSession();
    const reply = await fetch(`${gateway.url()}/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", "mcp-session-id": session },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    assert.equal(reply.status, 404);
  });

  for (const mode of ["legacy", "auto"] as const) {
    test(`the client for newer revisions (${mode}) works on 2025-11-25`, async () => {
      const one = new ModernClient({ name: "test", version: "1" }, { versionNegotiation: { mode } });
      clients.push(one);
      await one.connect(new ModernTransport(new URL(`${gateway.url()}/mcp`)));
      assert.equal(one.getServerVersion()?.name, "turnpike");
      assert.ok((await one.listTools()).tools.length > 20);
      assert.equal(textOf(await one.callTool({ name: "web_echo", arguments: { message: "hi" } })), "Echo: hi");
    });
  }

  test("MCP Inspector lists and calls", async () => {
    const url = `${gateway.url()}/mcp`;
    const listed = await inspect(url, "--method", "tools/list");
    assert.equal(listed.code, 0, listed.output);
    assert.match(listed.output, /"name": ?"memory_create_entities"/);
    const called = await inspect(url, "--method", "tools/call", "--tool-name", "local_echo", "--tool-arg", "message=inspected");
    assert.equal(called.code, 0, called.output);
    assert.match(called.output, /Echo: inspected/);
  });

  test("stateless: the same servers without sessions, one process for all stdio callers", async () => {
    const stateless = await start(`
mcp:
  port: 0
  statefulMode: stateless
  targets:
  - {name: web, mcp: {host: "http://127.0.0.1:${web.port}/mcp"}}
  - {name: small, stdio: ${stdio(small)}}
`);
    const two = [await client(stateless), await client(stateless)];
    for (const one of two) {
      assert.equal((one.transport as StreamableHTTPClientTransport).sessionId, undefined);
      assert.ok((await one.listTools()).tools.some(({ name }) => name === "web_echo"));
      assert.equal(textOf(await one.callTool({ name: "web_echo", arguments: { message: "hi" } })), "Echo: hi");
    }
    const pids = await Promise.all(two.map(async (one) => textOf(await one.callTool({ name: "small_pid", arguments: {} }))));
    assert.equal(pids[0], pids[1]);
  });

  test("a remote server that restarts has forgotten its sessions; the client's goes on", async () => {
    const server = await startEverything();
    const own = await start(`
mcp:
  port: 0
  targets:
  - {name: web, mcp: {host: "http://127.0.0.1:${server.port}/mcp"}}
  - {name: small, stdio: ${stdio(small)}}
`);
    const one = await client(own);
    assert.equal(textOf(await one.callTool({ name: "web_echo", arguments: { message: "1" } })), "Echo: 1");
    await server.close();
    await assert.rejects(
      one.callTool({ name: "web_echo", arguments: { message: "2" } }),
      /failed to send message: target \\"web\\": upstream call failed: connection refused/,
    );
    assert.match(textOf(await one.callTool({ name: "small_echo", arguments: {} })), /echo/, "the others are not affected");
    const again = await startEverything(server.port);
    try {
      assert.equal(textOf(await one.callTool({ name: "web_echo", arguments: { message: "3" } })), "Echo: 3");
    } finally {
      await again.close();
    }
  });

  test("failOpen: a server that accepts and says nothing does not keep the others from their client", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const own = await start(`
binds:
- port: 0
  listeners:
  - routes:
    - policies: {timeout: {backendRequestTimeout: 300ms}}
      backends:
      - mcp:
          failureMode: failOpen
          targets:
          - {name: silent, mcp: {host: "http://127.0.0.1:${port}/mcp"}}
          - {name: small, stdio: ${stdio(small)}}
`);
    const one = await client(own);
    assert.ok((await one.listTools()).tools.every(({ name }) => name.startsWith("small_")));
    assert.match(textOf(await one.callTool({ name: "small_echo", arguments: {} })), /echo/);
    await one.close();
    silent.close();
  });

  test("a session expires when it is idle", async () => {
    const own = await start(`
config: {mcp: {sessionTtl: 50ms}}
mcp:
  port: 0
  targets:
  - {name: small, stdio: ${stdio(small)}}
`);
    const open = await fetch(own.url(), {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}',
    });
    const session = open.headers.get("mcp-session-id") ?? "";
    assert.equal(open.status, 200, await open.text());
    await new Promise((resolve) => setTimeout(resolve, 80));
    const late = await fetch(own.url(), {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "mcp-session-id": session },
      body: '{"jsonrpc":"2.0","id":2,"method":"ping"}',
    });
    assert.deepEqual([late.status, await late.text()], [404, "session not found"]);
  });

  test("a reload keeps sessions, their processes, and applies new rules to them", async () => {
    const config = (rules: string): string => `
mcp:
  port: 0
  targets:
  - {name: small, stdio: ${stdio(small)}}
  - {name: web, mcp: {host: "http://127.0.0.1:${web.port}/mcp"}}
  policies: {mcpAuthorization: {rules: [${rules}]}}
`;
    const own = await start(config("'true'"));
    const one = await client(own);
    const pid = textOf(await one.callTool({ name: "small_pid", arguments: {} }));
    assert.equal(await own.reload(config(`'mcp.tool.name != "echo"'`)), true);
    assert.equal(textOf(await one.callTool({ name: "small_pid", arguments: {} })), pid);
    await assert.rejects(one.callTool({ name: "web_echo", arguments: { message: "x" } }), /Unknown tool: web_echo/);
    assert.match(textOf(await one.callTool({ name: "web_get-sum", arguments: { a: 1, b: 2 } })), /3/);
  });
});
