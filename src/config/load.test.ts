import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, formatIssue, formatIssues } from "./issues.ts";
import { loadConfig } from "./load.ts";
import type { Environment } from "./text.ts";

/** What is wrong with a text, as it is printed. */
function problems(text: string, environment: Environment = {}): string[] {
  try {
    loadConfig(text, { file: "c.yaml", environment });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.issues.map(formatIssue);
  }
}

const load = (text: string, environment: Environment = {}) => loadConfig(text, { file: "c.yaml", environment });

test("an empty text is an empty configuration", () => {
  for (const text of ["", "{}", "---\n", "# nothing\n"]) assert.deepEqual(load(text).config.binds, []);
});

test("YAML and JSON give the same configuration", () => {
  const yaml = "mcp:\n  port: 3000\n  targets:\n  - name: a\n    mcp: {host: http://localhost:3001/mcp}\n";
  const json = '{"mcp": {\n\t"port": 3000,\n\t"targets": [{"name": "a", "mcp": {"host": "http://localhost:3001/mcp"}}]}}';
  assert.deepEqual(load(json).config, load(yaml).config);
});

test("an unknown key is reported where it stands, with what was probably meant", () => {
  const text = `
binds:
- port: 3000
  listeners:
  - routes:
    - backends: []
    - policies:
        rateLimt: []
`;
  assert.deepEqual(problems(text), [
    "c.yaml:8:9: binds[0].listeners[0].routes[1].policies.rateLimt: unknown key; did you mean `localRateLimit`?",
  ]);
});

test("where no key is near, the known ones are listed if they are few", () => {
  assert.deepEqual(problems("mcp: {targets: [], policies: {csrf: {foo: 1}}}"), [
    "c.yaml:1:38: mcp.policies.csrf.foo: unknown key; known here: additionalOrigins",
  ]);
});

test("indentation copied from a web page is named as what it is", () => {
  const text = "config:\n \u00a0port: 3000\nbinds:\n- listeners:\n \u00a0- routes: [\n";
  assert.deepEqual(problems(text), [
    "c.yaml:2:2: a non-breaking space in the indentation, as web pages have them; YAML is indented with plain spaces",
  ]);
});

test("a key that belongs elsewhere is told where", () => {
  assert.deepEqual(problems("mcp: {targets: [{name: a, mcp: {host: 'h:1'}, policies: {mcpAuthorization: {rules: []}}}]}"), [
    "c.yaml:1:58: mcp.targets[0].policies.mcpAuthorization: unknown key here: it belongs to the policies of the route or of `mcp`, because it is about all targets together",
  ]);
});

test("everything that is wrong is reported at once, in the order of the text", () => {
  const text = `
mcp:
  targets: {}
  statefulMode: statefull
llm:
  models:
  - name: a*b
    provider: opnAI
    params: {tokenise: true}
config:
  adminAddr: 15000
  session: {}
`;
  assert.deepEqual(problems(text), [
    "c.yaml:3:12: mcp.targets: expected a list, got a map; begin each entry with `- `",
    "c.yaml:4:17: mcp.statefulMode: expected `stateful` or `stateless`; did you mean `stateful`?",
    "c.yaml:7:11: llm.models[0].name: may hold one `*`, at its start or its end",
    problems(text)[3],
    "c.yaml:9:14: llm.models[0].params.tokenise: unknown key; did you mean `tokenize`?",
    "c.yaml:11:14: config.adminAddr: expected a string, got a whole number; put it in quotes",
    "c.yaml:12:3: config.session.key: is missing",
  ]);
  assert.match(problems(text)[3] ?? "", /^c\.yaml:8:15: llm\.models\[0\]\.provider: expected `openAI` or .*; did you mean `openAI`\?$/);
});

test("lines and columns are those of the text as written, before variables were put in", () => {
  const text = "binds: $BINDS\nmcp:\n  targets: []\n  bogus: ${LONG} # a\n  port: x\n";
  const environment = { BINDS: "\n- port: 1\n  listeners: []\n  other: 1", LONG: "a".repeat(50) };
  assert.deepEqual(problems(text, environment), [
    "c.yaml:1:8: binds[0].other: unknown key; known here: port, mode, tunnelProtocol, listeners",
    "c.yaml:4:3: mcp.bogus: unknown key; known here: gateways, port, targets, statefulMode, prefixMode, maxNameLength, pageSize, failureMode, toolIntegrity, dnsRebindingProtection, policies",
    "c.yaml:5:9: mcp.port: expected a number, got a string",
  ]);
});

test("all variables that are not set are reported at once, and nothing else", () => {
  assert.deepEqual(problems("a: $ONE\nb: ${TWO}\n"), [
    "c.yaml:1:4: a: the environment variable ONE is not set; give a default with ${ONE:-...}, or write $$ for a dollar sign",
    "c.yaml:2:4: b: the environment variable TWO is not set; give a default with ${TWO:-...}, or write $$ for a dollar sign",
  ]);
  assert.deepEqual(problems("a: '${not a name}'"), [
    "c.yaml:1:5: a: `${...}` does not hold the name of an environment variable; write $$ for a dollar sign",
  ]);
});

