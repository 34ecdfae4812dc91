import assert from "node:assert/strict";
import { after, test } from "node:test";
import { GuardrailServer } from "../../test/mcp/guardrail-server.ts";
import { testExchange } from "../../test/policy-harness.ts";
import { systemClock } from "../base/clock.ts";
import { HeaderList } from "../base/headers.ts";
import { GatewayError } from "../contract/errors.ts";
import type { GatewayMetrics } from "../contract/metrics.ts";
import type { Outgoing, OutgoingPurpose, Upstream } from "../contract/outgoing.ts";
import { createGrpcUpstream } from "./grpc.ts";

const opened: { close(): void }[] = [];
after(() => opened.forEach((one) => one.close()));
const calls: OutgoingPurpose[] = [];

function upstreamOf(port: number, maxCalls = 10): Upstream {
  const metrics = { upstreamCalled: (purpose: OutgoingPurpose) => void calls.push(purpose) } as unknown as GatewayMetrics;
  const upstream = createGrpcUpstream({ host: "127.0.0.1", port }, { maxMessageBytes: 100_000, maxCalls }, { clock: systemClock, metrics });
  opened.push(upstream);
  return upstream;
}

const request = (more: Partial<Outgoing> = {}, fields: string[] = []): Outgoing => ({
  exchange: testExchange(),
  purpose: { kind: "Policy", subtype: "Guardrail" },
  backend: { name: "b", type: "static", protocol: "http" },
  head: {
    method: "POST",
    scheme: "http",
    authority: "chosen.test",
    path: "/agentgateway.dev.ext_mcp.ExtMcp/CheckRequest",
    search: "",
    headers: new HeaderList(fields),
  },
  rewriteAuthority: true,
  body: Buffer.from([0x12, 0x01, 0x6d]), // method = "m"
  credentialPlaced: false,
  timeoutMs: 5_000,
  upgrade: undefined,
  ...more,
});

test("a call is a request: path, message and metadata go out, the message comes back; fields of the transport stay", async () => {
  const server = await GuardrailServer.start();
  opened.push(server);
  const fields = ["x-a", "1", "x-a", "2", "x-bytes-bin", "AAE=", "content-type", "text/plain", "grpc-timeout", "1S", "host", "other"];
  const reply = await upstreamOf(server.port).send(request({}, fields));
  assert.deepEqual([reply.status, reply.body], [200, Buffer.from([0x0a, 0x00])]);
  const { method, metadata, deadlineMs } = server.last;
  assert.deepEqual([method, metadata["x-a"], metadata["x-bytes-bin"], metadata["host"]], ["m", "1, 2", "\0\x01", undefined]);
  assert.ok(deadlineMs > 1_000 && deadlineMs <= 5_100);
  assert.deepEqual(calls.at(-1), { kind: "Policy", subtype: "Guardrail" });
});

test("a status is named, what the server says about it goes to the log alone", async () => {
  const server = await GuardrailServer.start({ answer: () => ({ code: 16, details: "the token of ann is bad" }) });
  opened.push(server);
  await assert.rejects(upstreamOf(server.port).send(request()), (thrown) => {
    assert.ok(thrown instanceof GatewayError);
    assert.deepEqual([thrown.code, thrown.message], ["upstream_failed", "upstream call failed: UNAUTHENTICATED"]);
    assert.match((thrown.cause as Error).message, /the token of ann/);
    return true;
  });
});

test("metadata that gRPC cannot carry is an error of the call, and others go on", async () => {
  const server = await GuardrailServer.start();
  opened.push(server);
  const upstream = upstreamOf(server.port);
  await assert.rejects(upstream.send(request({}, ["x-a", "\u00e4\n"])));
  assert.equal((await upstream.send(request())).status, 200);
});

test("calls beyond the bound fail at once, and one that is over makes room", async () => {
  const first = Promise.withResolvers<{ pass: object }>();
  const server = await GuardrailServer.start({ answer: () => first.promise });
  opened.push(server);
  const upstream = upstreamOf(server.port, 1);
  const waiting = upstream.send(request());
  await assert.rejects(upstream.send(request()), (thrown) => thrown instanceof GatewayError && thrown.code === "overloaded");
  first.resolve({ pass: {} });
  await waiting;
  assert.equal((await upstream.send(request())).status, 200);
});

test("a server that comes back is found again", async () => {
  const server = await GuardrailServer.start();
  const upstream = upstreamOf(server.port);
  assert.equal((await upstream.send(request())).status, 200);
  server.close();
  await assert.rejects(upstream.send(request({ timeoutMs: 2_000 })));
  const again = await GuardrailServer.start({ port: server.port });
  opened.push(again);
  let status = 0;
  for (let i = 0; i < 40 && status !== 200; i++) {
    status = await upstream.send(request()).then(
      (reply) => reply.status,
      () => new Promise<number>((resolve) => setTimeout(resolve, 50, 0)),
    );
  }
  assert.equal(status, 200);
});
