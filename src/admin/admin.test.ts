import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest, type RequestOptions } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { systemClock } from "../base/clock.ts";
import { PinRegistry } from "../mcp/integrity/registry.ts";
import { MemoryState } from "../store/memory-state.ts";
import { LogLevels } from "../telemetry/log/levels.ts";
import { fetchDocument } from "../upstream/fetch-document.ts";
import { parseAddress } from "./address.ts";
import { refusalOf } from "./guard.ts";
import { type AdminServers, type AdminSettings, type AdminTools, startAdmin } from "./servers.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** @param address as AdminServers gives it */
function ask(address: string | undefined, path: string, options: RequestOptions = {}): Promise<Answer> {
  assert.ok(address !== undefined);
  const unix = address.startsWith("unix:");
  const target: RequestOptions = unix ? { socketPath: address.slice(5) } : { host: "127.0.0.1", port: Number(address.split(":").at(-1)) };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...target, path, agent: false, ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end();
  });
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const everywhere: AdminSettings = { version: "1.2.3", admin: "127.0.0.1:0", stats: "[::]:0", readiness: "0.0.0.0:0" };

async function started(t: TestContext, settings: AdminSettings = everywhere, changes: Partial<AdminTools> = {}) {
  const warnings: string[] = [];
  const stops: string[] = [];
  const levels = new LogLevels("info");
  const servers: AdminServers = await startAdmin(settings, {
    log: { debug() {}, info() {}, warn: (message) => void warnings.push(message), error: (message) => void warnings.push(message) },
    levels,
    renderMetrics: async () => "# TYPE x counter\nx 1\n",
    effectiveConfig: () => ({}),
    toolPins: new PinRegistry({ store: new MemoryState(), clock: systemClock, log: silent, metrics: { countPendingTools() {} } as never }),
    logins: { list: async () => [], revoke: async (id) => ({ found: id !== "none", told: false }) },
    stop: () => void stops.push("stop"),
    ...changes,
  });
  t.after(() => servers.close());
  return { servers, warnings, stops, levels };
}

test("the admin address lists what it serves", async (t) => {
  const { servers } = await started(t);
  const { status, text, headers } = await ask(servers.addresses.admin, "/");
  assert.equal(status, 200);
  assert.equal(headers["cache-control"], "no-store");
  const index = JSON.parse(text) as { version: string; endpoints: { path: string; method: string }[] };
  assert.equal(index.version, "1.2.3");
  for (const { path, method } of index.endpoints) {
    if (path === "/quitquitquit" || path === "/debug/cpu-profile" || path.startsWith("/tools/")) continue;
    assert.equal((await ask(servers.addresses.admin, path, { method })).status, 200, path);
  }
});

test("metrics under both paths, readiness with what is pending", async (t) => {
  const { servers } = await started(t);
  for (const path of ["/metrics", "/stats/prometheus"]) {
    const { text, headers } = await ask(servers.addresses.stats, path);
    assert.equal(text, "# TYPE x counter\nx 1\n");
    assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  }
  const ready = () => ask(servers.addresses.readiness, "/healthz/ready");
  assert.deepEqual([(await ready()).status, (await ready()).text], [200, "ready\n"]);
  servers.notReady("shutting down");
  servers.notReady("config");
  assert.deepEqual([(await ready()).status, (await ready()).text], [500, "not ready, pending: shutting down, config\n"]);
  servers.ready("shutting down");
  servers.ready("config");
  assert.equal((await ready()).status, 200);
  assert.equal((await ask(servers.addresses.readiness, "/config_dump")).status, 404, "each address serves its own");
});

test("the configuration is shown without its credentials", async (t) => {
  const effective = {
    binds: [{ port: 3000 }],
    config: { session: { key: "00ff" }, tracing: { headers: { authorization: "Bearer abc" } } },
    policies: { backendAuth: { key: "sk-1" }, basicAuth: { htpasswd: "a:$2y$" }, jwtAuth: { issuer: "https://i/" } },
    targets: [
      { stdio: { cmd: "npx", args: ["server", "--api-key", "k1", "--token=t1", "--verbose"], env: { GITHUB_TOKEN: "g1", HOME: "/" } } },
    ],
  };
  const { servers } = await started(t, everywhere, { effectiveConfig: () => effective });
  const { text } = await ask(servers.addresses.admin, "/config_dump");
  const hidden = "[redacted]";
  assert.deepEqual(JSON.parse(text), {
    binds: [{ port: 3000 }],
    config: { session: { key: hidden }, tracing: { headers: { authorization: hidden } } },
    policies: { backendAuth: { key: hidden }, basicAuth: { htpasswd: hidden }, jwtAuth: { issuer: "https://i/" } },
    targets: [
      {
        stdio: {
          cmd: "npx",
          args: ["server", "--api-key", hidden, `--token=${hidden}`, "--verbose"],
          env: hidden,
        },
      },
    ],
  });
});

