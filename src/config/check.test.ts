import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { checkConsistency } from "./check.ts";
import { formatPath } from "./issues.ts";

const check = (text: string): string[] =>
  checkConsistency(parse(text)).map(
    ({ path, message, suggestion }) => `${formatPath(path)}: ${message}${suggestion === undefined ? "" : ` (${suggestion})`}`,
  );

const bad: readonly (readonly [text: string, ...problems: string[]])[] = [
  ["{mcp: {port: 4000}, llm: {models: []}}", "llm: `llm` and `mcp` cannot use the same port 4000"],
  ["{mcp: {port: 1, gateways: a}, gateways: {a: {port: 2}}}", "mcp.port: cannot stand beside `gateways`, which have their own"],
  ["{llm: {tls: {cert: c}, gateways: [a]}, gateways: {a: {port: 2}}}", "llm.tls: cannot stand beside `gateways`, which have their own"],
  ["{mcp: {targets: []}, binds: [{port: 3000}]}", "binds[0].port: port 3000 is taken by `mcp` already"],
  ["{gateways: {a: {port: 1}, b: {port: 1}}}", "gateways.b.port: port 1 is taken by `gateways.a` already"],
  ["{binds: [{listeners: []}]}", "binds[0]: needs `port`"],
  ["{gateways: {a: {}}}", "gateways.a: needs `port`"],
  [
    "{gateways: {a: {port: 1, listeners: [], tls: {cert: c}}}}",
    "gateways.a.tls: belongs on the listeners of this gateway: beside `listeners` there is only `port`",
  ],
  ["{gateways: {a: {port: 1, protocol: HTTPS}}}", "gateways.a: needs `tls` with a certificate, as its protocol is HTTPS"],
  ["{gateways: {a: {port: 1, protocol: HTTP, tls: {cert: c}}}}", "gateways.a.tls: has no effect on protocol HTTP; set `protocol: HTTPS`"],
  [
    "{binds: [{port: 1, listeners: [{tls: {cert: c}}]}]}",
    "binds[0].listeners[0].tls: has no effect on protocol HTTP; set `protocol: HTTPS`",
  ],
  ["{gateways: {a: {port: 1, tls: {root: r}}}}", "gateways.a.tls: needs `cert`"],
  ["{routes: [{}]}", "routes[0]: needs `gateways`, as there is no gateway called `default`"],
  ["{routes: [{gateways: publc}], gateways: {public: {port: 1}}}", "routes[0].gateways: names a gateway that does not exist (public)"],
  [
    "{routes: [{gateways: [a, a/b]}], gateways: {a: {port: 1, listeners: [{name: c}]}}}",
    "routes[0].gateways[1]: names a gateway that does not exist (a/c)",
  ],
  ["{backends: [{name: a}, {name: b}, {name: a}]}", "backends[2].name: is the name of another entry of this list too"],
  ["{mcp: {targets: [{name: a}, {name: a}]}}", "mcp.targets[1].name: is the name of another entry of this list too"],
  ["{llm: {providers: [{name: a}, {name: a}]}}", "llm.providers[1].name: is the name of another entry of this list too"],
  [
    "{routeGroups: [{routes: [{backends: [{backend: serch}]}]}], backends: [{name: search}]}",
    "routeGroups[0].routes[0].backends[0].backend: names a backend that does not exist (search)",
  ],
  ["{mcp: {targets: [{mcp: {backend: x, path: /}}]}}", "mcp.targets[0].mcp.backend: names a backend that does not exist"],
  [
    "{mcp: {policies: {requestMirror: {backend: {backend: x}}}}}",
    "mcp.policies.requestMirror.backend.backend: names a backend that does not exist",
  ],
  [
    "{routeGroups: [{routes: [{policies: {backendAuth: {oauthTokenExchange: {backend: stz}}}}]}], backends: [{name: sts}]}",
    "routeGroups[0].routes[0].policies.backendAuth.oauthTokenExchange.backend: names a backend that does not exist (sts)",
  ],
  [
    "{mcp: {targets: [{mcp: {host: h}, policies: {backendAuth: {crossAppAccess: {identityProvider: {backend: x}}}}}]}}",
    "mcp.targets[0].policies.backendAuth.crossAppAccess.identityProvider.backend: names a backend that does not exist",
  ],
  [
    "{routeGroups: [{routes: [{backends: [{routeGroup: x}]}]}]}",
    "routeGroups[0].routes[0].backends[0].routeGroup: names a route group that does not exist",
  ],
  [
    "{llm: {models: [{provider: {reference: x}}]}}",
    "llm.models[0].provider.reference: names a provider of `llm.providers` that does not exist",
  ],
  [
    "{mcp: {targets: [{stdio: {cmd: x}, policies: {}}]}}",
    "mcp.targets[0].policies: has no effect on a program that is started here; these policies are about HTTP",
  ],
  [
    "{mcp: {targets: [{mcp: {backend: b, path: /}, policies: {}}]}, backends: [{name: b}]}",
    "mcp.targets[0].policies: belongs on the backend that the target names",
  ],
  [
    "{mcp: {policies: {directResponse: {conditional: [{status: 200}, {status: 404}]}}}}",
    "mcp.policies.directResponse.conditional[0]: has no `condition`, so it always applies and must be the last entry",
  ],
  [
    "{llm: {providers: [{name: p}], models: [{provider: {reference: p}, params: {model: m, apiKey: k}}]}}",
    "llm.models[0].params.apiKey: belongs on the provider that the model refers to; beside a reference there is only `model`",
  ],
  ["{llm: {models: [{provider: {custom: {formats: []}}}]}}", "llm.models[0]: needs `params.baseUrl`, as its provider is `custom`"],
  [
    "{llm: {models: [{provider: openai, params: {baseUrl: u, pathPrefix: p}}]}}",
    "llm.models[0].params.pathPrefix: is part of `baseUrl`; keep one",
  ],
];

for (const [text, ...problems] of bad) test(`refuses ${text}`, () => assert.deepEqual(check(text), problems));

const good: readonly string[] = [
  "{}",
  "{mcp: {targets: []}, llm: {models: []}}",
  "{mcp: {targets: []}, llm: {models: []}, routes: [{}], gateways: {default: {port: 3000}}}",
  "{mcp: {port: 3000, gateways: []}, llm: {models: [], port: null}}",
  "{routes: [{gateways: a/listener0}], gateways: {a: {port: 1, listeners: [{hostname: h}]}}}",
  "{gateways: {a: {port: 0}, b: {port: 0, tls: {cert: c}}}}",
  "{binds: [{mode: internal, listeners: []}]}",
  "{mcp: {targets: [{name: a, mcp: {host: h}, policies: {}}, {name: b, stdio: {cmd: c}, policies: null}]}}",
  "{mcp: {policies: {directResponse: {conditional: [{status: 200, condition: 'true'}, {status: 404}]}}}}",
  "{llm: {providers: [{name: p}], models: [{provider: {reference: p}, params: {model: m}}]}}",
];

for (const text of good) test(`has nothing against ${text}`, () => assert.deepEqual(check(text), []));

test("passes over whatever has another shape than it expects", () => {
  const keys = [
    "binds",
    "gateways",
    "routes",
    "llm",
    "mcp",
    "listeners",
    "targets",
    "policies",
    "name",
    "tls",
    "port",
    "provider",
    "params",
    "conditional",
  ];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "medium" },
      fc.constantFrom(null, 1, "a", true),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie("tree"), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => assert.ok(Array.isArray(checkConsistency(value)))),
    { seed: 7 },
  );
});