const syntax: readonly (readonly [name: string, text: string, problem: string | RegExp])[] = [
  ["a repeated key", "mcp: {targets: []}\nmcp: {targets: []}", "c.yaml:2:1: mcp: the same key is there twice; keep one of them"],
  [
    "a merge key",
    "mcp: &a {targets: []}\nllm:\n  <<: *a",
    'c.yaml:3:3: llm["<<"]: merge keys (`<<`) are not supported; use an alias for the whole value',
  ],
  ["an alias without anchor", "mcp: *a", /^c\.yaml:1:6: mcp: alias/],
  ["an alias to itself", "mcp: &a [*a]", "c.yaml:1:10: mcp[0]: alias refers to the value that it is in"],
  ["a tab as indentation", "mcp:\n\ttargets: []", /^c\.yaml:2:1: mcp: a tab is used for indentation/],
  ["a tag", "mcp: !secret x", /^c\.yaml:1:6: mcp: tags/],
  ["two documents", "mcp: {targets: []}\n---\nllm: {models: []}", /^c\.yaml:2:1: more than one document/],
  ["a missing quote", 'mcp: "x', "c.yaml:1:6: mcp: the quotes that are opened here are not closed"],
  ["a map as key", "? {a: 1}\n: 2", /keys must be plain text/],
  ["a key of the object prototype", "__proto__: {}", "c.yaml:1:1: __proto__: `__proto__` cannot be a key"],
];

for (const [name, text, problem] of syntax) {
  test(`${name} is refused`, () => {
    const [first = ""] = problems(text);
    if (typeof problem === "string") assert.equal(first, problem);
    else assert.match(first, problem);
  });
}

test("an alias may stand for a whole value, and problems in it are shown where it is written", () => {
  const text = "mcp:\n  targets: []\n  policies: {cors: &c {allowOrigins: [x], bogus: 1}}\nllm:\n  models: []\n  policies: {cors: *c}\n";
  assert.deepEqual(
    problems(text).map((line) => line.replace(/; known.*/, "")),
    ["c.yaml:3:43: mcp.policies.cors.bogus: unknown key", "c.yaml:3:43: llm.policies.cors.bogus: unknown key"],
  );
});

test("aliases that multiply are stopped", () => {
  const levels = Array.from({ length: 30 }, (_, index) => `l${index + 1}: &l${index + 1} [*l${index}, *l${index}]`);
  const found = problems(`l0: &l0 [a, a]\n${levels.join("\n")}`);
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /too large once its aliases are followed/);
});

test("deep nesting is refused, however deep", () => {
  for (const depth of [200, 200_000]) assert.match(problems("[".repeat(depth) + "]".repeat(depth))[0] ?? "", /nested too deeply/);
});

test("no problem shows a value", () => {
  const secret = "sk-very-secret";
  const text = `
config: {session: {key: ${secret}}, adminAddr: ${secret}}
llm:
  models:
  - name: a
    provider: ${secret}
    params: {apiKey: [${secret}], baseUrl: "https://u:${secret}@h/"}
    auth: {key: {value: ${secret}, location: ${secret}}}
mcp:
  targets:
  - name: ${secret}_x
    mcp: {host: "https://u:${secret}@h/"}
  policies: {apiKey: {keys: [{keyHash: ${secret}}, ${secret}]}, timeout: {requestTimeout: ${secret}}}
`;
  const found = problems(text);
  assert.equal(found.length, 11);
  assert.doesNotMatch(found.join("\n"), /very|secret/);
  assert.doesNotMatch(problems(`a: "${secret}\nb: ${secret}: ${secret}`).join("\n"), /very|secret/);
  for (const slip of [`a: ${secret}: x`, `a: {b: ${secret}: x}`, `a: ["${secret}]`]) {
    assert.doesNotMatch(problems(slip).join("\n"), /very|secret/, slip);
  }
});

test("what is not served yet is refused by name, along with everything else", () => {
  const text =
    "mcp:\n  targets:\n  - {name: a, mcp: {host: nowhere}}\n  prefixMode: always\n  policies: {extAuthz: {host: 'a:1'}, oidc: null}\n";
  assert.deepEqual(problems(text), [
    "c.yaml:3:20: mcp.targets[0].mcp: needs a URL such as http://localhost:3001/mcp, or host:port, in `host`",
    "c.yaml:5:14: mcp.policies.extAuthz: not supported yet: external authorization",
  ]);
});

test("old spellings are taken, with a warning where they are written", () => {
  const { config, warnings } = load("binds:\n- port: 1\n  listeners:\n  - routes: []\n    gatewayPolicies: {cors: {}}\n");
  assert.deepEqual(config.binds[0]?.listeners[0]?.policies?.cors?.allowOrigins, []);
  assert.deepEqual(warnings.map(formatIssue), [
    "c.yaml:5:5: binds[0].listeners[0].gatewayPolicies: is an old spelling, taken as `policies`",
  ]);
});

test("names the files that the configuration refers to", () => {
  const text = `
binds:
- port: 443
  listeners:
  - {protocol: HTTPS, tls: {cert: tls/cert.pem, key: tls/key.pem}}
mcp:
  targets: []
  policies:
    basicAuth: {htpasswd: {file: users}}
    jwtAuth: {issuer: i, jwks: {file: keys.json}}
    apiKey: {keys: [{key: file}]}
    backendTLS: {root: tls/cert.pem}
`;
  assert.deepEqual(new Set(load(text).files()), new Set(["tls/cert.pem", "tls/key.pem", "users", "keys.json"]));
});

test("text beyond 8 MiB is refused unread", () => {
  assert.deepEqual(problems("#".repeat(8 * 1024 * 1024 + 1)), ["c.yaml:1:1: is larger than 8 MiB"]);
});

test("a summary follows the list of problems", () => {
  assert.throws(
    () => load("a: 1\nb: 2"),
    (error) => error instanceof ConfigError && formatIssues(error).endsWith("\nthe configuration has 2 problems"),
  );
});
