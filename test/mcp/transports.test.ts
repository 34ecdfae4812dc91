import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { CreateMessageRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { type RunningServer, startEverything } from "./harness.ts";

/** Both transports on both sides, with the official client and the official servers. */
describe("transports", () => {
  let web: RunningServer;
  let old: RunningServer;
  const gateways: TestGateway[] = [];
  const clients: Client[] = [];

  before(async () => {
    [web, old] = await Promise.all([startEverything(), startEverything(undefined, "sse")]);
  });

  after(async () => {
    for (const client of clients) await client.close();
    for (const gateway of gateways) await gateway.close();
    await Promise.all([web.close(), old.close()]);
  });

  const targets = {
    web: () => `{name: web, mcp: {host: "http://127.0.0.1:${web.port}/mcp"}}`,
    old: () => `{name: old, sse: {host: "http://127.0.0.1:${old.port}/sse"}}`,
  };
  const transports = {
    streamable: (url: string) => new StreamableHTTPClientTransport(new URL(`${url}/mcp`)) as Transport,
    sse: (url: string) => new SSEClientTransport(new URL(`${url}/sse`)),
  };

  async function start(...names: readonly (keyof typeof targets)[]): Promise<string> {
    const gateway = await startTestGateway(`mcp: {port: 0, targets: [${names.map((name) => targets[name]()).join(", ")}]}`);
    gateways.push(gateway);
    return gateway.url();
  }

  async function connect(transport: Transport): Promise<Client> {
    const client = new Client({ name: "test", version: "1" }, { capabilities: { sampling: {} } });
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: "m",
      role: "assistant",
      content: { type: "text", text: "sampled" },
    }));
    clients.push(client);
    await client.connect(transport);
    return client;
  }

  const textOf = (result: unknown): string => (result as { content: { text: string }[] }).content.map(({ text }) => text).join("\n");

  for (const upstream of ["web", "old"] as const) {
    for (const downstream of ["streamable", "sse"] as const) {
      test(`client ${downstream}, server ${upstream}: lists, calls, a question in the middle of a call`, async () => {
        const client = await connect(transports[downstream](await start(upstream)));
        const { tools } = await client.listTools();
        assert.ok(tools.some(({ name }) => name === "echo"));
        assert.equal(textOf(await client.callTool({ name: "echo", arguments: { message: "hi" } })), "Echo: hi");
        const sampled = await client.callTool({ name: "trigger-sampling-request", arguments: { prompt: "p", maxTokens: 5 } });
        assert.match(textOf(sampled), /sampled/);
      });
    }
  }

  for (const downstream of ["streamable", "sse"] as const) {
    test(`client ${downstream}, servers of both transports as one`, async () => {
      const client = await connect(transports[downstream](await start("web", "old")));
      for (const name of ["web_echo", "old_echo"]) {
        assert.equal(textOf(await client.callTool({ name, arguments: { message: name } })), `Echo: ${name}`);
      }
      await assert.rejects(client.callTool({ name: "echo", arguments: {} }), /no target for tool/);
      const progress: number[] = [];
      await client.callTool({ name: "old_trigger-long-running-operation", arguments: { duration: 0.2, steps: 2 } }, undefined, {
        onprogress: (seen) => progress.push(seen.progress),
      });
      // the client forgets who wanted progress when the response comes in the same chunk
      assert.equal(progress[0], 1);
    });
  }
});
