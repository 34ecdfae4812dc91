import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ToolListChangedNotificationSchema, UrlElicitationRequiredError } from "@modelcontextprotocol/sdk/types.js";
import { within } from "../../src/base/deadline.ts";
import { startToolServer } from "../mcp-auth/rig.ts";
import { testIssuer } from "../tokens.ts";
import { startTestGateway } from "../gateway-harness.ts";
import { TestBrowser } from "./browser.ts";
import type { UpstreamOptions } from "./fake-upstream.ts";
import { callTool, keyOf, linkIn, type LoginRig, type LoginRigOptions, startLoginRig } from "./rig.ts";

/** The whole way of a login, by the official client, a browser and servers that insist on everything. */

async function withRig(options: LoginRigOptions, work: (rig: LoginRig) => Promise<void>): Promise<void> {
  const rig = await startLoginRig(options);
  try {
    await work(rig);
  } finally {
    await rig.close();
  }
}

/** Has a caller log in with an account. */
async function logIn(rig: LoginRig, user: string, account = `${user}@hub`): Promise<Awaited<ReturnType<LoginRig["connect"]>>> {
  const client = await rig.connect(user);
  const { text } = await callTool(client, "whoami");
  const done = await new TestBrowser(account).logIn(linkIn(text));
  assert.equal(done.status, 200, done.text);
  return client;
}

const names = async (client: Awaited<ReturnType<LoginRig["connect"]>>): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name);

