import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BindTls } from "../../../src/contract/runtime.ts";
import { sendRaw } from "../../server/raw-client.ts";
import { testAuthority } from "../../tls/certificates.ts";
import { of, type Proof, proof } from "./proof.ts";
import { compiled, type Draft, onSite, oneRoute } from "./site.ts";
import type { Upstream } from "./upstream.ts";

/** Ports, listeners, their TLS, and settings of all connections. */

const frontend =
  (policies: object, route: object = {}) =>
  (upstream: Upstream): Draft => ({ ...oneRoute(upstream, route), frontendPolicies: policies });

/** What a listener's TLS is compiled to. @param tls may name the files cert.pem, key.pem, ca.pem and both.pem */
async function compiledTls(tls: (folder: string) => object, rest: object = {}): Promise<BindTls> {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-tls-"));
  try {
    const authority = testAuthority("ca");
    const { cert, key } = authority.issue(["localhost"]);
    const files = { "cert.pem": cert, "key.pem": key, "ca.pem": authority.cert, "both.pem": cert + key };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    let found: BindTls | undefined;
    const draft = { ...rest, binds: [{ port: 443, listeners: [{ protocol: "HTTPS", routes: [], tls: tls(folder) }] }] };
    await compiled(draft, ({ runtime }) => (found = runtime.binds.get("bind/443")?.socket.tls));
    return found ?? assert.fail("no TLS");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const pair = (folder: string): object => ({ cert: join(folder, "cert.pem"), key: join(folder, "key.pem") });

export const listenerProofs: readonly Proof[] = [
  proof(of("Bind", "port listeners"), "a bind opens its port", () =>
    compiled({ binds: [{ port: 1234, listeners: [{ routes: [] }] }] }, ({ runtime }) =>
      assert.equal(runtime.binds.get("bind/1234")?.port, 1234),
    ),
  ),
  proof(of("Listener", "name policies"), "a listener's name is in the log, its policies run", () =>
    onSite(
      (upstream) => oneRoute(upstream, {}, { name: "front", policies: { transformations: { request: { set: { "x-mark": '"1"' } } } } }),
      async ({ ask, gateway, upstream }) => {
        await ask();
        assert.equal(upstream.last.headers["x-mark"], "1");
        assert.match(await gateway.output(), /listener=front /);
      },
    ),
  ),
  proof([...of("Listener", "hostname"), ...of("GatewayListener", "hostname")], "a listener serves its host name and no other", async () => {
    const route = (upstream: Upstream): object => ({ backends: [{ host: upstream.host }] });
    const drafts: readonly ((upstream: Upstream) => Draft)[] = [
      (upstream) => oneRoute(upstream, {}, { hostname: "a.test" }),
      (upstream) => ({ gateways: { default: { port: 0, listeners: [{ hostname: "a.test" }] } }, routes: [route(upstream)] }),
    ];
    for (const draft of drafts) {
      await onSite(draft, async ({ ask }) => {
        assert.equal((await ask("/", { headers: { host: "a.test" } })).status, 200);
        assert.equal((await ask("/", { headers: { host: "b.test" } })).status, 404);
      });
    }
  }),
  proof(
    [
      ...of("Listener", "protocol tls routes"),
      ...of("ListenerTls", "cert key"),
      ...of("Gateway", "tls"),
      ...of("GatewayListener", "tls"),
      ...of("Llm", "tls"),
    ],
    "a certificate and key make a port HTTPS, in every place",
    async () => {
      assert.equal((await compiledTls(pair)).certificates.length, 1);
      const both = await compiledTls((folder) => ({ cert: join(folder, "both.pem") }));
      assert.match(both.certificates[0]?.key ?? "", /PRIVATE KEY/);
      const llm = await tlsOf("llm", (tls) => ({ llm: { port: 1, models: [], tls } }));
      const gateway = await tlsOf("gateway/a", (tls) => ({ gateways: { a: { port: 1, tls } } }));
      const listener = await tlsOf("gateway/a", (tls) => ({ gateways: { a: { port: 1, listeners: [{ tls }] } } }));
      assert.deepEqual([llm, gateway, listener], [1, 1, 1]);
    },
  ),
  proof(of("ListenerTls", "root"), "with authorities clients must have a certificate", async () => {
    const { certificates } = await compiledTls((folder) => ({ ...pair(folder), root: join(folder, "ca.pem") }));
    assert.match(certificates[0]?.clientCa ?? "", /BEGIN CERTIFICATE/);
  }),
  proof(
    [
      ...of("ListenerTls", "cipherSuites minTLSVersion minTlsVersion maxTLSVersion maxTlsVersion"),
      ...of("FrontendTls", "minVersion maxVersion cipherSuites"),
    ],
    "versions and cipher suites are those written, in both spellings, by IANA's names or OpenSSL's, for one listener or all",
    async () => {
      const cipherSuites = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "TLS13_AES_128_GCM_SHA256"];
      const expected = {
        minVersion: "TLSv1.2",
        maxVersion: "TLSv1.3",
        ciphers: "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:TLS_AES_128_GCM_SHA256",
      };
      const chosen = async (tls: object, rest: object = {}): Promise<object> => {
        const [found] = (await compiledTls((folder) => ({ ...pair(folder), ...tls }), rest)).certificates;
        return { minVersion: found?.minVersion, maxVersion: found?.maxVersion, ciphers: found?.ciphers };
      };
      assert.deepEqual(await chosen({ minTLSVersion: "TLS_V1_2", maxTLSVersion: "TLS_V1_3", cipherSuites }), expected);
      assert.deepEqual(await chosen({ minTlsVersion: "TLS_V1_2", maxTlsVersion: "TLS_V1_3", cipherSuites }), expected);
      const forAll = { frontendPolicies: { tls: { minVersion: "TLS_V1_2", maxVersion: "TLS_V1_3", cipherSuites } } };
      assert.deepEqual(await chosen({}, forAll), expected);
    },
  ),
  proof([...of("FrontendTls", "handshakeTimeout"), ...of("FrontendPolicies", "tls")], "a handshake has the time written", async () => {
    assert.equal((await compiledTls(pair, { frontendPolicies: { tls: { handshakeTimeout: "3s" } } })).handshakeTimeoutMs, 3_000);
  }),
  proof([...of("FrontendHttp", "maxBufferSize"), ...of("FrontendPolicies", "http")], "a larger body is not held in memory", () =>
    onSite(frontend({ http: { maxBufferSize: 3 } }, { policies: { buffer: { request: {} } } }), async ({ ask }) => {
      assert.equal((await ask("/", { method: "POST", body: "abc" })).status, 200);
      assert.equal((await ask("/", { method: "POST", body: "abcd" })).status, 413);
    }),
  ),
  proof(of("FrontendHttp", "http1MaxHeaders"), "more headers are refused", () =>
    onSite(frontend({ http: { http1MaxHeaders: 3 } }), async ({ ask }) => {
      assert.equal((await ask()).status, 200);
      assert.equal((await ask("/", { headers: { "x-1": "", "x-2": "", "x-3": "" } })).status, 431);
    }),
  ),
  proof(of("FrontendHttp", "http1IdleTimeout"), "idle connections and slow heads have the time written", () =>
    compiled({ frontendPolicies: { http: { http1IdleTimeout: "7s" } }, mcp: { targets: [] } }, ({ runtime }) => {
      const socket = runtime.binds.get("mcp")?.socket;
      assert.deepEqual([socket?.idleTimeoutMs, socket?.headersTimeoutMs], [7_000, 7_000]);
    }),
  ),
  proof(
    of("FrontendHttp", "maxConnectionDuration"),
    "a connection ends after its time: at once when idle, else with the reply in flight",
    () =>
      onSite(frontend({ http: { maxConnectionDuration: "100ms" } }), async ({ gateway }) => {
        const agent = new Agent({ keepAlive: true });
        const closedAfter = (path: string): Promise<number> =>
          new Promise((resolve, reject) => {
            const startedAt = performance.now();
            const outgoing = request(gateway.url() + path, { agent }, (reply) => reply.resume());
            outgoing.on("error", reject);
            outgoing.on("socket", (socket) => socket.once("close", () => resolve(performance.now() - startedAt)));
            outgoing.end();
          });
        const idle = await closedAfter("/");
        assert.ok(idle >= 90 && idle < 1_000, `closed after ${idle} ms`);
        const busy = await closedAfter("/slow");
        assert.ok(busy >= 190 && busy < 1_000, `closed after ${busy} ms`);
      }),
  ),
  proof(of("FrontendPolicies", "connect.mode"), "CONNECT is denied", () =>
    onSite(frontend({ connect: { mode: "deny" } }), async ({ gateway }) => {
      const { status } = await sendRaw(Number(new URL(gateway.url()).port), "CONNECT a.test:443 HTTP/1.1\r\nhost: a.test:443\r\n\r\n");
      assert.equal(status, 405);
    }),
  ),
  proof(
    of("FrontendPolicies", "networkAuthorization.rules[].allow networkAuthorization.rules[].deny networkAuthorization.rules[].require"),
    "who may not connect gets no answer",
    async () => {
      const local = 'source.address.startsWith("127.")';
      const cases = [
        [{ allow: local }, 200],
        [{ allow: `!${local}` }, 0],
        [{ deny: local }, 0],
        [{ require: `!${local}` }, 0],
      ] as const;
      for (const [rule, status] of cases) {
        await onSite(frontend({ networkAuthorization: { rules: [rule] } }), async ({ ask }) => assert.equal((await ask()).status, status));
      }
    },
  ),
  proof(of("Gateway", "port protocol listeners"), "a gateway opens its port, HTTPS where it has a certificate", async () => {
    await compiled({ gateways: { a: { port: 1, protocol: "HTTP" } } }, ({ runtime }) => {
      const bind = runtime.binds.get("gateway/a");
      assert.deepEqual([bind?.port, bind?.socket.tls], [1, undefined]);
    });
    assert.equal(await tlsOf("gateway/a", (tls) => ({ gateways: { a: { port: 1, protocol: "HTTPS", tls } } })), 1);
  }),
  proof(of("GatewayListener", "name protocol"), "routes choose a gateway's listener by its name", () =>
    onSite(
      (upstream) => ({
        gateways: {
          a: {
            port: 0,
            listeners: [
              { name: "one", hostname: "one.test", protocol: "HTTP" },
              { name: "two", hostname: "two.test" },
            ],
          },
        },
        routes: [{ gateways: "a/one", backends: [{ host: upstream.host }] }],
      }),
      async ({ ask }) => {
        assert.equal((await ask("/", { headers: { host: "one.test" } })).status, 200);
        assert.equal((await ask("/", { headers: { host: "two.test" } })).status, 404);
      },
    ),
  ),
];

/** How many certificates a bind has when `draft` puts one somewhere. */
async function tlsOf(key: string, draft: (tls: object) => Draft): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-tls-"));
  try {
    const { cert, key: secret } = testAuthority("ca").issue(["localhost"]);
    writeFileSync(join(folder, "both.pem"), cert + secret);
    let count = 0;
    await compiled(
      draft({ cert: join(folder, "both.pem") }),
      ({ runtime }) => (count = runtime.binds.get(key)?.socket.tls?.certificates.length ?? 0),
    );
    return count;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
