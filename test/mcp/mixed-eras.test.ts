import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { Reply } from "../../src/contract/reply.ts";
import { askingServer, callStateless, statelessRequest, statelessServer } from "./eras/asking-server.ts";
import { FakeServer, type Received, tools } from "./fake-server.ts";
import { type Answered, resultOf, Rig, type RigOptions } from "./rig.ts";

/** Servers of both eras behind one address, some of them out or in trouble. */

const names = (answered: Answered): string[] => resultOf<{ tools: { name: string }[] }>(answered).tools.map(({ name }) => name);
const oldServer = (): FakeServer => new FakeServer({ sessions: true, answers: { "tools/list": tools("a") } });
const newServer = (): FakeServer =>
  statelessServer({ "tools/list": { resultType: "complete", ttlMs: 0, cacheScope: "private", ...tools("b") } });
const down = (): FakeServer => Object.assign(new FakeServer(), { send: () => Promise.reject(new Error("connection refused")) });

describe("servers of both eras", () => {
  const rigs: Rig[] = [];
  after(() => rigs.forEach((rig) => rig.close()));

  function rigFor(targets: Record<string, FakeServer>, options: RigOptions = {}): Rig {
    const rig = new Rig(targets, options);
    rigs.push(rig);
    return rig;
  }

  test("one down, one old, one new, failOpen: both kinds of clients are served", async () => {
    const rig = rigFor({ down: down(), old: oldServer(), new: newServer() }, { failureMode: "failOpen" });
    const { supportedVersions } = resultOf<{ supportedVersions: string[] }>(await callStateless(rig, "server/discover"));
    assert.deepEqual(supportedVersions, ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
    assert.deepEqual(names(await callStateless(rig, "tools/list")), ["old_a", "new_b"]);
    const session = await rig.open();
    assert.deepEqual(names(await rig.call("tools/list", {}, { session })), ["old_a", "new_b"]);
  });

  test("the same, failClosed: the one that is down is named", async () => {
    const rig = rigFor({ down: down(), old: oldServer(), new: newServer() });
    for (const method of ["server/discover", "tools/list"]) {
      const refused = await callStateless(rig, method);
      assert.equal(refused.status, 503);
      assert.match(refused.messages[0]?.error?.message ?? "", /target "down": connection refused/);
    }
    const { result } = (await callStateless(rig, "tools/call", { name: "old_a" })).messages[0] ?? {};
    assert.ok(result, "a call needs only its own target");
  });

  test("one that answers with a version that nobody speaks does not hide the other's", async () => {
    const future = new FakeServer();
    const unsupported = (): Reply =>
      Reply.json(400, { jsonrpc: "2.0", id: 1, error: { code: -32022, message: "no", data: { supported: ["2099-01-01"] } } });
    const rig = rigFor(
      { future: Object.assign(future, { send: () => Promise.resolve(unsupported()) }), new: newServer() },
      { failureMode: "failOpen" },
    );
    assert.deepEqual(names(await callStateless(rig, "tools/list")), ["new_b"]);
  });

  test("a server without sessions that asks its client directly ends the call with one clear error", async () => {
    const asking = ({ message }: Received): Reply => {
      const events = [
        { jsonrpc: "2.0", id: "q", method: "elicitation/create", params: { message: "m" } },
        { jsonrpc: "2.0", id: message?.id, result: { resultType: "complete", content: [] } },
      ];
      const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
      return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), text);
    };
    for (const targets of [
      { new: statelessServer({ "tools/call": asking }) },
      { new: statelessServer({ "tools/call": asking }), old: oldServer() },
    ]) {
      const rig = rigFor(targets);
      await callStateless(rig, "server/discover");
      const name = Object.keys(targets).length === 1 ? "t" : "new_t";
      const answered = await callStateless(rig, "tools/call", { name });
      assert.equal(answered.messages.length, 1, answered.text);
      assert.match(answered.messages[0]?.error?.message ?? "", /server-to-client requests/);
    }
  });

  test("a caller for whom there is no room does not put the server out", async () => {
    const server = askingServer(async ({ ask }) => String((await ask("elicitation/create", {})).id));
    const rig = rigFor({ one: server, two: newServer() }, { failureMode: "failOpen", limits: { maxSharedSessions: 1, maxFailures: 1 } });
    const call = (): Promise<Answered> => callStateless(rig, "tools/call", { name: "one_t" });
    assert.equal(resultOf<{ resultType: string }>(await call()).resultType, "input_required");
    for (let round = 0; round < 3; round++) assert.match((await call()).text, /are in use/);
    assert.deepEqual(rig.log, []);
  });

  test("a request that can be read in two ways is the client's mistake, not the server's", async () => {
    const rig = rigFor({ one: oldServer(), two: oldServer() }, { failureMode: "failOpen", limits: { maxFailures: 1 } });
    await callStateless(rig, "tools/list");
    const [message, options] = statelessRequest("tools/call", { name: "one_t" });
    const text = JSON.stringify(message).replace('"_meta":{', '"_meta":{"progressToken":1,"progresstoken":2,');
    const refused = await rig.post(text, options);
    assert.equal(refused.status, 400, refused.text);
    assert.match(refused.text, /ambiguous key/);
    assert.ok((await callStateless(rig, "tools/call", { name: "one_t" })).messages[0]?.result);
  });
});
