import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { freePort, startGatewayProcess, untilReady } from "../gateway-process.ts";
import { HostileServer } from "./hostile-server.ts";
import { Churn, type Held, heldBy } from "./session-churn.ts";

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing) await close();
});

const maxProcesses = 4;

// shows: mcp-sessions-leave, mcp-processes-full
test(
  "sessions that were opened and dropped leave no process, descriptor or session behind",
  { skip: process.platform !== "linux" },
  async () => {
    const servers = [new HostileServer({ misdeed: undefined, polite: true }), new HostileServer({ misdeed: undefined, polite: true })];
    for (const server of servers) closing.push(() => server.close());
    const [a, b] = await Promise.all(servers.map((server) => server.listen()));
    const [port, stats, readiness, admin] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const script = fileURLToPath(new URL("stdio-server.ts", import.meta.url));
    const gateway = startGatewayProcess(
      JSON.stringify({
        config: {
          statsAddr: `127.0.0.1:${stats}`,
          readinessAddr: `127.0.0.1:${readiness}`,
          adminAddr: `127.0.0.1:${admin}`,
          backend: { poolIdleTimeout: "300ms" },
          mcp: { sessionTtl: "2s" },
          logging: { level: "error" },
        },
        mcp: {
          port,
          failureMode: "failOpen",
          targets: [
            { name: "a", mcp: { host: a?.url } },
            { name: "b", mcp: { host: b?.url } },
            { name: "c", stdio: { cmd: process.execPath, args: [script], maxProcesses } },
          ],
        },
      }),
    );
    closing.unshift(() => gateway.stop());
    await untilReady(`http://127.0.0.1:${readiness}/healthz/ready`, gateway);
    const held = (): Promise<Held> => heldBy(gateway.child.pid as number, `http://127.0.0.1:${stats}/metrics`);
    const churn = (sessions: number): Churn =>
      new Churn({ url: `http://127.0.0.1:${port}/mcp`, sessions, clients: 16, expectedTools: ["a_good", "b_good"] });
    const settled = async (limit: number): Promise<Held> => {
      const deadline = performance.now() + 15_000;
      for (;;) {
        const now = await held();
        if ((now.sessions === 0 && now.children === 0 && now.descriptors <= limit) || performance.now() > deadline) return now;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };

    const warm = churn(16); // what is opened once and kept, is open
    await warm.open();
    await warm.drop("all say so");
    const before = await settled(40);
    const all = churn(300);
    await all.open();
    const peak = await held();
    await all.drop();
    // a socket of the look itself, and one of the test's own that is just going
    const end = await settled(before.descriptors + 2);
    assert.ok(peak.sessions >= 150, "those with a stream are held, and perhaps the others"); // on a busy machine some are idle already
    assert.equal(peak.children, maxProcesses);
    assert.ok(peak.sockets > 150, "streams are sockets");
    assert.deepEqual([end.sessions, end.children], [0, 0], gateway.output());
    assert.ok(end.descriptors <= before.descriptors + 2, JSON.stringify({ before, end }));
    assert.equal(a?.underWay, 0);
  },
);
