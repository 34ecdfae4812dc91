import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, test } from "node:test";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { everything, filesystem, inspect, memory, type RunningServer, sequentialThinking, startEverything, stdio } from "./harness.ts";
import { connectMcpRemote, connectSse, connectV1, connectV2, type Peer } from "./peers.ts";

/** The official servers all at once behind one gateway, and each feature of the protocol used by each of several real clients. */

const folder = realpathSync(mkdtempSync(join(tmpdir(), "turnpike-real-")));
let web: RunningServer;
let gateway: TestGateway;

before(async () => {
  for (const name of ["one", "two"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "hello.txt"), `hello from ${name}`);
  }
  web = await startEverything();
  gateway = await startTestGateway(`
mcp:
  port: 0
  targets:
  - {name: web, mcp: {host: "http://127.0.0.1:${web.port}/mcp"}}
  - {name: local, stdio: ${stdio(everything)}}
  - {name: files, stdio: ${stdio(filesystem, join(folder, "one"))}}
  - {name: memory, stdio: {cmd: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(memory)}], env: {MEMORY_FILE_PATH: ${JSON.stringify(join(folder, "memory.jsonl"))}}}}
  - {name: thinking, stdio: ${stdio(sequentialThinking)}}
`);
});

after(async () => {
  await gateway.close();
  await web.close();
  rmSync(folder, { recursive: true, force: true });
});

const textOf = (result: { readonly content: unknown }): string =>
  (result.content as { readonly text?: string }[]).map(({ text }) => text ?? "").join("\n");

/** Both ways to reach the same server. */
const twins = ["web", "local"] as const;

const clients: Readonly<Record<string, (url: string) => Promise<Peer>>> = {
  "SDK 1.x": connectV1,
  "SDK 2.x": connectV2,
  "SDK 1.x, HTTP+SSE": connectSse,
  "mcp-remote": connectMcpRemote,
};