test("logins are listed, and revoked by their id", async (t) => {
  const asked: string[] = [];
  const logins = {
    list: async () => [{ id: "1", who: "alice" }],
    revoke: async (id: string) => {
      asked.push(id);
      return { found: id !== "3", told: id === "1" };
    },
  };
  const { servers } = await started(t, everywhere, { logins });
  assert.deepEqual(JSON.parse((await ask(servers.addresses.admin, "/logins")).text), [{ id: "1", who: "alice" }]);
  const revoke = (id: string) => ask(servers.addresses.admin, `/logins/revoke?id=${id}`, { method: "POST" });
  assert.equal((await revoke("1")).text, "revoked\n");
  assert.match((await revoke("2")).text, /forgotten here/);
  assert.equal((await revoke("3")).status, 404);
  assert.equal((await ask(servers.addresses.admin, "/logins/revoke?id=1")).status, 405);
  assert.deepEqual(asked, ["1", "2", "3"]);
});

test("the log level is shown, changed, refused and taken back", async (t) => {
  const { servers, levels } = await started(t);
  const post = (query: string) => ask(servers.addresses.admin, `/logging${query}`, { method: "POST" });
  assert.equal((await post("")).text, "current log level is info\n");
  assert.equal((await post("?level=debug")).text, "current log level is debug\n");
  assert.equal(levels.shows("debug"), true);
  const refused = await post("?level=loud");
  assert.equal(refused.status, 400);
  assert.match(refused.text, /unknown log level `loud`; use one of off, error/);
  assert.equal((await post("?level=reset")).text, "current log level is info\n");
});

test("quitquitquit answers, then stops; GET does not", async (t) => {
  const { servers, stops } = await started(t);
  const get = await ask(servers.addresses.admin, "/quitquitquit");
  assert.deepEqual([get.status, get.text], [405, "/quitquitquit takes POST\n"]);
  assert.deepEqual(stops, []);
  assert.equal((await ask(servers.addresses.admin, "/quitquitquit", { method: "POST" })).status, 200);
  assert.deepEqual(stops, ["stop"]);
});

test("a CPU profile, one at a time", async (t) => {
  const { servers } = await started(t);
  const path = "/debug/cpu-profile?seconds=0.1";
  const first = ask(servers.addresses.admin, path);
  const [one, two] = await Promise.all([first, ask(servers.addresses.admin, path)]);
  assert.equal(one.status + two.status, 200 + 409);
  const profile = JSON.parse(one.status === 200 ? one.text : two.text) as { nodes: unknown[] };
  assert.ok(profile.nodes.length > 0);
  assert.equal((await ask(servers.addresses.admin, "/debug/cpu-profile?seconds=1000")).status, 400);
});

test("a failing endpoint says so, without secrets, and the log has it", async (t) => {
  const { servers, warnings } = await started(t, everywhere, {
    effectiveConfig: () => {
      throw new Error("cannot read https://u:pw@h/");
    },
  });
  const { status, text } = await ask(servers.addresses.admin, "/config_dump");
  assert.equal(status, 500);
  assert.match(text, /\/config_dump failed: cannot read https:\/\/\[redacted\]@h\//);
  assert.deepEqual(warnings, ["admin endpoint failed"]);
});

test("web pages are kept out of the admin address", async (t) => {
  const { servers } = await started(t);
  const status = async (headers: Record<string, string>) => (await ask(servers.addresses.admin, "/memory", { headers })).status;
  assert.equal(await status({ host: "localhost:15000" }), 200);
  assert.equal(await status({ host: "[::1]:15000" }), 200);
  assert.equal(await status({ host: "evil.example:15000" }), 403);
  assert.equal(await status({ host: "localhost.evil.example" }), 403);
  assert.equal(await status({ host: "localhost:1", origin: "http://localhost:1" }), 200);
  assert.equal(await status({ host: "localhost:1", origin: "http://evil.example" }), 403);
  assert.equal(await status({ host: "localhost:1", origin: "null" }), 403);
  assert.equal(await status({ host: "localhost:1", "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await status({ host: "localhost:1", "sec-fetch-site": "none" }), 200);
  assert.equal(await status({ host: "localhost:1", "content-length": "0" }), 200);
  assert.equal(
    (await ask(servers.addresses.stats, "/metrics", { headers: { host: "pod.example" } })).status,
    200,
    "scrapers come under any name",
  );
});

test("the gateway's own requests are kept out of the admin address, wherever an authorization server sends them", async (t) => {
  const { servers, stops } = await started(t);
  const url = `http://${servers.addresses.admin}/quitquitquit`;
  for (const [type, body] of [
    ["application/json", "{}"],
    ["application/x-www-form-urlencoded", "token=t"],
  ] as const) {
    const { status, text } = await fetchDocument({ url, method: "POST", headers: { "content-type": type }, body });
    assert.deepEqual([status, text], [403, "requests with a body are not served\n"]);
  }
  assert.equal(refusalOf({ host: "localhost", "transfer-encoding": "chunked" }, true), "requests with a body are not served");
  assert.deepEqual(stops, []);
});

test("no Host but a local one passes on loopback", () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.string()), fc.option(fc.nat(65_535)), (name, port) => {
      const host = port === null ? name : `${name}:${port}`;
      const passes = refusalOf({ host }, true) === undefined;
      assert.equal(passes, /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d*)?$/i.test(host));
    }),
  );
});

