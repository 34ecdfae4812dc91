import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { pathAsWritten, rewriteOldNames, rewrites } from "./old-names.ts";

interface Case {
  readonly key: string;
  readonly before: string;
  readonly after: string;
  /** Where a value ended up, and where it was written. */
  readonly now: readonly (string | number)[];
  readonly was: readonly (string | number)[];
}

const route = ["routes", 0, "policies"];

const cases: readonly Case[] = [
  {
    key: "port",
    before: "{config: {port: 3000}, binds: [{port: 1}, {listeners: []}]}",
    after: "{config: {}, binds: [{port: 1}, {listeners: [], port: 3000}]}",
    now: ["binds", 1, "port"],
    was: ["config", "port"],
  },
  {
    key: "jwksUrl",
    before: "{routes: [{policies: {mcpAuthentication: {jwksUrl: u}}}]}",
    after: "{routes: [{policies: {mcpAuthentication: {jwks: {url: u}}}}]}",
    now: [...route, "mcpAuthentication", "jwks", "url"],
    was: [...route, "mcpAuthentication", "jwksUrl"],
  },
  {
    key: "audience",
    before: "{mcp: {policies: {mcpAuthentication: {audience: a}}}}",
    after: "{mcp: {policies: {mcpAuthentication: {audiences: [a]}}}}",
    now: ["mcp", "policies", "mcpAuthentication", "audiences"],
    was: ["mcp", "policies", "mcpAuthentication", "audience"],
  },
  {
    key: "failOpen",
    before: "{routes: [{policies: {extAuthz: {failOpen: true}}}]}",
    after: "{routes: [{policies: {extAuthz: {failureMode: allow}}}]}",
    now: [...route, "extAuthz", "failureMode"],
    was: [...route, "extAuthz", "failOpen"],
  },
  {
    key: "statusOnError",
    before: "{routes: [{policies: {extAuthz: {statusOnError: 503}}}]}",
    after: "{routes: [{policies: {extAuthz: {failureMode: {denyWithStatus: 503}}}}]}",
    now: [...route, "extAuthz", "failureMode", "denyWithStatus"],
    was: [...route, "extAuthz", "statusOnError"],
  },
  {
    key: "backendTls",
    before: "{backends: [{policies: {backendTls: {root: r}}}]}",
    after: "{backends: [{policies: {backendTLS: {root: r}}}]}",
    now: ["backends", 0, "policies", "backendTLS", "root"],
    was: ["backends", 0, "policies", "backendTls", "root"],
  },
  {
    key: "gatewayPolicies",
    before: "{binds: [{listeners: [{gatewayPolicies: {cors: {}}}]}]}",
    after: "{binds: [{listeners: [{policies: {cors: {}}}]}]}",
    now: ["binds", 0, "listeners", 0, "policies", "cors"],
    was: ["binds", 0, "listeners", 0, "gatewayPolicies", "cors"],
  },
  {
    key: "clearEnv",
    before: "{mcp: {targets: [{stdio: {clearEnv: true}}]}}",
    after: "{mcp: {targets: [{stdio: {clear_env: true}}]}}",
    now: ["mcp", "targets", 0, "stdio", "clear_env"],
    was: ["mcp", "targets", 0, "stdio", "clearEnv"],
  },
  {
    key: "tlsHandshakeTimeout",
    before: "{config: {listener: {tlsHandshakeTimeout: 3s}}, frontendPolicies: {tls: {minVersion: TLS_V1_3}}}",
    after: "{config: {}, frontendPolicies: {tls: {minVersion: TLS_V1_3, handshakeTimeout: 3s}}}",
    now: ["frontendPolicies", "tls", "handshakeTimeout"],
    was: ["config", "listener", "tlsHandshakeTimeout"],
  },
  ...[
    "maxBufferSize",
    "http1MaxHeaders",
    "http1IdleTimeout",
    "http2WindowSize",
    "http2ConnectionWindowSize",
    "http2FrameSize",
    "http2KeepaliveInterval",
    "http2KeepaliveTimeout",
  ].map((key) => ({
    key,
    before: `{config: {listener: {${key}: 5}}}`,
    after: `{config: {}, frontendPolicies: {http: {${key}: 5}}}`,
    now: ["frontendPolicies", "http", key],
    was: ["config", "listener", key],
  })),
];

for (const { key, before, after, now, was } of cases) {
  test(`${key} is taken for what it means today`, () => {
    const tree: unknown = parse(before);
    const { found, moves } = rewriteOldNames(tree);
    assert.deepEqual(tree, parse(after));
    assert.equal(found.length, 1);
    assert.deepEqual(pathAsWritten(now, moves), was);
  });
}

test("every rule has a case here", () => {
  assert.deepEqual(new Set(cases.map(({ key }) => key)), new Set(rewrites.map(({ key }) => key)));
});

const untouched: readonly (readonly [why: string, text: string])[] = [
  ["the new name stands beside it", "{mcp: {policies: {mcpAuthentication: {jwksUrl: u, jwks: {url: v}}}}}"],
  ["two binds lack a port", "{config: {port: 1}, binds: [{listeners: []}, {listeners: []}]}"],
  ["no bind lacks a port", "{config: {port: 1}, binds: [{port: 2, listeners: []}]}"],
  ["it is data that is not ours", "{mcp: {policies: {apiKey: {keys: [{key: k, metadata: {backendTls: 1, jwksUrl: 2}}]}}}}"],
  ["there is something else where it belongs", "{config: {listener: {maxBufferSize: 1}}, frontendPolicies: 5}"],
  ["nothing has the expected shape", "{config: 1, binds: {a: [1]}, mcp: [], routes: [null, {policies: 3}]}"],
];

for (const [why, text] of untouched) {
  test(`an old name is left alone when ${why}`, () => {
    const tree: unknown = parse(text);
    assert.deepEqual(rewriteOldNames(tree).found, []);
    assert.deepEqual(tree, parse(text));
  });
}

test("a path that nothing moved stays as it is", () => {
  const { moves } = rewriteOldNames(parse("{mcp: {policies: {mcpAuthentication: {audience: a}}}}"));
  assert.deepEqual(pathAsWritten(["mcp", "policies"], moves), ["mcp", "policies"]);
  assert.deepEqual(pathAsWritten([], moves), []);
});
