import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { Agent, request } from "undici";
import { startTestGateway } from "../gateway-harness.ts";
import { startServer } from "../http/upstream-server.ts";

const toClose: { close(): Promise<unknown> }[] = [];
after(async () => {
  for (const one of toClose.reverse()) await one.close();
});

const config = (port: number, header: string): string => `
binds:
- port: 0
  listeners:
  - routes:
    - policies: {responseHeaderModifier: {set: {x-version: "${header}"}}, cors: {allowOrigins: ["*"]}}
      backends: [{host: "127.0.0.1:${port}"}]
`;

// shows: reload-lossless
test("reloads under load lose no request, and hold nothing of what was replaced", async () => {
  const upstream = await startServer((_request, response) => response.end("ok"));
  toClose.push(upstream);
  const gateway = await startTestGateway(config(upstream.port, "0"));
  toClose.push(gateway);
  const agent = new Agent({ connections: 8 });
  toClose.push({ close: () => agent.close() });
  const url = gateway.url();

  const load = { running: true };
  let served = 0;
  const failures: unknown[] = [];
  const clients = Array.from({ length: 8 }, async () => {
    while (load.running) {
      try {
        const reply = await request(url, { dispatcher: agent });
        const text = await reply.body.text();
        if (reply.statusCode === 200 && text === "ok") served += 1;
        else failures.push(`${reply.statusCode} ${text}`);
      } catch (error) {
        failures.push(error);
      }
    }
  });
  for (let version = 1; version <= 300; version++) {
    assert.ok(await gateway.reload(config(upstream.port, String(version))));
    await immediate(); // lets requests through between two reloads
  }
  load.running = false;
  await Promise.all(clients);

  assert.deepEqual(failures, []);
  assert.ok(served > 100, `only ${served} requests in the time`);
  const last = await request(url, { dispatcher: agent });
  assert.equal(last.headers["x-version"], "300");
  await last.body.dump();
  assert.equal(gateway.resources(), 1, "one pool, taken over from reload to reload");
});

test("a wrong change keeps the old state, says why, and shows in a metric", async () => {
  const upstream = await startServer((_request, response) => response.end("ok"));
  toClose.push(upstream);
  const gateway = await startTestGateway(config(upstream.port, "good"));
  toClose.push(gateway);
  assert.match(await gateway.metrics(), /agentgateway_config_synchronized 1/);
  assert.equal(await gateway.reload("binds: [{port: 0, listners: []}]"), false);
  assert.match(await gateway.output(), /Failed to reload config/);
  assert.match(await gateway.output(), /test\.yaml:1:19/);
  assert.match(await gateway.metrics(), /agentgateway_config_synchronized 0/);
  const reply = await fetch(gateway.url());
  assert.equal(reply.headers.get("x-version"), "good");
  assert.ok(await gateway.reload(config(upstream.port, "better")));
  assert.match(await gateway.metrics(), /agentgateway_config_synchronized 1/);
});

test("a request in flight ends under the configuration it began with", async () => {
  let answer: (() => void) | undefined;
  let arrived: (() => void) | undefined;
  const waiting = new Promise<void>((resolve) => (arrived = resolve));
  const upstream = await startServer((_request, response) => {
    answer = () => response.end("late");
    arrived?.();
  });
  toClose.push(upstream);
  const gateway = await startTestGateway(config(upstream.port, "old"));
  toClose.push(gateway);
  const pending = fetch(gateway.url());
  await waiting;
  assert.ok(await gateway.reload("binds: []"), "the route and its port are gone");
  answer?.();
  const reply = await pending;
  assert.equal(await reply.text(), "late");
  assert.equal(reply.headers.get("x-version"), "old");
});
