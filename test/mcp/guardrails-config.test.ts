import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "../compat/effects/site.ts";
import { Upstream } from "../compat/effects/upstream.ts";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { connect } from "./harness.ts";
import { type Answer, type Asked, GuardrailServer } from "./guardrail-server.ts";

/** mcpGuardrails in a gateway as it is run: policies, expressions and reloads around it. */

interface Place {
  readonly server: GuardrailServer;
  readonly upstream: Upstream;
  readonly gateway: TestGateway;
}

type Draft = (server: GuardrailServer, upstream: Upstream) => object;

async function inPlace(draft: Draft, look: (place: Place) => Promise<void>, answer?: (asked: Asked) => Answer): Promise<void> {
  const server = await GuardrailServer.start(answer === undefined ? {} : { answer });
  const upstream = await Upstream.start();
  try {
    const gateway = await startTestGateway(JSON.stringify(draft(server, upstream)));
    try {
      await look({ server, upstream, gateway });
    } finally {
      await gateway.close();
    }
  } finally {
    await upstream.close();
    server.close();
  }
}

const processor = ({ host }: GuardrailServer, keys: object = {}): object => ({
  kind: "remote",
  host,
  methods: { "tools/call": "request" },
  ...keys,
});

const one =
  (policies: (server: GuardrailServer) => object, more: object = {}): Draft =>
  (server, upstream) => ({
    mcp: {
      port: 0,
      statefulMode: "stateless",
      targets: [{ name: "t", mcp: { host: `http://${upstream.host}/` } }],
      policies: policies(server),
    },
    ...more,
  });

async function call(gateway: TestGateway): Promise<{ status: number; error: { code: number; message: string } | undefined }> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "echo", arguments: {} } });
  const headers = { "content-type": "application/json", accept: "application/json" };
  const reply = await ask(`${gateway.url()}/mcp`, { method: "POST", headers, body });
  return { status: reply.status, error: (JSON.parse(reply.body) as { error?: { code: number; message: string } }).error };
}

test("metadata of a processor is known to rules, to transformations towards the target and to the access log", async () => {
  const policies = (server: GuardrailServer): object => ({
    mcpGuardrails: { processors: [processor(server)] },
    mcpAuthorization: { rules: ["mcpGuardrails.risk < 5"] },
    transformations: { request: { set: { "x-early": "default(mcpGuardrails.risk, 'nothing yet')" } } },
  });
  const draft: Draft = (server, upstream) => {
    const target = {
      name: "t",
      mcp: { host: `http://${upstream.host}/` },
      policies: { transformations: { request: { set: { "x-risk": "string(mcpGuardrails.risk)", "x-user": "mcpGuardrails.user.name" } } } },
    };
    return {
      mcp: { port: 0, statefulMode: "stateless", targets: [target], policies: policies(server) },
      frontendPolicies: { accessLog: { add: { risk: "mcpGuardrails.risk" } } },
    };
  };
  await inPlace(draft, async ({ server, upstream, gateway }) => {
    server.answer = () => ({ pass: {}, metadata: { risk: 2, user: { name: "ann" } } });
    assert.equal((await call(gateway)).error, undefined);
    const sent = upstream.seen.find(({ body }) => body.includes("tools/call"));
    assert.deepEqual([sent?.headers["x-risk"], sent?.headers["x-user"], sent?.headers["x-early"]], ["2", "ann", "nothing yet"]);
    assert.match(await gateway.output(), /\brisk[="]+:?2/);
    server.answer = () => ({ pass: {}, metadata: { risk: 7 } });
    assert.deepEqual(await call(gateway), { status: 400, error: { code: -32602, message: "Unknown tool: echo" } });
  });
});

test("of several places the most specific one counts", async () => {
  const other = await GuardrailServer.start();
  const draft: Draft = (server, upstream) => ({
    binds: [
      {
        port: 0,
        listeners: [
          {
            routes: [
              {
                backends: [
                  {
                    mcp: { statefulMode: "stateless", targets: [{ name: "t", mcp: { host: `http://${upstream.host}/` } }] },
                    policies: { mcpGuardrails: { processors: [processor(other)] } },
                  },
                ],
                policies: { mcpGuardrails: { processors: [processor(server)] } },
              },
            ],
          },
        ],
      },
    ],
  });
  await inPlace(draft, async ({ server, gateway }) => {
    await call(gateway);
    assert.deepEqual([server.asked.length, other.asked.length], [1, 0]);
  });
  other.close();
});

// shows: guardrail-reload
test("a reload keeps the connection to a processor that stays, and lets go of one that goes", async () => {
  const draft = one((server) => ({ mcpGuardrails: { processors: [processor(server)] } }));
  await inPlace(draft, async ({ server, upstream, gateway }) => {
    const ports = new Set<unknown>();
    server.answer = ({ peer }) => {
      ports.add(peer);
      return { pass: {} };
    };
    await call(gateway);
    const changed = one((known) => ({ mcpGuardrails: { processors: [processor(known, { methods: { "tools/*": "full" } })] } }));
    assert.ok(await gateway.reload(JSON.stringify(changed(server, upstream))));
    await call(gateway);
    assert.deepEqual(server.methods, ["request tools/call", "request tools/call", "response tools/call"]);
    assert.equal(ports.size, 1);
    const held = gateway.resources();
    assert.ok(await gateway.reload(JSON.stringify(one(() => ({}))(server, upstream))));
    await call(gateway);
    assert.equal(server.asked.length, 3);
    assert.equal(gateway.resources(), held - 1);
  });
});

test("an official client sees a refused call as the error that it is, with and without an event stream", async () => {
  const draft: Draft = (server, upstream) => ({
    mcp: {
      port: 0,
      targets: [{ name: "t", mcp: { host: `http://${upstream.host}/` } }],
      policies: { mcpGuardrails: { processors: [processor(server, { methods: { "tools/call": "full", "*/list": "full" } })] } },
    },
  });
  await inPlace(draft, async ({ server, gateway }) => {
    const client = await connect(`${gateway.url()}/mcp`);
    server.answer = ({ rpc, method }) =>
      rpc === "CheckResponse" && method === "tools/list"
        ? { mutated: { tools: [{ name: "echo", description: "checked", inputSchema: { type: "object" } }] } }
        : { pass: {} };
    assert.deepEqual(
      (await client.listTools()).tools.map(({ description }) => description),
      ["checked"],
    );
    assert.deepEqual((await client.callTool({ name: "echo", arguments: {} })).content, [{ type: "text", text: "done" }]);
    for (const refusing of ["CheckRequest", "CheckResponse"]) {
      server.answer = ({ rpc }) => (rpc === refusing ? { error: { code: "PERMISSION_DENIED", reason: "not this one" } } : { pass: {} });
      await assert.rejects(client.callTool({ name: "echo", arguments: {} }), /-32001.*not this one/);
    }
    await client.close();
  });
});
