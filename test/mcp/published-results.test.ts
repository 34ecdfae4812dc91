import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeServer, type Received } from "./fake-server.ts";
import { initialize, OpenStream, resultOf, Rig, settle } from "./rig.ts";

const capabilities = { tools: {}, resources: {}, tasks: {} };
const content = [
  { type: "text", text: 'see {"uri":"memo://x"}' },
  { type: "resource_link", uri: "memo://x", name: "x" },
  { type: "resource", resource: { uri: "ui://app", text: "t" } },
];

function server(events = false): FakeServer {
  return new FakeServer({
    capabilities,
    events,
    protocolVersion: "2025-11-25",
    answers: {
      "tools/list": {
        tools: [{ name: "t", inputSchema: {}, _meta: { ui: { resourceUri: "ui://app", other: 1 }, "ui/resourceUri": "ui://app" } }],
      },
      "tools/call": ({ message }: Received) =>
        message?.params?.["task"] === undefined ? { content } : { task: { taskId: "9", status: "working" } },
      "prompts/get": { messages: [{ role: "user", content: content[2] }] },
      "tasks/get": ({ message }: Received) => ({ taskId: message?.params?.["taskId"], status: "completed" }),
      "tasks/result": ({ message }: Received) => ({
        content: [content[1]],
        _meta: { "io.modelcontextprotocol/related-task": { taskId: message?.params?.["taskId"] } },
      }),
      "tasks/list": ({ message }: Received) =>
        message?.params?.["cursor"] === undefined
          ? { tasks: [{ taskId: "9", status: "working" }], nextCursor: "more" }
          : { tasks: [{ taskId: "10", status: "completed" }] },
      "resources/read": ({ message }: Received) => ({ contents: [{ uri: message?.params?.["uri"], text: "t" }] }),
    },
  });
}

async function open(rig: Rig): Promise<string> {
  const opened = await rig.post(initialize({ protocolVersion: "2025-11-25" }));
  const session = opened.headers.get("mcp-session-id") ?? assert.fail(opened.text);
  await rig.post({ jsonrpc: "2.0", method: "notifications/initialized" }, { session });
  return session;
}

for (const events of [false, true]) {
  test(`among several targets results refer to things by published names, and they can be read back (events: ${events})`, async () => {
    const rig = new Rig({ a: server(events), b: server(events) });
    const session = await open(rig);
    const { tools } = resultOf<{ tools: { _meta: unknown }[] }>(await rig.call("tools/list", {}, { session }));
    assert.deepEqual(tools[1]?._meta, { ui: { resourceUri: "ui://b+app", other: 1 }, "ui/resourceUri": "ui://b+app" });
    const called = resultOf<{ content: unknown[] }>(await rig.call("tools/call", { name: "b_t" }, { session }));
    assert.deepEqual(called.content, [
      content[0],
      { type: "resource_link", uri: "b+memo://x", name: "x" },
      { type: "resource", resource: { uri: "ui://b+app", text: "t" } },
    ]);
    const prompt = resultOf<{ messages: { content: unknown }[] }>(await rig.call("prompts/get", { name: "a_p" }, { session }));
    assert.deepEqual(prompt.messages[0]?.content, { type: "resource", resource: { uri: "ui://a+app", text: "t" } });
    for (const uri of ["b+memo://x", "ui://b+app"]) {
      const read = resultOf<{ contents: unknown[] }>(await rig.call("resources/read", { uri }, { session }));
      assert.deepEqual(read.contents, [{ uri, text: "t" }]);
    }
  });

  test(`tasks go by their target (events: ${events})`, async () => {
    const a = server(events);
    const rig = new Rig({ a, b: server(events) });
    const session = await open(rig);
    assert.deepEqual(resultOf(await rig.call("tools/call", { name: "a_t", task: {} }, { session })), {
      task: { taskId: "a+9", status: "working" },
    });
    assert.deepEqual(resultOf(await rig.call("tasks/get", { taskId: "a+9" }, { session })), { taskId: "a+9", status: "completed" });
    assert.deepEqual(a.received.at(-1)?.message?.params, { taskId: "9" });
    assert.deepEqual(resultOf(await rig.call("tasks/result", { taskId: "a+9" }, { session })), {
      content: [{ type: "resource_link", uri: "a+memo://x", name: "x" }],
      _meta: { "io.modelcontextprotocol/related-task": { taskId: "a+9" } },
    });
    const { tasks } = resultOf<{ tasks: { taskId: string }[] }>(await rig.call("tasks/list", {}, { session }));
    assert.deepEqual(
      tasks.map(({ taskId }) => taskId),
      ["a+9", "a+10", "b+9", "b+10"],
    );
    const stream = new OpenStream((await rig.send("GET", undefined, { session })).reply);
    a.push({ jsonrpc: "2.0", method: "notifications/tasks/status", params: { taskId: "9", status: "completed" } });
    await settle();
    assert.deepEqual(stream.messages[0]?.params, { taskId: "a+9", status: "completed" });
    stream.close();
  });
}

test("a lone target's results stay as they are", async () => {
  const rig = new Rig({ a: server() });
  const session = await open(rig);
  assert.deepEqual(resultOf(await rig.call("tools/call", { name: "t" }, { session })), { content });
  const { tools } = resultOf<{ tools: { _meta: unknown }[] }>(await rig.call("tools/list", {}, { session }));
  assert.deepEqual(tools[0]?._meta, { ui: { resourceUri: "ui://app", other: 1 }, "ui/resourceUri": "ui://app" });
});

test("names that readers would disagree about stay as they are", async () => {
  const odd = new FakeServer({ answers: { "tools/call": { content: [{ type: "resource_link", uri: "memo://x", URI: "memo://y" }] } } });
  const rig = new Rig({ odd, b: server() });
  const session = await rig.open();
  assert.deepEqual(resultOf(await rig.call("tools/call", { name: "odd_t" }, { session })), {
    content: [{ type: "resource_link", uri: "memo://x", URI: "memo://y" }],
  });
});
