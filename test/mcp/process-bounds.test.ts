import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import type { McpTargetSettings } from "../../src/mcp/settings.ts";
import { spawnProcessGroup } from "../../src/mcp/upstream/spawn-process.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { FakeServer, tools } from "./fake-server.ts";
import { type Answered, initialize, resultOf, Rig } from "./rig.ts";

const script = fileURLToPath(new URL("stdio-server.ts", import.meta.url));
const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing) await close();
});

const few: McpTargetSettings = {
  kind: "stdio",
  name: "few",
  command: process.execPath,
  args: [script],
  env: {},
  clearEnv: false,
  maxProcesses: 1,
};
const call = (name: string, id = 1): object => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: {} } });
const errorIn = ({ messages }: Answered): string => messages.at(-1)?.error?.message ?? "none";

// shows: mcp-processes-full
test("failOpen: who comes when all processes are in use goes without that target; who has one notices nothing", async () => {
  const rig = new Rig(
    { many: new FakeServer({ answers: { "tools/list": tools("x") } }), few },
    { failureMode: "failOpen", spawn: spawnProcessGroup },
  );
  closing.push(() => rig.close());
  const namesFor = async (session: string): Promise<string> => {
    const list = resultOf<{ tools: { name: string }[]; _meta?: object }>(await rig.call("tools/list", {}, { session }));
    assert.equal(list._meta, undefined, "no part of it is an old one");
    return list.tools.map(({ name }) => name).join();
  };
  const first = await rig.open();
  assert.match(await namesFor(first), /many_x.*few_pid|few_pid.*many_x/);
  for (let i = 0; i < 5; i++) {
    const other = await rig.open();
    assert.equal(await namesFor(other), "many_x");
    assert.match(errorIn(await rig.post(call("few_pid"), { session: other })), /target "few": all 1 processes of the target are in use/);
    assert.match(await namesFor(first), /few_pid/);
  }
  assert.equal(errorIn(await rig.post(call("few_pid"), { session: first })), "none");
  await rig.request("DELETE", undefined, { session: first });
  assert.match(await namesFor(await rig.open()), /few_pid/, "there is room again");
});

test("failOpen: calls that one client gives the same id are its own trouble", async () => {
  const rig = new Rig({ many: new FakeServer(), few }, { failureMode: "failOpen", spawn: spawnProcessGroup });
  closing.push(() => rig.close());
  const session = await rig.open();
  const slow = rig.post({ jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "few_slow", arguments: { ms: 300 } } }, { session });
  for (let i = 0; i < 4; i++) assert.match(errorIn(await rig.post(call("few_pid", 7), { session })), /target "few": a request with id 7/);
  const list = resultOf<{ tools: { name: string }[] }>(await rig.call("tools/list", {}, { session }));
  assert.ok(list.tools.some(({ name }) => name === "few_pid"));
  assert.equal(errorIn(await slow), "none");
});

test("a reload changes the bound of processes that go on", async () => {
  const config = (maxProcesses: number): string =>
    JSON.stringify({ mcp: { port: 0, targets: [{ name: "few", stdio: { cmd: process.execPath, args: [script], maxProcesses } }] } });
  const gateway = await startTestGateway(config(1));
  closing.push(() => gateway.close());
  const post = postTo(gateway);
  const first = (await post(initialize())).session;
  const pid = (await post(call("pid"), first)).text;
  assert.match((await post(initialize())).text, /all 1 processes/);
  assert.ok(await gateway.reload(config(2)));
  assert.ok((await post(initialize())).session);
  assert.match((await post(initialize())).text, /all 2 processes/);
  assert.equal((await post(call("pid"), first)).text, pid);
});

function postTo(gateway: TestGateway): (message: unknown, session?: string) => Promise<{ text: string; session: string }> {
  return async (message, session) => {
    const headers = {
      "content-type": "application/json",
      accept: "application/json",
      ...(session === undefined ? {} : { "mcp-session-id": session }),
    };
    const reply = await fetch(`${gateway.url()}/mcp`, { method: "POST", headers, body: JSON.stringify(message) });
    return { text: await reply.text(), session: reply.headers.get("mcp-session-id") ?? "" };
  };
}
