import assert from "node:assert/strict";
import { of, type Proof, proof } from "./proof.ts";
import { type Draft, onSite, oneRoute } from "./site.ts";
import type { Upstream } from "./upstream.ts";

/** Routes, backends, and policies that name what they are for. */

const mark = { requestHeaderModifier: { set: { "x-mark": "1" } } };
const markByExpression = { transformations: { request: { set: { "x-mark": '"1"' } } } };

/** Whether the upstream gets the header that `mark` sets. */
async function isMarked(draft: (upstream: Upstream) => Draft, path = "/", bind?: string): Promise<boolean> {
  let marked = false;
  await onSite(draft, async ({ ask, upstream }) => {
    const { status, body } = await ask(path, bind === undefined ? {} : { bind });
    assert.equal(status, 200, body);
    marked = upstream.last.headers["x-mark"] === "1";
  });
  return marked;
}

/** A policy of the `policies` list on one route of a named listener. */
const targeted =
  (target: object, more: object = {}, route: object = {}) =>
  (upstream: Upstream): Draft => ({
    ...oneRoute(upstream, { name: "r", namespace: "n", ruleName: "rule", ...route }, { name: "front" }),
    policies: [{ name: { name: "p", namespace: "n" }, target, policy: mark, ...more }],
  });

const gateway = { gatewayName: "default", gatewayNamespace: "default" };

/** Whether such a policy reaches the route; what names nothing is refused at load. */
async function reaches(target: object, more: object = {}): Promise<boolean | "refused"> {
  try {
    return await isMarked(targeted(target, more));
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.startsWith("the configuration has a problem")) return "refused";
    throw thrown;
  }
}

