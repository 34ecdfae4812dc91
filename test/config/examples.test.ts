import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ConfigError, formatIssue } from "../../src/config/issues.ts";
import { loadConfig } from "../../src/config/load.ts";

/** Configurations as people write them: all load, with the warnings named here and no others. */

const environment = { OPENAI_API_KEY: "sk-1", SEARCH_KEY: "s", SESSION_KEY: "00".repeat(32) };

const load = (name: string) => loadConfig(readFileSync(new URL(`examples/${name}`, import.meta.url), "utf8"), { file: name, environment });

const warnings: Readonly<Record<string, readonly string[]>> = {
  "article-mcp.yaml": ["article-mcp.yaml:3:3: config.port: is an old spelling, taken as `binds[].port`"],
  "article-llm.yaml": [],
  "mcp-basic.yaml": [],
  "mcp-multiplex.yaml": [],
  "mcp-authentication.yaml": [
    "mcp-authentication.yaml:12:9: routes[0].policies.mcpAuthentication.jwksUrl: is an old spelling, taken as `jwks.url`",
    "mcp-authentication.yaml:13:9: routes[0].policies.mcpAuthentication.audience: is an old spelling, taken as `audiences`",
  ],
  "mcp-authorization.yaml": [],
  "mcp-tls.yaml": [],
  "telemetry.yaml": [],
  "telemetry-older.yaml": [],
  "traffic-http.yaml": [],
  "llm-providers.yaml": [],
};

for (const [name, expected] of Object.entries(warnings)) {
  test(`${name} loads`, () => assert.deepEqual(load(name).warnings.map(formatIssue), expected));
}

test("the article's port belongs to the bind", () => {
  const [bind] = load("article-mcp.yaml").config.binds;
  assert.equal(bind?.port, 3000);
  const policies = bind?.listeners[0]?.routes?.[0]?.policies;
  assert.deepEqual(policies?.timeout, { requestTimeout: 300_000, backendRequestTimeout: 300_000 });
  assert.deepEqual(policies?.mcpAuthentication?.jwks, { kind: "url", url: "https://auth-mcp.example.com/.well-known/jwks.json" });
});

test("addresses of MCP servers are read in all their forms", () => {
  const backend = load("mcp-multiplex.yaml").config.binds[0]?.listeners[0]?.routes?.[0]?.backends[0];
  assert.ok(backend?.kind === "mcp");
  assert.deepEqual(
    backend.mcp.targets.slice(2).map((target) => target.kind === "mcp" && target.mcp),
    [
      { kind: "address", tls: false, host: "search.internal", port: 8080, path: "/v1/mcp" },
      { kind: "backend", backend: "tools", path: "/mcp" },
    ],
  );
  const route = load("mcp-authentication.yaml").config.routes[1]?.backends[0];
  assert.ok(route?.kind === "mcp" && route.mcp.targets[0]?.kind === "mcp");
  assert.deepEqual(route.mcp.targets[0].mcp, { kind: "address", tls: true, host: "example.com", port: 443, path: "/mcp" });
});

test("who is let in without a credential is as in the reference project", () => {
  assert.equal(load("mcp-authorization.yaml").config.mcp?.policies?.jwtAuth?.mode, "optional");
  assert.equal(load("mcp-authentication.yaml").config.routes[0]?.policies?.mcpAuthentication?.mode, "strict");
});

test("other spellings become one", () => {
  const listener = load("mcp-tls.yaml").config.binds[0]?.listeners[0];
  assert.equal(listener?.tls?.minTLSVersion, "TLSv1.2");
  assert.deepEqual(load("telemetry.yaml").config.frontendPolicies.accessLog?.remove, ["route"]);
  const { llm } = load("llm-providers.yaml").config;
  assert.deepEqual(llm?.models[0]?.provider, { kind: "builtIn", name: "openAI" });
  assert.equal(llm?.providers[0]?.defaults?.tls?.insecure, true);
});

test("defaults are filled in", () => {
  const { config, frontendPolicies } = load("telemetry.yaml").config;
  assert.deepEqual(config?.adminAddr, { kind: "off" });
  assert.equal(config?.backend.poolIdleTimeout, 90_000);
  assert.equal(config?.mcp?.sessionTtl, 3_600_000);
  assert.equal(config?.logging?.level, "info,request=debug");
  assert.equal(frontendPolicies.tracing?.path, "/v1/traces");
  assert.deepEqual(frontendPolicies.tracing?.randomSampling, { kind: "ratio", ratio: 0.1 });
});

test("what is not served yet is named, part by part", () => {
  assert.throws(
    () => load("not-yet.yaml"),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(new Set(error.issues.map(({ kind }) => kind)), new Set(["not-yet"]));
      assert.deepEqual(
        error.issues.map(({ line, path }) => `${line} ${path}`),
        [
          "6 binds[0].listeners[0].routes[0].policies.extAuthz",
          "7 binds[0].listeners[0].routes[0].policies.a2a",
          "8 binds[0].listeners[0].routes[0].policies.ai.promptGuard",
          "13 binds[0].listeners[0].routes[0].backends[1].ai",
          "13 binds[0].listeners[0].routes[0].backends[1].ai.groups[0].providers[0].provider.anthropic",
          "14 binds[0].listeners[1].protocol",
          "15 binds[0].listeners[1].tcpRoutes[0]",
          "17 config.database",
          "19 config.standardAttributes",
          "21 llm.models[0].provider",
          "22 llm.virtualModels[0]",
        ],
      );
      return true;
    },
  );
});
