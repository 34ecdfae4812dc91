import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adminSettings } from "../../../src/commands/admin-settings.ts";
import type { ProcessIo } from "../../../src/commands/io.ts";
import { createProcessParts } from "../../../src/commands/process-parts.ts";
import { run } from "../../../src/commands/run.ts";
import { textSource } from "../../../src/config/source.ts";
import type { Stores } from "../../../src/contract/stores.ts";
import { keepalivesDuring } from "./placements.ts";
import { of, type Proof, proof } from "./proof.ts";
import { compiled, type Draft, onSite, oneRoute, read } from "./site.ts";
import type { Upstream } from "./upstream.ts";

/** The `config` section, apart from logs, traces and metrics. */

const withConfig =
  (config: object) =>
  (upstream: Upstream): Draft => ({ config, ...oneRoute(upstream) });

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export const processProofs: readonly Proof[] = [
  proof(of("ConfigSection", "adminAddr statsAddr readinessAddr"), "the gateway's own addresses are those written", () => {
    const config = read({ config: { adminAddr: "off", statsAddr: "127.0.0.1:1", readinessAddr: "unix:/run/r" } });
    const { admin, stats, readiness } = adminSettings(config, {});
    assert.deepEqual([admin, stats, readiness], ["off", "127.0.0.1:1", "unix:/run/r"]);
  }),
  proof(of("ConfigSection", "enableIpv6"), "without IPv6 ports are those of IPv4", async () => {
    for (const [enableIpv6, host] of [
      [true, "::"],
      [false, "0.0.0.0"],
    ] as const) {
      await compiled({ config: { enableIpv6 }, mcp: { targets: [] } }, ({ runtime }) => assert.equal(runtime.binds.get("mcp")?.host, host));
    }
  }),
  proof(of("ConfigSection", "state.file state.key"), "state is in the file that is written, secrets encrypted with the key", async () => {
    const folder = mkdtempSync(join(tmpdir(), "turnpike-state-"));
    const file = join(folder, "state.db");
    const stores = async (key: string | undefined, use: (stores: Stores) => Promise<void>): Promise<void> => {
      const io = { environment: {}, logOutput: { write: (_text: string, done: () => void) => done() } } as unknown as ProcessIo;
      const parts = createProcessParts(textSource(JSON.stringify({ config: { state: { file, key } } })), io);
      await use(parts.stores);
      await parts.close();
    };
    const key = "ab".repeat(32);
    try {
      await stores(undefined, async ({ state, secrets }) => {
        await state.set("kind", "row", Buffer.from("plain"));
        await secrets.set("kind", "secret", Buffer.from("forgotten"));
      });
      await stores(key, async ({ state, secrets }) => {
        assert.equal(String(await state.get("kind", "row")), "plain");
        assert.equal(await secrets.get("kind", "secret"), undefined);
        await secrets.set("kind", "secret", Buffer.from("remembered"));
      });
      assert.equal(readFileSync(file).includes("remembered"), false);
      await stores(key, async ({ secrets }) => assert.equal(String(await secrets.get("kind", "secret")), "remembered"));
      await stores("cd".repeat(32), async ({ secrets }) => assert.equal(await secrets.get("kind", "secret"), undefined));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }),
  proof(of("ConfigSection", "connectionTerminationDeadline"), "a stop waits for exchanges as long as written", () =>
    compiled({ config: { connectionTerminationDeadline: "17s" } }, ({ drainMs }) => assert.equal(drainMs, 17_000)),
  ),
  proof(of("ConfigSection", "connectionMinTerminationDeadline"), "a stop takes at least as long as written", async () => {
    const off = { adminAddr: "off", statsAddr: "off", readinessAddr: "off" };
    const text = JSON.stringify({ config: { ...off, connectionMinTerminationDeadline: "120ms" } });
    let stop: (signal: "stop") => void = () => {};
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const silent = { write: (_text: string, done: () => void) => done() };
    const ended = run(textSource(text), {
      environment: {},
      out: () => start(),
      logOutput: silent,
      error: (line) => assert.fail(line),
      input: () => "",
      onSignal: (handler) => (stop = handler),
      onUnhandledRejection: () => {},
    });
    await started;
    const stoppedAt = performance.now();
    stop("stop");
    assert.equal(await ended, 0);
    assert.ok(performance.now() - stoppedAt >= 115);
  }),
  proof(
    [...of("ConfigSection", "backend.keepalives"), ...of("Keepalives", "enabled time interval retries")],
    "connections to backends are probed as written, or not at all",
    async () => {
      const probes = async (keepalives: object): Promise<string[]> => {
        let calls: string[] = [];
        await onSite(withConfig({ backend: { keepalives } }), async ({ ask }) => {
          calls = await keepalivesDuring(() => ask());
        });
        return calls;
      };
      assert.ok((await probes({ time: "11s", interval: "12s", retries: 4 })).includes("true 11000 12000 4"));
      const off = await probes({ enabled: false, time: "11s" });
      assert.equal(
        off.some((call) => call.startsWith("true 11000")),
        false,
      );
    },
  ),
  proof(of("FrontendPolicies", "tcp.keepalives"), "connections of clients are probed as written", async () => {
    const draft = (upstream: Upstream): Draft => ({
      ...oneRoute(upstream),
      frontendPolicies: { tcp: { keepalives: { time: "13s", interval: "14s", retries: 5 } } },
    });
    await onSite(draft, async ({ ask }) => assert.ok((await keepalivesDuring(() => ask())).includes("true 13000 14000 5")));
  }),
  proof(
    [...of("ConfigSection", "backend.connectTimeout"), ...of("backendTcp", "connectTimeout keepalives")],
    "a connection that takes too long is given up, by the gateway's deadline or the backend's",
    async () => {
      // it accepts connections and never says a word: a TLS handshake with it lasts for ever
      const silent = createServer();
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const keepalives = {};
      const cases: readonly Draft[] = [
        { config: { backend: { connectTimeout: "80ms" } }, binds: bindTo({ host, policies: { backendTLS: {} } }) },
        { binds: bindTo({ host, policies: { backendTLS: {}, tcp: { connectTimeout: "80ms", keepalives } } }) },
      ];
      for (const draft of cases) {
        await onSite(
          () => draft,
          async ({ ask }) => {
            const startedAt = performance.now();
            const { status, body } = await ask();
            assert.deepEqual([status, /connect timeout/.test(body)], [503, true]);
            assert.ok(performance.now() - startedAt < 3_000); // its timers tick twice a second
          },
        );
      }
      silent.close();
    },
  ),
  proof(of("ConfigSection", "backend.poolIdleTimeout"), "unused connections are closed after the time", () =>
    onSite(withConfig({ backend: { poolIdleTimeout: "40ms" } }), async ({ ask, upstream }) => {
      await ask();
      assert.equal(upstream.connections, 1);
      for (let left = 100; left > 0 && upstream.connections > 0; left--) await pause(10);
      assert.equal(upstream.connections, 0);
    }),
  ),
  proof(of("ConfigSection", "backend.poolMaxSize"), "no more unused connections are kept than written", () =>
    onSite(withConfig({ backend: { poolMaxSize: 2 } }), async ({ ask, upstream }) => {
      await Promise.all(Array.from({ length: 6 }, () => ask("/slow")));
      for (let left = 50; left > 0 && upstream.connections > 2; left--) await pause(10);
      assert.equal(upstream.connections, 2);
    }),
  ),
];

function bindTo(backend: object): object[] {
  return [{ port: 0, listeners: [{ routes: [{ backends: [backend] }] }] }];
}
