import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Answer as Verdict, type Asked, GuardrailServer } from "../../mcp/guardrail-server.ts";
import { testAuthority } from "../../tls/certificates.ts";
import { of, type Proof, proof } from "./proof.ts";
import { type Draft, onSite, oneRoute, type Site } from "./site.ts";
import type { Upstream } from "./upstream.ts";

/** mcpGuardrails, as a configuration writes it; what processors can do in detail is shown by test/mcp/guardrails.test.ts. */

type Methods = Readonly<Record<string, string>>;

const targets = ({ host }: Upstream): object[] => [{ name: "t", mcp: { host: `http://${host}/` } }];
const mcp =
  (policies: object, more: object = {}) =>
  (upstream: Upstream): Draft => ({ mcp: { port: 0, statefulMode: "stateless", targets: targets(upstream), policies }, ...more });

/** An MCP backend whose one processor is `server`, with these keys. */
const guarded = (server: GuardrailServer, keys: object = {}): ((upstream: Upstream) => Draft) =>
  mcp({ mcpGuardrails: { processors: [processor(server, keys)] } });

const processor = ({ host }: GuardrailServer, keys: object = {}): object => ({
  kind: "remote",
  host,
  methods: { "tools/call": "request" } satisfies Methods,
  ...keys,
});

/** Calls a tool. @returns the JSON-RPC error's code, or 0 */
async function call({ ask }: Site, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const params = { name: "echo", arguments: { text: "hi" } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const reply = await ask("/mcp", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...headers },
    body,
  });
  return (JSON.parse(reply.body) as { error?: { code: number } }).error?.code ?? 0;
}

async function onServer(look: (server: GuardrailServer) => Promise<void>, answer?: (asked: Asked) => Verdict): Promise<void> {
  const server = await GuardrailServer.start(answer === undefined ? {} : { answer });
  try {
    await look(server);
  } finally {
    server.close();
  }
}

const denied = (): Verdict => ({ error: { code: "PERMISSION_DENIED", reason: "no" } });