test("an admin address beyond loopback is warned of", async (t) => {
  const { warnings } = await started(t, { version: "", admin: "0.0.0.0:0", stats: "off", readiness: "off" });
  assert.match(warnings[0] ?? "", /can be reached from other machines and has no authentication/);
});

test("addresses can be off, shared, or a socket file, also one that was left behind", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-admin-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "admin.sock");
  const killed = `require("node:net").createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", killed], { timeout: 10_000 });
  assert.ok(existsSync(file));
  const path = `unix:${file}`;
  const { servers } = await started(t, { version: "", admin: path, stats: path, readiness: "off" });
  assert.deepEqual(servers.addresses, { admin: path, stats: path });
  assert.equal((await ask(path, "/metrics")).status, 200);
  assert.equal((await ask(path, "/memory", { headers: { host: "whatever" } })).status, 200);
  await assert.rejects(
    started(t, { version: "", admin: path, stats: "off", readiness: "off" }),
    /cannot open config\.adminAddr unix:.*EADDRINUSE/,
  );
});

test("localhost is IPv4 and, where there is one, IPv6", async (t) => {
  const { servers } = await started(t, { version: "", admin: "localhost:0", stats: "off", readiness: "off" });
  assert.match(servers.addresses.admin ?? "", /^127\.0\.0\.1:\d+$/);
  assert.equal((await ask(servers.addresses.admin, "/")).status, 200);
});

test("a port in use is named with its setting, and nothing stays open", async (t) => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  t.after(() => blocker.close());
  const { port } = blocker.address() as { port: number };
  const settings = { version: "", admin: "127.0.0.1:0", stats: `127.0.0.1:${port}`, readiness: "off" };
  await assert.rejects(started(t, settings), (error: Error) => {
    assert.match(
      error.message,
      /cannot open config\.statsAddr 127\.0\.0\.1:\d+: .*EADDRINUSE.*; set config\.statsAddr or STATS_ADDR to another address, or to off/,
    );
    return true;
  });
});

test("addresses are read strictly", () => {
  assert.deepEqual(parseAddress("127.0.0.1:1"), { kind: "tcp", hosts: ["127.0.0.1"], port: 1, loopback: true });
  assert.deepEqual(parseAddress("[::]:15020"), { kind: "tcp", hosts: ["::"], port: 15_020, loopback: false });
  assert.deepEqual(parseAddress("localhost:2"), { kind: "tcp", hosts: ["127.0.0.1", "::1"], port: 2, loopback: true });
  assert.deepEqual(parseAddress("unix:/run/a.sock"), { kind: "unix", path: "/run/a.sock" });
  for (const bad of ["", "15000", ":15000", "localhost", "localhost:99999", "example.com:1", "unix:a", "[::1]", "http://127.0.0.1:1"]) {
    assert.throws(() => parseAddress(bad), /write `ip:port`, `localhost:port`/, bad);
  }
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("[", "]", ":", "::1", "127.0.0.1", "localhost", "80", "unix:", "/a", "off", "."), { maxLength: 6 }),
      (parts) => {
        try {
          const address = parseAddress(parts.join(""));
          assert.ok(address.kind !== "tcp" || (address.port <= 65_535 && address.hosts.length > 0));
        } catch (error) {
          assert.match((error as Error).message, /write `ip:port`/);
        }
      },
    ),
  );
});
