import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { startTestGateway, type TestGateway } from "../gateway-harness.ts";
import { startToolServer, type ToolServer } from "../mcp-auth/rig.ts";
import { testIssuer } from "../tokens.ts";
import { AuthorizationServer } from "./authorization-server.ts";
import { gatewayWith, type HeaderServer, startHeaderServer } from "./rig.ts";

/** Exchanged credentials end to end: callers, gateway, authorization server and backends talk HTTP. */

const issuer = testIssuer("idp");
const token = (sub: string, claims: Record<string, unknown> = {}): string =>
  issuer.token({ iss: "https://idp.test", aud: "api://mcp", sub, exp: Math.floor(Date.now() / 1000) + 600, ...claims });
/** `$` stands for the environment in a configuration. */
const inline = (text: string): string => text.replaceAll("$", "$$$$");
const issued = { issuer: "https://idp.test", audiences: ["api://mcp"], jwks: inline(issuer.jwks) };

let server: AuthorizationServer;
let gateway: TestGateway | undefined;

before(async () => {
  server = await new AuthorizationServer({ clients: { gw: { method: "client_secret_basic", secret: "gw-secret" } } }).start();
});
after(() => server.close());
beforeEach(() => {
  server.seen.length = 0;
  server.faults.length = 0;
  server.status = 200;
  server.answer = ({ form }) => ({
    access_token: `for-${subjectOf(form)}-at-${form.get("audience")}`,
    token_type: "Bearer",
    expires_in: 600,
  });
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

/** The server verifies what it is given, as one does. */
function subjectOf(form: URLSearchParams): string {
  const given = form.get("subject_token") ?? form.get("assertion") ?? "";
  return (JSON.parse(Buffer.from(given.split(".")[1]!, "base64url").toString()) as { sub: string }).sub;
}

const exchange = (audience: string, more: object = {}) => ({
  oauthTokenExchange: {
    host: server.host,
    path: "/token",
    audiences: [audience],
    clientAuth: { clientId: "gw", clientSecret: "gw-secret" },
    ...more,
  },
});

describe("MCP targets behind mcpAuthentication", () => {
  let wiki: ToolServer;
  let mail: ToolServer;
  before(async () => {
    wiki = await startToolServer();
    mail = await startToolServer();
  });
  after(() => [wiki, mail].forEach((one) => one.close()));
  beforeEach(() => [wiki, mail].forEach((one) => (one.authorizations.length = 0)));

  const config = (targetsOnly: object[], more: object = {}): string => {
    const mcpAuthentication = { ...issued, resourceMetadata: {} };
    const backends = [{ mcp: { targets: targetsOnly, ...more } }];
    const route = { matches: [{ path: { pathPrefix: "/mcp" } }], policies: { mcpAuthentication }, backends };
    return JSON.stringify({ binds: [{ port: 0, listeners: [{ routes: [route] }] }] });
  };
  const target = (name: string, { port }: ToolServer, backendAuth: object): object => ({
    name,
    mcp: { host: `http://127.0.0.1:${port}/mcp` },
    policies: { backendAuth },
  });

  async function connect(caller: string): Promise<Client> {
    const requestInit = { headers: { authorization: `Bearer ${caller}` } };
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway!.url()}/mcp`), { requestInit }) as Transport);
    return client;
  }

  // shows: backend-auth-exchange
  it("each get a token of their own for each caller, and never the caller's", async () => {
    const targets = [
      target("wiki", wiki, exchange("wiki")),
      target("mail", mail, { ...exchange("mail"), credentials: [{ location: { header: { name: "x-key" } }, key: "k" }] }),
    ];
    gateway = await startTestGateway(config(targets));
    for (const [name, caller] of [
      ["alice", token("alice")],
      ["bob", token("bob")],
    ] as const) {
      [wiki, mail].forEach((one) => (one.authorizations.length = 0));
      server.seen.length = 0;
      const client = await connect(caller);
      assert.deepEqual((await client.listTools()).tools.length, 4);
      const { content } = await client.callTool({ name: "wiki_read" });
      assert.deepEqual(content, [{ type: "text", text: "called read" }]);
      await client.close();
      assert.deepEqual([...new Set(wiki.authorizations)], [`Bearer for-${name}-at-wiki`]);
      assert.deepEqual([...new Set(mail.authorizations)], [`Bearer for-${name}-at-mail`]);
      assert.ok(wiki.authorizations.length >= 3);
      const asked = server.seen.map(({ form, client: who }) => [form.get("audience"), form.get("subject_token"), who].join(" "));
      const byGateway = (audience: string): string => `${audience} ${caller} gw by client_secret_basic`;
      assert.deepEqual(new Set(asked), new Set([byGateway("mail"), byGateway("wiki")]));
      assert.equal(asked.length, 2);
    }
    assert.deepEqual(server.faults, []);
    const output = await gateway.output();
    for (const secret of [token("alice").split(".")[1]!, "for-alice", "for-bob", "gw-secret"])
      assert.doesNotMatch(output, new RegExp(secret));
  });

  // shows: backend-auth-refusal
  it("refuse one caller without a login, and stay there for the others", async () => {
    gateway = await startTestGateway(config([target("wiki", wiki, exchange("wiki"))]));
    const answer = server.answer;
    server.answer = (seen) => {
      const isBob = subjectOf(seen.form) === "bob";
      server.status = isBob ? 400 : 200;
      return isBob ? { error: "access_denied", error_description: "not for bob" } : answer(seen);
    };
    const bob = token("bob");
    for (let i = 0; i < 4; i += 1) {
      const reply = await fetch(`${gateway.url()}/mcp`, {
        method: "POST",
        headers: { authorization: `Bearer ${bob}`, accept: "application/json, text/event-stream", "content-type": "application/json" },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "initialize",
          params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {} },
        }),
      });
      const text = await reply.text();
      assert.deepEqual([reply.status, reply.headers.get("www-authenticate")], [400, null], text);
      assert.match(text, /backend authentication failed: .*access_denied: not for bob/);
    }
    assert.equal(server.seen.length, 4);
    const client = await connect(token("alice"));
    assert.equal((await client.listTools()).tools.length, 2);
    await client.close();
    assert.deepEqual([...new Set(wiki.authorizations)], ["Bearer for-alice-at-wiki"]);
  });

  it("get it through crossAppAccess, too", async () => {
    const resource = await new AuthorizationServer({ clients: { gw: { method: "client_secret_basic", secret: "gw-secret" } } }).start();
    const clientAuth = { clientId: "gw", clientSecret: "gw-secret" };
    const crossAppAccess = {
      identityProvider: { host: server.host, path: "/idp", clientAuth },
      resourceAuthorizationServer: { host: resource.host, path: "/as", clientAuth },
      audience: "https://as.test",
    };
    server.answer = ({ form }) => ({
      access_token: `assertion-for-${subjectOf(form)}`,
      token_type: "N_A",
      issued_token_type: "urn:ietf:params:oauth:token-type:id-jag",
    });
    try {
      gateway = await startTestGateway(config([target("wiki", wiki, { crossAppAccess })]));
      const client = await connect(token("alice"));
      await client.callTool({ name: "read" });
      await client.close();
      assert.deepEqual([...new Set(wiki.authorizations)], ["Bearer token-for-assertion-for-alice-1"]);
      assert.deepEqual([server.seen.length, resource.seen.length, server.last.path, resource.last.path], [1, 1, "/idp", "/as"]);
    } finally {
      resource.close();
    }
  });
});

describe("HTTP and LLM backends", () => {
  let backend: HeaderServer;
  before(async () => {
    backend = await startHeaderServer();
  });
  after(() => backend.close());
  beforeEach(() => (backend.seen.length = 0));
  const get = (caller: string) => fetch(gateway!.url(), { headers: { authorization: `Bearer ${caller}` } });
  const got = () => backend.seen.at(-1)?.headers.authorization;

  it("get an exchanged token behind jwtAuth, which is kept over a reload", async () => {
    const policies = { jwtAuth: { ...issued, mode: "strict" } };
    const draft = (more: object) => {
      const route = { policies, backends: [{ host: backend.host, policies: { backendAuth: exchange("http") } }], ...more };
      return JSON.stringify({ binds: [{ port: 0, listeners: [{ routes: [route] }] }] });
    };
    gateway = await startTestGateway(draft({}));
    const caller = token("alice");
    assert.equal((await get(caller)).status, 200);
    assert.equal(got(), "Bearer for-alice-at-http");
    assert.equal(await gateway.reload(draft({ name: "renamed" })), true);
    await get(caller);
    assert.deepEqual([got(), backend.seen.length, server.seen.length], ["Bearer for-alice-at-http", 2, 1]);
  });

  it("get one from an endpoint that is an entry of `backends`, called through its policies and the exchange's own", async () => {
    const { oauthTokenExchange } = exchange("named");
    const { host: _, ...rest } = oauthTokenExchange;
    const own = { requestHeaderModifier: { set: { "x-own": "1" } } };
    const backendAuth = { oauthTokenExchange: { ...rest, backend: "sts", policies: own } };
    const entry = { name: "sts", host: server.host, policies: { transformations: { request: { set: { "x-entry": '"2"' } } } } };
    const routes = [{ backends: [{ host: backend.host, policies: { backendAuth } }] }];
    gateway = await startTestGateway(JSON.stringify({ backends: [entry], binds: [{ port: 0, listeners: [{ routes }] }] }));
    assert.equal((await get(token("alice"))).status, 200);
    const { "x-own": ownHeader, "x-entry": entryHeader } = server.last.headers;
    assert.deepEqual([ownHeader, entryHeader, got()], ["1", "2", "Bearer for-alice-at-named"]);
  });

  describe("share none that depends on more than what was exchanged", () => {
    const named = (policies: object | undefined, entry: object) => {
      const { oauthTokenExchange } = exchange("shared");
      const { host: _, ...rest } = oauthTokenExchange;
      const backendAuth = { oauthTokenExchange: { ...rest, backend: "sts", ...(policies === undefined ? {} : { policies }) } };
      const routes = [{ backends: [{ host: backend.host, policies: { backendAuth } }] }];
      return JSON.stringify({ backends: [{ name: "sts", host: server.host, ...entry }], binds: [{ port: 0, listeners: [{ routes }] }] });
    };
    const tenant = (expression: string) => ({ transformations: { request: { set: { "x-tenant": expression } } } });
    const callers = { subjectToken: { source: { header: { name: "x-tenant" } } }, authorizationLocation: { header: { name: "x-inner" } } };

    const cases: readonly [what: string, config: () => string, kept: boolean][] = [
      ["on the request, by the call's own policies", () => named(tenant("request.headers['x-tenant']"), {}), false],
      ["on the request, by the server's", () => named(undefined, { policies: tenant("request.headers['x-tenant']") }), false],
      ["on the caller, by the credential of the call", () => named({ backendAuth: exchange("inner", callers) }, {}), false],
      ["on nothing of the request, and so are kept", () => named(tenant("'fixed'"), {}), true],
    ];
    for (const [what, config, kept] of cases) {
      it(what, async () => {
        let issued = 0;
        server.answer = ({ headers }) => {
          issued += 1;
          return { access_token: `for-${String(headers["x-tenant"])}-${issued}`, token_type: "Bearer", expires_in: 600 };
        };
        gateway = await startTestGateway(config());
        const authorization = `Bearer ${token("alice")}`;
        const tokens: unknown[] = [];
        for (const name of ["one", "other", "one"]) {
          assert.equal((await fetch(gateway.url(), { headers: { authorization, "x-tenant": token(name) } })).status, 200);
          tokens.push(got());
        }
        assert.equal(new Set(tokens).size, kept ? 1 : 3);
        assert.equal(
          gateway.gateway.loaded.warnings.some((one) => one.includes("tokens are not kept")),
          !kept,
        );
      });
    }

    it("on a server that a reload put in another's place", async () => {
      const other = await new AuthorizationServer({ clients: { gw: { method: "client_secret_basic", secret: "gw-secret" } } }).start();
      try {
        other.answer = () => ({ access_token: "from-the-other", token_type: "Bearer", expires_in: 600 });
        gateway = await startTestGateway(named(undefined, {}));
        const caller = token("alice");
        await get(caller);
        assert.equal(got(), "Bearer for-alice-at-shared");
        assert.equal(await gateway.reload(named(undefined, { host: other.host })), true);
        await get(caller);
        assert.equal(got(), "Bearer from-the-other");
      } finally {
        other.close();
      }
    });
  });

  it("do without when the endpoint is slower than its policies allow", async () => {
    gateway = await gatewayWith(exchange("slow", { policies: { http: { requestTimeout: "50ms" } } }), backend.host);
    const release = Promise.withResolvers<object>();
    server.answer = () => release.promise;
    const reply = await get(token("alice"));
    release.resolve({});
    assert.equal(reply.status, 500);
    assert.match(await reply.text(), /^backend authentication failed: oauthTokenExchange: .*upstream call timeout/);
    assert.equal(backend.seen.length, 0);
  });

  it("answer 400 to callers without a token", async () => {
    gateway = await gatewayWith(exchange("x"), backend.host);
    const reply = await fetch(gateway.url());
    assert.deepEqual([reply.status, await reply.text()], [400, "invalid request: oauthTokenExchange: the request has no subject token"]);
  });

  it("that are models get it, too", async () => {
    const ai = { name: "a", provider: { openAI: {} }, hostOverride: backend.host, policies: { backendAuth: exchange("llm") } };
    const routes = [{ backends: [{ ai }] }];
    gateway = await startTestGateway(JSON.stringify({ binds: [{ port: 0, listeners: [{ routes }] }] }));
    const headers = { authorization: `Bearer ${token("alice")}`, "content-type": "application/json" };
    await fetch(`${gateway.url()}/v1/chat/completions`, { method: "POST", headers, body: JSON.stringify({ model: "m", messages: [] }) });
    assert.equal(got(), "Bearer for-alice-at-llm");
    assert.equal(backend.seen.at(-1)?.url, "/v1/chat/completions");
  });
});
