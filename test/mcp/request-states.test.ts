import assert from "node:assert/strict";
import { test } from "node:test";
import { HeaderList } from "../../src/base/headers.ts";
import { Reply } from "../../src/contract/reply.ts";
import type { Exchange } from "../../src/contract/exchange.ts";
import { FakeServer, type Received } from "./fake-server.ts";
import { type Answered, Rig } from "./rig.ts";

const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
};
const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "pay" };
const asUser = (username: string): Exchange["identity"] => ({ basicAuth: { username } });

/** A server without sessions that asks once, and then says which state it was given. */
function asking(): FakeServer {
  return new FakeServer({
    answers: {
      "tools/call": ({ message }: Received) => {
        const state = message?.params?.["requestState"];
        return state === undefined
          ? { resultType: "input_required", requestState: "step 1" }
          : { resultType: "complete", content: [{ type: "text", text: state }] };
      },
    },
  });
}

function call(rig: Rig, identity: Exchange["identity"], more: object = {}): Promise<Answered> {
  const params = { name: "pay", arguments: {}, _meta: meta, ...more };
  return rig.post({ jsonrpc: "2.0", id: 1, method: "tools/call", params }, { identity, headers });
}

const stateIn = ({ messages }: Answered): string => {
  const result = messages[0]?.result as { requestState: string } | undefined;
  assert.ok(result, "a result");
  return result.requestState;
};

// shows: mcp-state-bound
test("with a session key, a server's requestState is good for the caller it was given to, and for no other", async () => {
  const rig = new Rig({ a: asking() }, { sessionKey: Buffer.alloc(32, 7) });
  const state = stateIn(await call(rig, asUser("ann")));
  assert.notEqual(state, "step 1");
  assert.deepEqual((await call(rig, asUser("ann"), { requestState: state })).messages[0]?.result, {
    resultType: "complete",
    content: [{ type: "text", text: "step 1" }],
  });
  const foreign = await call(rig, asUser("bob"), { requestState: state });
  assert.equal(foreign.status, 400);
  assert.equal(foreign.messages[0]?.error?.code, -32602);
  assert.equal((await call(rig, asUser("ann"), { requestState: "step 1" })).status, 400);
  rig.clock.now += 3_600_001;
  assert.equal((await call(rig, asUser("ann"), { requestState: state })).status, 400);
  // another replica with the key goes on
  const replica = new Rig({ a: asking() }, { sessionKey: Buffer.alloc(32, 7) });
  const fresh = stateIn(await call(rig, asUser("ann")));
  assert.equal((await call(replica, asUser("ann"), { requestState: fresh })).status, 200);
});

test("without a key, or a caller, a state stays as its server made it", async () => {
  assert.equal(stateIn(await call(new Rig({ a: asking() }), asUser("ann"))), "step 1");
  assert.equal(stateIn(await call(new Rig({ a: asking() }, { sessionKey: Buffer.alloc(32, 7) }), {})), "step 1");
});

test("a state under a name that readers take for the same is refused, whoever reads it", async () => {
  const server = asking();
  const rig = new Rig({ a: server }, { sessionKey: Buffer.alloc(32, 7) });
  const state = stateIn(await call(rig, asUser("ann")));
  for (const name of ["RequestState", "requeststate"]) {
    for (const more of [{ [name]: "step 1" }, { requestState: state, [name]: "step 1" }]) {
      const { status, messages } = await call(rig, asUser("ann"), more);
      assert.deepEqual([status, messages[0]?.error?.code], [400, -32602], name);
    }
  }
});

test("a state is of no use at another backend, though a target there has the same name", async () => {
  const sessionKey = Buffer.alloc(32, 7);
  const state = stateIn(await call(new Rig({ a: asking() }, { sessionKey, name: "one" }), asUser("ann")));
  const other = new Rig({ a: asking() }, { sessionKey, name: "other" });
  assert.equal((await call(other, asUser("ann"), { requestState: state })).status, 400);
});

for (const result of ['{"requestState":"a","requestState":"b"}', '{"requestState":"a","RequestState":"b"}']) {
  test(`an answer whose state depends on the reader fails its own call only: ${result}`, async () => {
    const answered = new Reply(200, new HeaderList(["content-type", "application/json"]), `{"jsonrpc":"2.0","id":1,"result":${result}}`);
    const rig = new Rig({ a: new FakeServer({ answers: { "tools/call": () => answered } }) }, { sessionKey: Buffer.alloc(32, 7) });
    const { status, text, messages } = await call(rig, asUser("ann"));
    assert.deepEqual([status, messages[0]?.error?.code], [503, -32603]);
    assert.match(text, /ambiguous key/);
  });
}