describe("a caller logs in at a server behind the gateway", () => {
  // shows: user-login
  test("is told in words, logs in once, and calls in its own name", () =>
    withRig({}, async (rig) => {
      const alice = await rig.connect("alice");
      assert.deepEqual(await names(alice), ["hub_login"]);
      assert.deepEqual((await alice.listPrompts()).prompts, []);
      const asked = await callTool(alice, "hub_login");
      assert.equal(asked.isError, true);
      const done = await new TestBrowser("alice@hub").logIn(linkIn(asked.text));
      assert.deepEqual([done.status, rig.upstream.problems], [200, []], done.text);
      assert.match(done.text, /close this window/);
      assert.match((await callTool(alice, "hub_login")).text, /You are logged in/);
      assert.deepEqual(await names(alice), ["whoami", "write"]);
      assert.deepEqual(await callTool(alice, "whoami"), { text: "I am alice@hub", isError: false });
    }));

  // shows: user-login-clients
  const clients: readonly [what: string, options: UpstreamOptions, userLogin: LoginRigOptions["userLogin"]][] = [
    ["by its published description", { clients: "document" }, {}],
    ["registered by request", { clients: "registration" }, {}],
    [
      "registered by hand",
      { clients: { clientId: "by hand", clientSecret: "hand:s3cret/+" } },
      ({ issuer }) => ({ clientId: "by hand", clientSecret: "hand:s3cret/+", issuer }),
    ],
    ["at a server that sends no `iss` and does not say where it describes itself", { sendsIssuer: false, bareChallenge: true }, {}],
  ];
  for (const [what, upstream, userLogin] of clients) {
    test(`the gateway is known ${what}`, () =>
      withRig({ upstream, ...(userLogin === undefined ? {} : { userLogin }) }, async (rig) => {
        const alice = await logIn(rig, "alice");
        assert.equal((await callTool(alice, "whoami")).text, "I am alice@hub");
        const bob = await logIn(rig, "bob");
        assert.equal((await callTool(bob, "whoami")).text, "I am bob@hub");
        assert.deepEqual(rig.upstream.problems, []);
        const registrations = rig.upstream.seen.filter((one) => one.endsWith("/register")).length;
        assert.equal(registrations, upstream.clients === "registration" ? 1 : 0);
      }));
  }

  // shows: user-login-elicitation
  test("a client that can show URLs gets the error of URL elicitation, whoever authenticates it", async () => {
    const issuer = testIssuer("key-1");
    const checks = { issuer: "https://idp.test", audiences: ["a"] };
    const credentialOf = (sub: string): string =>
      issuer.token({ iss: "https://idp.test", aud: "a", exp: Math.floor(Date.now() / 1000) + 600, sub });
    for (const policies of [
      { mcpAuthentication: { ...checks, jwks: issuer.jwks, resourceMetadata: {} } },
      { jwtAuth: { mode: "strict", ...checks, jwks: issuer.jwks } },
    ]) {
      await withRig({ policies, credentialOf }, async (rig) => {
        const alice = await rig.connect("alice", { elicitation: { url: {} } });
        const refusal = await alice.callTool({ name: "whoami" }).catch((thrown: unknown) => thrown);
        assert.ok(refusal instanceof UrlElicitationRequiredError, String(refusal));
        const [elicitation] = refusal.elicitations;
        assert.ok(elicitation);
        assert.deepEqual([refusal.code, elicitation.mode, typeof elicitation.elicitationId], [-32042, "url", "string"]);
        assert.equal((await new TestBrowser("alice@hub").logIn(elicitation.url)).status, 200);
        assert.equal((await callTool(alice, "whoami")).text, "I am alice@hub");
        const bob = await rig.connect("bob", { elicitation: { url: {} } });
        await assert.rejects(bob.callTool({ name: "whoami" }), { code: -32042 });
      });
    }
  });

  // shows: user-login-told
  test("a client that listens is told when the login is done", () =>
    withRig({}, async (rig) => {
      const alice = await rig.connect("alice");
      const told = Promise.withResolvers<void>();
      alice.setNotificationHandler(ToolListChangedNotificationSchema, () => told.resolve());
      const { text } = await callTool(alice, "whoami");
      assert.equal((await new TestBrowser("alice@hub").logIn(linkIn(text))).status, 200);
      await within(20_000, told.promise, () => new Error("the client was not told"));
      assert.deepEqual(await names(alice), ["whoami", "write"]);
    }));

  test("a client that listens to several targets is told, too", async () => {
    const tools = await startToolServer();
    try {
      await withRig({ targets: [{ name: "other", mcp: { host: `http://127.0.0.1:${tools.port}/mcp` } }] }, async (rig) => {
        const alice = await rig.connect("alice");
        const told = Promise.withResolvers<void>();
        alice.setNotificationHandler(ToolListChangedNotificationSchema, () => told.resolve());
        assert.deepEqual(await names(alice), ["hub_login", "other_read", "other_write"]);
        const { text } = await callTool(alice, "hub_login");
        assert.equal((await new TestBrowser("alice@hub").logIn(linkIn(text))).status, 200);
        await within(20_000, told.promise, () => new Error("the client was not told"));
        assert.deepEqual(await names(alice), ["hub_whoami", "hub_write", "other_read", "other_write"]);
      });
    } finally {
      tools.close();
    }
  });

  test("a server behind the older transport is asked for in the same way", () =>
    withRig({ reach: (url) => ({ sse: { host: url } }) }, async (rig) => {
      const alice = await rig.connect("alice");
      assert.deepEqual(await names(alice), ["hub_login"]);
      assert.match(linkIn((await callTool(alice, "hub_login")).text), /token=/);
    }));

  test("a REST service shows its tools, and calls of them ask for the login", () => {
    const operation = { post: { operationId: "say", responses: { "200": { description: "x" } } } };
    const schema = JSON.stringify({ openapi: "3.0.0", info: { title: "t", version: "1" }, paths: { "/mcp": operation } });
    return withRig({ reach: (url) => ({ openapi: { host: new URL(url).origin, schema } }) }, async (rig) => {
      const alice = await rig.connect("alice");
      assert.deepEqual(await names(alice), ["say"]);
      assert.match(linkIn((await callTool(alice, "say")).text), /token=/);
    });
  });

  test("other requests than calls of tools get an error with the same words", () =>
    withRig({}, async (rig) => {
      const alice = await rig.connect("alice");
      await assert.rejects(alice.getPrompt({ name: "x" }), /open this address in a browser.*\.well-known\/turnpike\/login/);
    }));

  test("without sessions it is the same", () =>
    withRig({ mcp: { statefulMode: "stateless" } }, async (rig) => {
      const alice = await rig.connect("alice");
      assert.deepEqual(await names(alice), ["hub_login"]);
      assert.equal((await new TestBrowser("alice@hub").logIn(linkIn((await callTool(alice, "hub_login")).text))).status, 200);
      assert.deepEqual(await names(alice), ["whoami", "write"]);
      assert.equal((await callTool(alice, "whoami")).text, "I am alice@hub");
    }));

  // shows: user-login-several
  test("among several targets the others are served meanwhile, also under failClosed, and whatever rules say", async () => {
    const tools = await startToolServer();
    const targets = [{ name: "other", mcp: { host: `http://127.0.0.1:${tools.port}/mcp` } }];
    const mcpAuthorization = { rules: ['mcp.tool.name != "login" && mcp.tool.name != "write"'] };
    try {
      const keys = [{ key: keyOf("alice"), metadata: { name: "alice" } }];
      await withRig({ targets, policies: { apiKey: { mode: "strict", keys }, mcpAuthorization } }, async (rig) => {
        const alice = await rig.connect("alice");
        assert.deepEqual(await names(alice), ["hub_login", "other_read"]);
        assert.equal((await callTool(alice, "other_read")).text, "called read");
        const { text } = await callTool(alice, "hub_login");
        assert.equal((await new TestBrowser("alice@hub").logIn(linkIn(text))).status, 200);
        assert.deepEqual(await names(alice), ["hub_whoami", "other_read"]);
        assert.equal((await callTool(alice, "hub_whoami")).text, "I am alice@hub");
        assert.ok(tools.authorizations.every((one) => one === undefined));
      });
    } finally {
      tools.close();
    }
  });

  test("a server that serves everybody is asked for nothing", () =>
    withRig({ upstream: { open: true } }, async (rig) => {
      const alice = await rig.connect("alice");
      assert.deepEqual(await names(alice), ["whoami", "write"]);
      assert.equal((await callTool(alice, "whoami")).text, "I am nobody");
      assert.equal(rig.upstream.seen.filter((one) => !one.startsWith("mcp POST") && !one.startsWith("mcp GET /mcp")).length, 0);
    }));

  // shows: user-login-anonymous
  test("an anonymous caller is refused, at load it is warned of, and the server is not asked", () =>
    withRig({ policies: {} }, async (rig) => {
      await assert.rejects(rig.connect("alice"), /does not know whose to use/);
      assert.deepEqual(rig.upstream.seen, []);
      assert.ok(rig.gateway.gateway.loaded.warnings.some((one) => one.includes("no policy of the route authenticates them")));
      assert.ok(rig.gateway.gateway.loaded.warnings.some((one) => one.includes("logins are forgotten")));
    }));

  test("a route that authenticates its callers is not warned of", () =>
    withRig({}, async (rig) => {
      assert.ok(!rig.gateway.gateway.loaded.warnings.some((one) => one.includes("authenticates them")));
    }));

  test("with mcpAuthentication a refreshed token is the same caller, one without a subject is none, and browsers need none", async () => {
    const issuer = testIssuer("key-1");
    const mcpAuthentication = { issuer: "https://idp.test", audiences: ["a"], jwks: issuer.jwks, resourceMetadata: {} };
    await withRig({ policies: { mcpAuthentication } }, async (rig) => {
      const exp = Math.floor(Date.now() / 1000) + 600;
      const post = async (claims: object, method: string, params: object = {}): Promise<{ status: number; text: string }> => {
        const token = issuer.token({ iss: "https://idp.test", aud: "a", exp, ...claims });
        const response = await fetch(`${rig.origin}/mcp`, {
          method: "POST",
          headers: { "content-type": "application/json", accept: "application/json", authorization: `Bearer ${token}` },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
        });
        return { status: response.status, text: await response.text() };
      };
      await rig.gateway.reload(JSON.stringify(statelessOf(rig, mcpAuthentication)));
      const asked = await post({ sub: "u1", email: "alice@corp.test", jti: "1" }, "tools/call", { name: "whoami" });
      const link = linkIn((JSON.parse(asked.text) as { result: { content: { text: string }[] } }).result.content[0]?.text ?? "");
      const page = await (await fetch(link)).text();
      assert.match(page, /in the name of: alice@corp\.test/);
      assert.equal((await new TestBrowser("alice@hub").logIn(link)).status, 200);
      assert.match((await post({ sub: "u1", jti: "2" }, "tools/call", { name: "whoami" })).text, /I am alice@hub/);
      assert.match((await post({ sub: "u2" }, "tools/call", { name: "whoami" })).text, /isError/);
      assert.match((await post({}, "tools/call", { name: "whoami" })).text, /does not know whose to use/);
      // the server's own way to log in is not shown to clients, who have theirs
      const own = await (await fetch(`${rig.origin}/.well-known/oauth-protected-resource/mcp`)).text();
      assert.match(own, /idp\.test/);
    });
  });
});

