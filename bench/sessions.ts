/**
 * Sessions that come and go: `node_modules/.bin/node bench/sessions.ts [--sessions 5000] [--clients 32] [--ttl 60]`. One gateway process
 * with two MCP servers over HTTP and one that is a child process, of which it may have a few. All sessions are open at the
 * same time (initialize, initialized, tools/list; every other one with its stream), then all clients go: half with a
 * DELETE, half without a word. Prints what the gateway holds before, at the peak and afterwards. Linux only.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort, startGatewayProcess, untilReady } from "../test/gateway-process.ts";
import { HostileServer } from "../test/mcp/hostile-server.ts";
import { Churn, type Held, heldBy } from "../test/mcp/session-churn.ts";
import { Inspector } from "./machine/inspector.ts";

interface Measured extends Held {
  /** Bytes, after garbage collection. */
  readonly heap: number;
  /** Kilobytes. */
  readonly resident: number;
}

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "5000" },
    clients: { type: "string", default: "32" },
    /** Seconds that an unused session is kept. */
    ttl: { type: "string", default: "60" },
  },
});
const sessions = Number(values.sessions);
const clients = Number(values.clients);
const ttlSeconds = Number(values.ttl);
/** The store looks for expired sessions every 30 seconds. */
const settleDeadlineMs = (ttlSeconds + 60) * 1_000;

const servers = await Promise.all(Array.from({ length: 2 }, () => new HostileServer({ misdeed: undefined, polite: true }).listen()));
const [port, stats, readiness, admin, debug] = await Promise.all(Array.from({ length: 5 }, freePort));
const script = fileURLToPath(new URL("../test/mcp/stdio-server.ts", import.meta.url));
const config = {
  config: {
    statsAddr: `127.0.0.1:${stats}`,
    readinessAddr: `127.0.0.1:${readiness}`,
    adminAddr: `127.0.0.1:${admin}`,
    backend: { poolIdleTimeout: "2s" },
    mcp: { sessionTtl: `${ttlSeconds}s` },
    logging: { level: "error" },
  },
  mcp: {
    port,
    failureMode: "failOpen",
    targets: [
      ...servers.map(({ url }, i) => ({ name: `http${i}`, mcp: { host: url } })),
      { name: "child", stdio: { cmd: process.execPath, args: [script], maxProcesses: 8 } },
    ],
  },
};
const gateway = startGatewayProcess(JSON.stringify(config), { environment: { NODE_OPTIONS: `--inspect=127.0.0.1:${debug}` } });
const pid = gateway.child.pid as number;
try {
  await untilReady(`http://127.0.0.1:${readiness}/healthz/ready`, gateway);
  const inspector = await Inspector.open(debug as number);
  const measured = async (): Promise<Measured> => {
    const heap = await inspector.heapAfterCollection();
    const held = await heldBy(pid, `http://127.0.0.1:${stats}/metrics`);
    return { ...held, heap, resident: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) };
  };
  const churn = (count: number): Churn =>
    new Churn({ url: `http://127.0.0.1:${port}/mcp`, sessions: count, clients, expectedTools: ["http0_good", "http1_good"] });

  const warm = churn(200); // the process grows to its size at work
  await warm.open();
  await warm.drop("all say so");
  await pause(5_000);
  const before = await measured();
  const all = churn(sessions);
  const startedAt = performance.now();
  await all.open();
  const seconds = (performance.now() - startedAt) / 1_000;
  const peak = await measured();
  await all.drop();
  const after = await settled(measured, before);
  inspector.close();
  console.log(table({ before, "at the peak": peak, after }));
  console.log(`\n${sessions} sessions opened in ${seconds.toFixed(1)} s; sessions without a word are kept for ${ttlSeconds} s.`);
  process.exitCode = after.sessions === 0 && after.children === 0 && after.descriptors <= before.descriptors + 2 ? 0 : 1;
} finally {
  await gateway.stop();
  await Promise.all(servers.map((server) => server.close()));
}

/** Waits until everything is gone, or the deadline. */
async function settled(look: () => Promise<Measured>, before: Measured): Promise<Measured> {
  const deadline = performance.now() + settleDeadlineMs;
  for (;;) {
    const now = await look();
    const gone = now.sessions === 0 && now.children === 0 && now.descriptors <= before.descriptors + 2;
    if (gone || performance.now() > deadline) return now;
    await pause(1_000);
  }
}

function table(columns: Readonly<Record<string, Measured>>): string {
  const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(1);
  const rows: readonly (readonly [string, (measured: Measured) => string | number])[] = [
    ["heap after garbage collection, MB", ({ heap }) => megabytes(heap)],
    ["memory of the process, MB", ({ resident }) => megabytes(resident * 1_024)],
    ["file descriptors", ({ descriptors }) => descriptors],
    ["of them sockets", ({ sockets }) => sockets],
    ["child processes", ({ children }) => children],
    ["sessions", ({ sessions }) => sessions],
  ];
  const lines = rows.map(([name, cell]) => [name, ...Object.values(columns).map(cell)]);
  const names = ["", ...Object.keys(columns)];
  return [names, names.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