export const guardrailProofs: readonly Proof[] = [
  proof(
    [
      ...of("RoutePolicies", "mcpGuardrails"),
      ...of("BackendPolicies", "mcpGuardrails"),
      ...of("mcpGuardrails", "processors[].kind processors[].host processors[].backend"),
    ],
    "a processor is asked, wherever it is written and however its server is named",
    () =>
      onServer(async (server) => {
        const policies = { mcpGuardrails: { processors: [processor(server)] } };
        const { host: _, ...named } = processor(server) as { host: string };
        const byName = { mcpGuardrails: { processors: [{ ...named, backend: "checker" }] } };
        const drafts: readonly ((upstream: Upstream) => Draft)[] = [
          mcp(policies),
          (upstream) => oneRoute(upstream, { backends: [{ mcp: { statefulMode: "stateless", targets: targets(upstream) } }], policies }),
          (upstream) => oneRoute(upstream, { backends: [{ mcp: { statefulMode: "stateless", targets: targets(upstream) }, policies }] }),
          mcp(byName, { backends: [{ name: "checker", host: server.host }] }),
          (upstream) => ({
            ...oneRoute(upstream, { name: "r", backends: [{ mcp: { statefulMode: "stateless", targets: targets(upstream) } }] }),
            policies: [
              { name: { name: "p", namespace: "default" }, target: { route: { name: "r", namespace: "default" } }, policy: policies },
            ],
          }),
        ];
        for (const draft of drafts) await onSite(draft, async (site) => assert.equal(await call(site), -32001));
        assert.equal(server.asked.length, drafts.length);
      }, denied),
  ),
  proof(of("mcpGuardrails", "processors[].methods"), "it is asked about the methods that are written, at the phases that are written", () =>
    onServer(async (server) => {
      for (const [methods, phases] of [
        [{ "tools/call": "full" }, ["request tools/call", "response tools/call"]],
        [{ "tools/*": "response" }, ["response tools/call"]],
        [{ "*": "request", "tools/call": "off" }, []],
        [{}, []],
      ] as const) {
        server.asked.length = 0;
        await onSite(guarded(server, { methods }), async (site) => assert.equal(await call(site), 0));
        assert.deepEqual(server.methods, phases);
      }
    }),
  ),
  proof(of("mcpGuardrails", "processors[].failureMode"), "without an answer calls are refused, or pass", async () => {
    const gone = await GuardrailServer.start();
    gone.close();
    for (const [failureMode, code, outcome] of [
      ["failClosed", -32603, "refused"],
      ["failOpen", 0, "passed"],
    ] as const) {
      await onSite(guarded(gone, { failureMode }), async (site) => {
        assert.equal(await call(site), code);
        const counted = `agentgateway_mcp_guardrail_failures_total{processor="processors[0]",outcome="${outcome}"} 1`;
        assert.ok((await site.gateway.metrics()).includes(counted), counted);
      });
    }
  }),
  proof(
    of("mcpGuardrails", "processors[].metadata"),
    "values computed from the request go along; those that cannot be had are left out",
    () =>
      onServer(async (server) => {
        const metadata = { tenant: 'request.headers["x-tenant"]', tool: "mcp.tool", none: "jwt.sub", list: "[1, 2.5, true, null]" };
        await onSite(guarded(server, { metadata, methods: { "tools/call": "full" } }), async (site) => {
          await call(site, { "x-tenant": "acme" });
          const expected = { tenant: "acme", tool: { target: "t", name: "echo", arguments: { text: "hi" } }, list: [1, 2.5, true, null] };
          for (const { context } of server.asked) assert.deepEqual(context, expected);
          assert.equal(server.asked.length, 2);
        });
      }),
  ),
  proof(
    of("mcpGuardrails", "processors[].requestHeaders.allowed processors[].requestHeaders.disallowed"),
    "it sees the client's header fields, or those that it is meant to see",
    () =>
      onServer(async (server) => {
        for (const [requestHeaders, seen] of [
          [{}, [":path", "x-a", "x-b"]],
          [{ disallowed: ["X-A", ":path"] }, ["x-b"]],
          [{ allowed: ["X-A", "x-b", ":path"], disallowed: ["x-b"] }, [":path", "x-a"]],
        ] as const) {
          await onSite(guarded(server, { requestHeaders }), async (site) => void (await call(site, { "x-a": "1", "x-b": "2" })));
          const names = Object.keys(server.last.headers).toSorted();
          assert.deepEqual(
            names.filter((name) => [":path", "x-a", "x-b"].includes(name)),
            seen,
          );
          assert.equal("allowed" in requestHeaders, names.length === seen.length);
        }
      }),
  ),
  proof(
    [...of("mcpGuardrails", "processors[].policies"), ...of("GrpcCallPolicies", "requestHeaderModifier backendAuth http")],
    "its own policies are around the calls of it: credential, header fields, deadline",
    () =>
      onServer(async (server) => {
        const policies = {
          requestHeaderModifier: { set: { "x-from": "gateway", "x-bin-like": "a" } },
          backendAuth: { key: "the-key" },
          http: { requestTimeout: "2s" },
        };
        await onSite(guarded(server, { policies }), async (site) => assert.equal(await call(site, { authorization: "client's" }), 0));
        const { metadata, deadlineMs } = server.last;
        assert.deepEqual([metadata["authorization"], metadata["x-from"]], ["Bearer the-key", "gateway"]);
        assert.ok(deadlineMs > 0 && deadlineMs <= 2_100, `${deadlineMs} ms`);
      }),
  ),
  proof(of("GrpcCallPolicies", "backendTLS"), "it is reached with TLS, its certificate verified as written", async () => {
    const authority = testAuthority("guardrails");
    const folder = mkdtempSync(join(tmpdir(), "turnpike-guardrails-"));
    const root = join(folder, "root.pem");
    writeFileSync(root, authority.cert);
    const server = await GuardrailServer.start({ tls: authority.issue(["checker.test"]) });
    const byAddress = await GuardrailServer.start({ tls: authority.issue(["127.0.0.1"]) });
    try {
      for (const [backendTLS, code] of [
        [{ root, hostname: "checker.test" }, 0],
        [{ root, hostname: "other.test" }, -32603],
        [{ root, subjectAltNames: ["other.test", "checker.test"] }, 0],
        [{ root, insecureHost: true }, 0],
        [{ insecure: true }, 0],
        [{ root }, -32603],
        [{ hostname: "checker.test" }, -32603],
      ] as const) {
        await onSite(guarded(server, { policies: { backendTLS } }), async (site) =>
          assert.equal(await call(site), code, JSON.stringify(backendTLS)),
        );
      }
      await onSite(guarded(byAddress, { policies: { backendTLS: { root } } }), async (site) => assert.equal(await call(site), 0));
    } finally {
      server.close();
      byAddress.close();
      rmSync(folder, { recursive: true });
    }
  }),
];