test("any HTTP backend takes logins, and browsers pass a listener that wants tokens", async () => {
  const issuer = testIssuer("key-1");
  const rig = await startLoginRig();
  try {
    const jwtAuth = { mode: "strict", issuer: "https://idp.test", audiences: ["a"], jwks: issuer.jwks };
    const { host } = new URL(rig.upstream.url);
    const draft = (publicUrl: string): string => {
      const route = { policies: { backendAuth: { userLogin: { publicUrl } } }, backends: [{ host }] };
      return JSON.stringify({ binds: [{ port: 0, listeners: [{ policies: { jwtAuth }, routes: [route] }] }] });
    };
    const gateway = await startTestGateway(draft("http://127.0.0.1:1"));
    try {
      await gateway.reload(draft(gateway.url()));
      const token = issuer.token({ iss: "https://idp.test", aud: "a", exp: Math.floor(Date.now() / 1000) + 600, sub: "alice" });
      const call = (): Promise<Response> =>
        fetch(`${gateway.url()}/mcp`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "whoami" } }),
        });
      const asked = await call();
      assert.equal(asked.status, 401);
      const { url } = (await asked.json()) as { url: string };
      // the login is for the server as a whole, and this one describes a part of itself alone
      rig.upstream.options = {
        description: (one) => ({ ...one, resource: new URL(rig.upstream.url).origin }),
        resource: new URL(rig.upstream.url).origin,
      };
      const done = await new TestBrowser("alice@hub").logIn(url);
      assert.equal(done.status, 200, done.text);
      assert.deepEqual(rig.upstream.problems, []);
      assert.match(await (await call()).text(), /I am alice@hub/);
      assert.equal((await fetch(`${gateway.url()}/mcp`, { method: "POST", body: "{}" })).status, 401);
    } finally {
      await gateway.close();
    }
  } finally {
    await rig.close();
  }
});