// shows: mcp-real-servers
for (const [name, connect] of Object.entries(clients)) {
  describe(name, () => {
    let peer: Peer;
    before(async () => {
      peer = await connect(`${gateway.url()}/mcp`);
    });
    after(() => peer.close());

    test("initialize: one server that has what any of them has", async () => {
      const { tools } = await peer.client.listTools();
      const prefixes = new Set(tools.map(({ name }) => name.slice(0, name.indexOf("_"))));
      assert.deepEqual([...prefixes].sort(), ["files", "local", "memory", "thinking", "web"]);
    });

    test("tools: text, structured content, links into the same gateway", async () => {
      for (const target of twins) {
        assert.equal(textOf(await peer.call(`${target}_echo`, { message: target })), `Echo: ${target}`);
        const weather = await peer.call(`${target}_get-structured-content`, { location: "Chicago" });
        assert.deepEqual(Object.keys(weather.structuredContent ?? {}).sort(), ["conditions", "humidity", "temperature"]);
        const { content } = await peer.call(`${target}_get-resource-links`, { count: 2 });
        const link = content.find(({ type }) => type === "resource_link") as { readonly uri: string };
        assert.equal((await peer.client.readResource({ uri: link.uri })).contents[0]?.uri, link.uri);
      }
      const thought = { thought: "t", nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 };
      assert.deepEqual((await peer.call("thinking_sequentialthinking", thought)).structuredContent, {
        thoughtNumber: 1,
        totalThoughts: 1,
        nextThoughtNeeded: false,
        branches: [],
        thoughtHistoryLength: 1,
      });
      const entities = [{ name, entityType: "client", observations: ["was here"] }];
      await peer.call("memory_create_entities", { entities });
      assert.deepEqual((await peer.call("memory_open_nodes", { names: [name] })).structuredContent, { entities, relations: [] });
    });

    test("tools: what a server says is wrong is a result, what nobody knows is an error", async () => {
      const missing = await peer.call("files_read_text_file", { path: "/nowhere" });
      assert.equal(missing.isError, true);
      assert.match(textOf(missing), /access denied|not allowed|ENOENT/i);
      const unknown = await peer.call("thinking_nothing");
      assert.deepEqual([unknown.isError, textOf(unknown)], [true, "MCP error -32602: Tool nothing not found"]);
      await assert.rejects(peer.call("nobody_nothing"), /nobody/);
    });

    test("prompts, and completion of their arguments", async () => {
      const { prompts } = await peer.client.listPrompts();
      for (const target of twins) {
        assert.ok(prompts.some(({ name }) => name === `${target}_args-prompt`));
        const { messages } = await peer.client.getPrompt({ name: `${target}_args-prompt`, arguments: { city: "Paris" } });
        assert.match(JSON.stringify(messages), /weather in Paris/);
        const completed = await peer.client.complete({
          ref: { type: "ref/prompt", name: `${target}_completable-prompt` },
          argument: { name: "name", value: "A" },
          context: { arguments: { department: "Engineering" } },
        });
        assert.deepEqual(completed.completion.values, ["Alice"]);
      }
    });

    test("resources, templates, and completion of their variables", async () => {
      const { resources } = await peer.client.listResources();
      const { resourceTemplates } = await peer.client.listResourceTemplates();
      for (const target of twins) {
        const uri = resources.find((resource) => resource.uri.startsWith(`${target}+demo://resource/static/`))?.uri ?? "";
        assert.equal((await peer.client.readResource({ uri })).contents[0]?.uri, uri);
        const template = resourceTemplates.find(({ uriTemplate }) => uriTemplate.startsWith(`${target}+demo://resource/dynamic/text/`));
        const completed = await peer.client.complete({
          ref: { type: "ref/resource", uri: template?.uriTemplate ?? "" },
          argument: { name: "resourceId", value: "7" },
        });
        assert.deepEqual(completed.completion.values, ["7"]);
        const filled = template?.uriTemplate.replace("{resourceId}", "7") ?? "";
        assert.match(JSON.stringify((await peer.client.readResource({ uri: filled })).contents), /Resource 7/);
      }
    });

    test("subscriptions: updates come until they are given up", async () => {
      for (const target of twins) {
        const uri = `${target}+demo://resource/dynamic/text/1`;
        await peer.client.subscribeResource({ uri });
        const updated = peer.hears("notifications/resources/updated", (params) => params["uri"] === uri);
        await peer.call(`${target}_toggle-subscriber-updates`);
        await updated;
        await peer.call(`${target}_toggle-subscriber-updates`);
        await peer.client.unsubscribeResource({ uri });
        const other = `${target}+demo://resource/dynamic/text/2`;
        await peer.client.subscribeResource({ uri: other });
        const heard: unknown[] = [];
        const next = peer.hears("notifications/resources/updated", (params) => {
          heard.push(params["uri"]);
          return params["uri"] === other;
        });
        await peer.call(`${target}_toggle-subscriber-updates`);
        await next;
        await peer.call(`${target}_toggle-subscriber-updates`);
        await peer.client.unsubscribeResource({ uri: other });
        assert.deepEqual(heard, [other]);
      }
    });

    test("a list that has changed is told, and the new resource is there", async () => {
      for (const target of twins) {
        const file = `${name.replace(/\W/g, "-")}-${target}.gz`;
        await peer.client.listResources();
        const changed = peer.hears("notifications/resources/list_changed");
        const { content } = await peer.call(`${target}_gzip-file-as-resource`, {
          name: file,
          data: "data:text/plain,hi",
          outputType: "resourceLink",
        });
        await changed;
        const uri = `${target}+demo://resource/session/${file}`;
        assert.equal((content[0] as { readonly uri?: string }).uri, uri);
        assert.ok((await peer.client.listResources()).resources.some((resource) => resource.uri === uri));
        assert.ok((await peer.client.readResource({ uri })).contents.some((part) => "blob" in part));
      }
    });

    test("log messages, of the level that was asked for", async () => {
      await peer.client.setLoggingLevel("debug");
      for (const target of twins) {
        const logged = peer.hears("notifications/message", ({ data }) => /-level message|level-message/.test(String(data)));
        await peer.call(`${target}_toggle-simulated-logging`);
        await logged;
        await peer.call(`${target}_toggle-simulated-logging`);
      }
    });

    test("progress", async () => {
      const overHttp = connect === connectV1 || connect === connectV2;
      for (const target of twins) {
        const seen: number[] = [];
        const onprogress = ({ progress }: { progress: number }): unknown => seen.push(progress);
        await peer.call(`${target}_trigger-long-running-operation`, { duration: 0.3, steps: 3 }, { onprogress });
        // over HTTP+SSE and stdio the SDK may lose what comes right before the response, without a gateway too
        assert.deepEqual(overHttp ? seen : seen.slice(0, 2), overHttp ? [1, 2, 3] : [1, 2]);
      }
    });

    test("cancellation: the call is given up, the session is not", async () => {
      for (const target of twins) {
        const giveUp = new AbortController();
        const call = { onprogress: () => giveUp.abort("enough"), signal: giveUp.signal };
        await assert.rejects(peer.call(`${target}_trigger-long-running-operation`, { duration: 20, steps: 100 }, call), /enough/);
        assert.equal(textOf(await peer.call(`${target}_echo`, { message: "still here" })), "Echo: still here");
      }
    });

    test("sampling and elicitation, by form and by URL", async () => {
      for (const target of twins) {
        const before = peer.asked.length;
        assert.match(textOf(await peer.call(`${target}_trigger-sampling-request`, { prompt: "p", maxTokens: 5 })), /sampled/);
        assert.match(textOf(await peer.call(`${target}_trigger-elicitation-request`)), /elicited/);
        const opened = await peer.call(`${target}_trigger-url-elicitation`, { url: "https://example.com/", elicitationId: "e1" });
        assert.match(textOf(opened), /completed the URL elicitation/);
        const asked = peer.asked.slice(before).filter(({ method }) => method !== "roots/list");
        assert.deepEqual(
          asked.map(({ method }) => method),
          ["sampling/createMessage", "elicitation/create", "elicitation/create"],
        );
        assert.equal(asked[2]?.params?.["elicitationId"], "e1");
      }
    });

    test("roots: the filesystem server follows them", async () => {
      for (const root of ["two", "one"]) {
        peer.roots = [{ uri: pathToFileURL(join(folder, root)).href, name: root }];
        await peer.client.sendRootsListChanged();
        await allowed(peer, join(folder, root));
        const path = join(folder, root, "hello.txt");
        assert.equal(textOf(await peer.call("files_read_text_file", { path })), `hello from ${root}`);
      }
      const path = join(folder, "two", "hello.txt");
      assert.equal((await peer.call("files_read_text_file", { path })).isError, true);
      for (const target of twins) assert.match(textOf(await peer.call(`${target}_get-roots-list`)), /one/);
    });

    test("ping", async () => {
      await peer.client.ping();
    });
  });
}

