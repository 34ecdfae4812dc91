import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { turnpike } from "./command-line.ts";

/** What an operator types and reads: arguments, texts and exit codes. */

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

const answering = `
binds:
- port: 1
  listeners:
  - routes:
    - policies: {directResponse: {status: 200, body: hi}}
`;

describe("what it is", () => {
  it("prints its version, plainly and as JSON", async () => {
    const plain = await turnpike(["-V"]);
    assert.deepEqual(plain, { code: 0, stdout: `${version}\n`, stderr: "" });
    const json = await turnpike(["--version"]);
    assert.equal(json.code, 0);
    assert.deepEqual(JSON.parse(json.stdout), { version, node: process.versions.node, platform: process.platform, arch: process.arch });
  });

  it("prints how it is used", async () => {
    const { code, stdout, stderr } = await turnpike(["--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    for (const word of ["-f, --file", "--validate-only", "turnpike schema", "turnpike explain"]) assert.ok(stdout.includes(word), word);
  });

  // shows: start-schema
  it("prints a JSON Schema that takes the quick start and refuses a misspelt key", async () => {
    const { code, stdout, stderr } = await turnpike(["schema"]);
    assert.deepEqual([code, stderr], [0, ""]);
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(stdout) as object);
    const text = readFileSync(new URL("../../examples/quickstart.yaml", import.meta.url), "utf8");
    const tree = parse(text.replace("${TURNPIKE_MORE_MODELS:-}", "")) as Record<string, unknown>;
    assert.ok(validate(tree), JSON.stringify(validate.errors));
    assert.equal(validate({ ...tree, mpc: tree["mcp"] }), false);
  });
});

// shows: start-usage
describe("wrong arguments", () => {
  const cases: readonly [args: readonly string[], message: RegExp][] = [
    [[], /^turnpike: no configuration: give one with -f FILE\n/],
    [["-f", "a.yaml", "-c", "{}"], /^turnpike: only one of --file and --config can be given\n/],
    [["--validate"], /^turnpike: Unknown option '--validate'\n/],
    [["-f"], /^turnpike: Option '-f, --file <value>' argument missing\n/],
    [["serve", "-f", "a.yaml"], /^turnpike: unknown command serve\n/],
    [["schema", "now"], /^turnpike: unexpected argument now\n/],
  ];
  for (const [args, message] of cases) {
    it(`are named, with the usage: ${args.join(" ") || "none"}`, async () => {
      const { code, stdout, stderr } = await turnpike(args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, message);
      assert.match(stderr, /\nUsage: turnpike -f FILE/);
    });
  }
});

describe("--validate-only", () => {
  it("says that a configuration is valid, wherever it comes from", async () => {
    const valid = { code: 0, stdout: "Configuration is valid!\n", stderr: "" };
    assert.deepEqual(await turnpike(["-c", answering, "--validate-only"]), valid);
    assert.deepEqual(await turnpike(["-f", "-", "--validate-only"], { input: answering }), valid);
    assert.deepEqual(await turnpike(["-f", "/dev/stdin", "--validate-only"], { input: answering }), valid);
    assert.deepEqual(await turnpike(["--file", "examples/quickstart.yaml", "--validate-only", "--portable"]), valid);
  });

  it("warns on standard error of old spellings", async () => {
    const { code, stdout, stderr } = await turnpike(["-c", "config: {port: 1}\nbinds:\n- listeners: []\n", "--validate-only"]);
    assert.deepEqual([code, stdout], [0, "Configuration is valid!\n"]);
    assert.equal(stderr, "warning: <command line>:1:10: config.port: is an old spelling, taken as `binds[].port`\n");
  });

  // shows: start-validate
  it("lists everything that is wrong with its line, in the order of the file", async () => {
    const wrong = `binds:
- port: 70000
  listeners:
  - routes:
    - policies:
        corz: {}
        timeout: {requestTimeout: 5 apples}
        authorization: {rules: ['jwt.sub ==']}
      backends:
      - host: nowhere
`;
    const { code, stdout, stderr } = await turnpike(["-f", "-", "--validate-only"], { input: wrong });
    assert.deepEqual([code, stdout], [1, ""]);
    const lines = stderr.trimEnd().split("\n");
    assert.deepEqual(
      lines.slice(0, -1).map((line) => line.split(" ").slice(0, 2).join(" ")),
      [
        "<stdin>:2:9: binds[0].port:",
        "<stdin>:6:9: binds[0].listeners[0].routes[0].policies.corz:",
        "<stdin>:7:35: binds[0].listeners[0].routes[0].policies.timeout.requestTimeout:",
        "<stdin>:8:33: binds[0].listeners[0].routes[0].policies.authorization.rules[0]:",
        "<stdin>:10:15: binds[0].listeners[0].routes[0].backends[0].host:",
      ],
    );
    assert.equal(lines.at(-1), "the configuration has 5 problems");
  });

  it("names what is not there: a file, a variable, a file that the configuration names", async () => {
    const missing = await turnpike(["-f", "/nowhere/config.yaml", "--validate-only"]);
    assert.deepEqual([missing.code, missing.stdout], [1, ""]);
    assert.match(missing.stderr, /^turnpike: cannot read the configuration: ENOENT: .*\/nowhere\/config\.yaml/);
    const variable = await turnpike(["-c", "binds: [{port: $WHICH_PORT}]", "--validate-only"]);
    assert.equal(variable.code, 1);
    assert.match(variable.stderr, /^<command line>:1:16: .*the environment variable WHICH_PORT is not set; give a default/);
    const tls = `binds: [{port: 1, listeners: [{protocol: HTTPS, tls: {cert: /nowhere/tls.crt, key: /nowhere/tls.key}, routes: []}]}]`;
    const named = await turnpike(["-c", tls, "--validate-only"]);
    assert.equal(named.code, 1);
    assert.match(named.stderr, /^<command line>:1:\d+: binds\[0\]\.listeners\[0\]\.tls: cannot read the file \/nowhere\/tls\.crt/);
  });

  it("fails when a key server that the configuration needs cannot be reached", async () => {
    const keys = `binds: [{port: 1, listeners: [{routes: [{policies: {jwtAuth: {issuer: i, jwks: {url: "http://127.0.0.1:1/keys"}}}}]}]}]`;
    const { code, stdout, stderr } = await turnpike(["-c", keys, "--validate-only"]);
    assert.deepEqual([code, stdout.includes("valid")], [1, false]);
    assert.match(stderr, /^turnpike: JWKS could not be loaded from http:\/\/127\.0\.0\.1:1\/keys: connect ECONNREFUSED/m);
  });
});

describe("running on a wrong configuration", () => {
  // shows: start-wrong-config
  it("says why and ends, before any port is open", async () => {
    const { code, stdout, stderr } = await turnpike(["-c", "binds: [{port: 0, listeners: [{routes: [{backendz: []}]}]}]"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /^<command line>:1:42: binds\[0\]\.listeners\[0\]\.routes\[0\]\.backendz: unknown key; did you mean `backends`\?\n/,
    );
  });
});