function statelessOf(rig: LoginRig, mcpAuthentication: object): object {
  const policies = { backendAuth: { userLogin: { publicUrl: rig.origin } } };
  return {
    mcp: {
      port: 0,
      statefulMode: "stateless",
      policies: { mcpAuthentication },
      targets: [{ name: "hub", mcp: { host: rig.upstream.url }, policies }],
    },
  };
}

describe("logins of several callers", () => {
  // shows: user-login-apart
  test("nobody ever acts with another's token, whatever comes at the same time", () =>
    withRig({ upstream: { expiresIn: 1 } }, async (rig) => {
      const users = Array.from({ length: 8 }, (_, index) => `user${index}`);
      const clients = await Promise.all(users.map((user) => logIn(rig, user)));
      // tokens of one second: calls and renewals of all of them meet
      const deadline = Date.now() + 2_500;
      let calls = 0;
      while (Date.now() < deadline) {
        const rounds = Array.from({ length: 4 }, () => clients.map((client) => callTool(client, "whoami")));
        const answers = await Promise.all(rounds.flat());
        answers.forEach(({ text }, at) => assert.equal(text, `I am ${users[at % users.length]}@hub`));
        calls += answers.length;
      }
      assert.ok(calls >= 64 && rig.upstream.refreshes >= users.length, `${calls} calls, ${rig.upstream.refreshes} renewals`);
      assert.deepEqual(rig.upstream.problems, []);
    }));

  test("the other caller of a server is asked without the server being bothered again", () =>
    withRig({}, async (rig) => {
      await logIn(rig, "alice");
      const before = rig.upstream.seen.length;
      const bob = await rig.connect("bob");
      assert.deepEqual(await names(bob), ["hub_login"]);
      assert.equal(rig.upstream.seen.length, before);
    }));
});