/** Waits until the filesystem server has taken a folder for the one that it may use; it does not say when it has. */
async function allowed(peer: Peer, path: string): Promise<void> {
  let said = "";
  for (let tries = 0; tries < 100; tries++) {
    said = textOf(await peer.call("files_list_allowed_directories"));
    if (said.split("\n").includes(path)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`the roots did not arrive: ${said}`);
}

describe("MCP Inspector", () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [
      [
        "--method",
        "tools/call",
        "--tool-name",
        "thinking_sequentialthinking",
        "--tool-arg",
        "thought=t",
        "thoughtNumber=1",
        "totalThoughts=1",
        "nextThoughtNeeded=false",
      ],
      /thoughtHistoryLength/,
    ],
    [["--method", "resources/list"], /web\+demo:\/\/resource\/static/],
    [["--method", "resources/templates/list"], /local\+demo:\/\/resource\/dynamic\/blob\/\{resourceId\}/],
    [["--method", "resources/read", "--uri", "local+demo://resource/dynamic/text/3"], /Resource 3/],
    [["--method", "prompts/list"], /"web_args-prompt"/],
    [["--method", "prompts/get", "--prompt-name", "web_args-prompt", "--prompt-args", "city=Paris"], /weather in Paris/],
    [["--method", "logging/setLevel", "--log-level", "debug"], /\{\}/],
  ];
  for (const [args, expected] of cases) {
    test(args.slice(1, 4).join(" "), async () => {
      const { code, output } = await inspect(`${gateway.url()}/mcp`, ...args);
      assert.equal(code, 0, output);
      assert.match(output, expected);
    });
  }
});