export const routeProofs: readonly Proof[] = [
  proof(
    [...of("Route", "name namespace ruleName"), ...of("AttachedRoute", "name namespace ruleName")],
    "a route's names are in the log",
    async () => {
      const names = { name: "r", namespace: "n", ruleName: "rule" };
      const drafts: readonly ((upstream: Upstream) => Draft)[] = [
        (upstream) => oneRoute(upstream, names),
        (upstream) => ({ gateways: { default: { port: 0 } }, routes: [{ ...names, backends: [{ host: upstream.host }] }] }),
      ];
      for (const draft of drafts) {
        await onSite(draft, async ({ ask, gateway }) => {
          await ask();
          assert.match(await gateway.output(), /route_rule=rule route=n\/r /);
        });
      }
    },
  ),
  proof(
    [...of("Route", "hostnames matches backends policies"), ...of("AttachedRoute", "gateways hostnames matches backends policies")],
    "a route takes what it matches, from the gateways that it is on",
    async () => {
      const route = (upstream: Upstream): object => ({
        hostnames: ["a.test"],
        matches: [{ path: { exact: "/a" } }],
        policies: mark,
        backends: [{ host: upstream.host }],
      });
      const drafts: readonly ((upstream: Upstream) => Draft)[] = [
        (upstream) => ({ binds: [{ port: 0, listeners: [{ routes: [route(upstream)] }] }] }),
        (upstream) => ({ gateways: { a: { port: 0 }, b: { port: 0 } }, routes: [{ gateways: "a", ...route(upstream) }] }),
      ];
      for (const [index, draft] of drafts.entries()) {
        await onSite(draft, async ({ ask, upstream }) => {
          const bind = index === 0 ? {} : { bind: "gateway/a" };
          const headers = { host: "a.test" };
          assert.equal((await ask("/a", { headers, ...bind })).status, 200);
          assert.equal(upstream.last.headers["x-mark"], "1");
          assert.equal((await ask("/b", { headers, ...bind })).status, 404);
          assert.equal((await ask("/a", { headers: { host: "b.test" }, ...bind })).status, 404);
          if (index === 1) assert.equal((await ask("/a", { headers, bind: "gateway/b" })).status, 404);
        });
      }
    },
  ),
  proof([...of("RouteBackend", "host weight policies")], "requests go by weight, through the backend's policies", () =>
    onSite(
      (upstream) =>
        oneRoute(upstream, {
          backends: [
            { host: "127.0.0.1:1", weight: 0 },
            { host: upstream.host, weight: 3, policies: mark },
          ],
        }),
      async ({ ask, upstream }) => {
        for (let left = 8; left > 0; left--) assert.equal((await ask()).status, 200);
        assert.equal(upstream.last.headers["x-mark"], "1");
      },
    ),
  ),
  proof(
    [...of("RouteBackend", "backend"), ...of("NamedBackend", "name host policies")],
    "a backend is used by its name, with its policies",
    async () => {
      const draft = (upstream: Upstream): Draft => ({
        ...oneRoute(upstream, { backends: [{ backend: "b" }] }),
        backends: [{ name: "b", host: upstream.host, policies: mark }],
      });
      assert.equal(await isMarked(draft), true);
    },
  ),
  proof([...of("RouteBackend", "routeGroup"), ...of("RouteGroup", "name routes")], "a route goes on with those of a group", () =>
    onSite(
      (upstream) => ({
        ...oneRoute(upstream, { backends: [{ routeGroup: "g" }] }),
        routeGroups: [{ name: "g", routes: [{ matches: [{ path: { exact: "/in" } }], backends: [{ host: upstream.host }] }] }],
      }),
      async ({ ask }) => {
        assert.equal((await ask("/in")).status, 200);
        assert.equal((await ask("/out")).status, 404);
      },
    ),
  ),
  proof(
    [
      ...of("TargetedPolicy", "target policy"),
      ...of("PolicyTarget", "gateway.gatewayName gateway.gatewayNamespace gateway.listenerName gateway.port"),
    ],
    "a policy reaches the listeners that it names, and one that names none is refused",
    async () => {
      assert.equal(await reaches({ gateway }), true);
      assert.equal(await reaches({ gateway: { ...gateway, listenerName: "front" } }), true);
      assert.equal(await reaches({ gateway: { ...gateway, listenerName: "back" } }), "refused");
      assert.equal(await reaches({ gateway: { ...gateway, gatewayName: "other" } }), "refused");
      assert.equal(await reaches({ gateway: { ...gateway, gatewayNamespace: "other" } }), "refused");
      const onPort = (port: number) => (upstream: Upstream) => ({
        gateways: { a: { port: 0 } },
        routes: [{ gateways: "a", backends: [{ host: upstream.host }] }],
        policies: [{ name: { name: "p", namespace: "n" }, target: { gateway: { ...gateway, listenerName: "a", port } }, policy: mark }],
      });
      assert.equal(await isMarked(onPort(0)), true);
      await assert.rejects(isMarked(onPort(1)));
    },
  ),
  proof(
    of("PolicyTarget", "route.name route.namespace route.ruleName route.kind"),
    "a policy reaches the routes that it names",
    async () => {
      const route = { name: "r", namespace: "n" };
      assert.equal(await reaches({ route }), true);
      assert.equal(await reaches({ route: { ...route, ruleName: "rule", kind: "HTTPRoute" } }), true);
      for (const other of [{ name: "x" }, { namespace: "x" }, { ruleName: "x" }, { kind: "GRPCRoute" }])
        assert.equal(await reaches({ route: { ...route, ...other } }), "refused");
    },
  ),
  proof(
    of("PolicyTarget", "backend.backend.name backend.backend.namespace backend.backend.section"),
    "a policy reaches the backend that it names",
    async () => {
      const draft = (backend: object) => (upstream: Upstream) => ({
        backends: [{ name: "tools", mcp: { targets: [{ name: "a", mcp: { host: `http://${upstream.host}/` } }] } }],
        ...oneRoute(upstream, { backends: [{ backend: "tools" }] }),
        policies: [{ name: { name: "p", namespace: "n" }, target: { backend: { backend } }, policy: { backendAuth: { key: "secret" } } }],
      });
      for (const backend of [
        { name: "tools", namespace: "" },
        { name: "tools", namespace: "default", section: "a" },
      ]) {
        await onSite(draft(backend), async ({ ask, upstream }) => {
          const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } };
          const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
          const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
          assert.equal((await ask("/", { method: "POST", body, headers })).status, 200);
          assert.equal(upstream.last.headers.authorization, "Bearer secret");
        });
      }
      for (const backend of [
        { name: "other", namespace: "" },
        { name: "tools", namespace: "x" },
        { name: "tools", namespace: "", section: "b" },
      ])
        await assert.rejects(onSite(draft(backend), async () => {}));
    },
  ),
  proof(of("TargetedPolicy", "phase"), "a policy of the gateway phase runs before a route is chosen", async () => {
    const onward = { policy: { transformations: { request: { set: { ":path": '"/moved"', "x-mark": '"1"' } } } } };
    const matches = { matches: [{ path: { exact: "/moved" } }] };
    const phase = (phase: string) => targeted({ gateway }, { ...onward, phase }, matches);
    assert.equal(await isMarked(phase("gateway")), true);
    await onSite(phase("route"), async ({ ask }) => assert.equal((await ask()).status, 404));
    assert.equal(await reaches({ gateway }, { phase: "gateway", policy: { retry: { codes: [] } } }), "refused");
    assert.equal(await reaches({ gateway }, { phase: "gateway", policy: markByExpression }), true);
  }),
  proof(of("TargetedPolicy", "name.name name.namespace"), "two policies with one name are refused", async () => {
    const draft = (upstream: Upstream): Draft => {
      const { policies, ...rest } = targeted({ gateway })(upstream);
      return { ...rest, policies: [...(policies as object[]), ...(policies as object[])] };
    };
    await assert.rejects(onSite(draft, async () => {}));
  }),
];
