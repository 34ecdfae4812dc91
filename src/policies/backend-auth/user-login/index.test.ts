import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { HeaderList } from "../../../base/headers.ts";
import { GatewayError } from "../../../contract/errors.ts";
import { Reply } from "../../../contract/reply.ts";
import type { Page } from "../../../contract/runtime.ts";
import { bodyText, fields, runBackend, testContext, testExchange } from "../../../../test/policy-harness.ts";
import { toReply } from "../../../pipeline/compose.ts";
import { backendAuth } from "../index.ts";

const publicUrl = "https://tools.test";

/** A request of a caller, through the policy, to a server that answers with `status`. */
async function send(userLogin: object, { status = 200, user = "alice", challenge = "Bearer" } = {}) {
  const exchange = testExchange({ headers: { authorization: "Bearer of the gateway" } });
  if (user !== "") exchange.identity.basicAuth = { username: user };
  const headers = new HeaderList(["www-authenticate", challenge]);
  const work = runBackend(backendAuth, { userLogin: { publicUrl, ...userLogin } }, { exchange, reply: new Reply(status, headers) });
  const outcome = await work.catch((thrown: unknown) => thrown as GatewayError);
  return { outcome, exchange };
}

describe("backendAuth.userLogin", () => {
  it("sends nothing of the caller's own, and asks for nothing where nothing is wanted", async () => {
    const { outcome } = await send({});
    assert.ok(!(outcome instanceof GatewayError));
    assert.deepEqual([fields(outcome.outgoing.head), outcome.calls], [{}, 1]);
  });

  it("answers a caller of any HTTP server with where to log in, and keeps that out of the error's text", async () => {
    const { outcome, exchange } = await send({}, { status: 401 });
    assert.ok(outcome instanceof GatewayError);
    const reply = toReply(exchange, outcome);
    const { url, message } = JSON.parse(await bodyText(reply)) as Record<string, string>;
    assert.deepEqual([reply.status, outcome.code, reply.headers.get("www-authenticate")], [401, "upstream_login_required", undefined]);
    assert.match(url ?? "", /^https:\/\/tools\.test\/\.well-known\/turnpike\/login\/\w{10}\?token=[\w-]+$/);
    assert.match(message ?? "", /alice has to log in/);
    assert.doesNotMatch(outcome.message, /token/);
  });

  it("does not send a request first where the configuration names the `issuer`", async () => {
    let sent = false;
    const exchange = testExchange();
    exchange.identity.basicAuth = { username: "alice" };
    const config = backendAuth.config.parse({ userLogin: { publicUrl, issuer: "https://login.test" } });
    const policy = backendAuth.compileBackend?.(config, testContext());
    assert.ok(policy);
    const { outgoing } = await runBackend(backendAuth, { key: "x" }, { exchange });
    const next = async (): Promise<Reply> => {
      sent = true;
      return new Reply(200);
    };
    await assert.rejects(policy(outgoing, next), { code: "upstream_login_required" });
    assert.equal(sent, false);
  });

  for (const [what, identity] of [
    ["nobody", {}],
    ["a token without a subject", { jwt: { claims: { iss: "x" }, token: "t" } }],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const exchange = testExchange();
      Object.assign(exchange.identity, identity);
      const work = runBackend(backendAuth, { userLogin: { publicUrl } }, { exchange });
      await assert.rejects(work, { code: "login_needs_caller", status: 403 });
    });
  }

  it("is for the server that requests go to, whatever Host a client sends", async () => {
    const servers = await Promise.all(
      ["gateway.test", "evil.test"].map(async (authority) => {
        const exchange = testExchange({ authority });
        exchange.identity.basicAuth = { username: "alice" };
        const work = runBackend(backendAuth, { userLogin: { publicUrl } }, { exchange, reply: new Reply(401) });
        return work.catch((thrown: unknown) => (thrown as GatewayError).details.detail);
      }),
    );
    assert.deepEqual(servers, ["http://backend.test", "http://backend.test"]);
  });

  it("shows clients no way to log in at the server themselves", async () => {
    const exchange = testExchange({ path: "/.well-known/oauth-protected-resource/mcp" });
    exchange.identity.basicAuth = { username: "alice" };
    await assert.rejects(runBackend(backendAuth, { userLogin: { publicUrl } }, { exchange }), { code: "route_not_found" });
  });

  it("publishes what the gateway is as a client, also where a proxy takes the path of its URL away", async () => {
    const served: [string, Page][] = [];
    const context = testContext({ pages: (prefix, page) => void served.push([prefix, page]) });
    const url = "https://tools.test/gate/";
    backendAuth.compileBackend?.(backendAuth.config.parse({ userLogin: { publicUrl: url } }), context);
    assert.deepEqual(
      served.map(([prefix]) => prefix),
      ["/.well-known/turnpike/", "/gate/.well-known/turnpike/"],
    );
    const page = served[0]?.[1];
    // the address has a digest of the URL; it is the one that authorization servers are told
    for (const path of ["client/x", "callback", "login/x", "other"])
      assert.equal(page?.(testExchange({ search: "?state=x" }), path), undefined);
    const id = createHash("sha256").update(url).digest("base64url").slice(0, 10).replaceAll("-", "_");
    const reply = await page?.(testExchange(), `client/${id}`);
    assert.ok(reply);
    assert.deepEqual(JSON.parse(await bodyText(reply)), {
      client_id: `https://tools.test/gate/.well-known/turnpike/client/${id}`,
      client_name: "Turnpike gateway",
      client_uri: url,
      redirect_uris: ["https://tools.test/gate/.well-known/turnpike/callback"],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      application_type: "web",
    });
  });

  it("marks the cookie for https", async () => {
    const served: Page[] = [];
    const context = testContext({ pages: (_, page) => void served.push(page) });
    const policy = backendAuth.compileBackend?.(
      backendAuth.config.parse({ userLogin: { publicUrl, issuer: "https://login.test" } }),
      context,
    );
    const exchange = testExchange();
    exchange.identity.basicAuth = { username: "<b>alice</b>" };
    const { outgoing } = await runBackend(backendAuth, { key: "x" }, { exchange });
    const refusal = await policy?.(outgoing, async () => new Reply(200)).catch((thrown: unknown) => thrown as GatewayError);
    assert.ok(refusal instanceof GatewayError && refusal.details.login !== undefined);
    const { pathname, search } = new URL(refusal.details.login.url);
    const reply = await served[0]?.(testExchange({ path: pathname, search }), pathname.slice("/.well-known/turnpike/".length));
    assert.ok(reply);
    assert.match(
      reply.headers.get("set-cookie") ?? "",
      /^__Host-turnpike-login=[\w-]{32}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
    );
    assert.doesNotMatch(await bodyText(reply), /<b>/);
    context.clock.now += 600_001;
    const late = await served[0]?.(testExchange({ path: pathname, search }), pathname.slice("/.well-known/turnpike/".length));
    assert.deepEqual([late?.status, /too old/.test(await bodyText(late ?? new Reply(0)))], [400, true]);
  });

  it("opens a link under the configuration alone that made it", async () => {
    const served: Page[] = [];
    const context = testContext({ pages: (_, page) => void served.push(page) });
    const refusals: GatewayError[] = [];
    for (const issuer of ["https://one.test", "https://other.test"]) {
      const policy = backendAuth.compileBackend?.(backendAuth.config.parse({ userLogin: { publicUrl, issuer } }), context);
      const exchange = testExchange();
      exchange.identity.basicAuth = { username: "alice" };
      const { outgoing } = await runBackend(backendAuth, { key: "x" }, { exchange });
      const refusal = await policy?.(outgoing, async () => new Reply(200)).catch((thrown: unknown) => thrown as GatewayError);
      assert.ok(refusal instanceof GatewayError);
      refusals.push(refusal);
    }
    const [one, other] = refusals.map(({ details }) => new URL(details.login?.url ?? ""));
    assert.ok(one !== undefined && other !== undefined && one.pathname !== other.pathname);
    const opened = async (pathname: string, search: string): Promise<number | undefined> => {
      const answers = served.map((page) => page(testExchange({ path: pathname, search }), pathname.slice("/.well-known/turnpike/".length)));
      return (await answers.find((answer) => answer !== undefined))?.status;
    };
    assert.equal(await opened(one.pathname, one.search), 200);
    assert.equal(await opened(other.pathname, other.search), 200);
    assert.equal(await opened(other.pathname, one.search), 400);
    assert.equal(await opened(one.pathname, other.search), 400);
  });

  const wrong: readonly [what: string, config: object, message: RegExp][] = [
    ["http to another machine", { publicUrl: "http://tools.test" }, /https/],
    ["a query", { publicUrl: "https://tools.test/?a" }, /without query/],
    ["a secret without the issuer that it is for", { publicUrl, clientId: "c", clientSecret: "s" }, /needs `issuer`/],
    ["a secret without a client", { publicUrl, clientSecret: "s" }, /needs `clientId`/],
    ["two scopes in one", { publicUrl, scopes: ["a b"] }, /expected a scope/],
  ];
  for (const [what, config, message] of wrong) {
    it(`does not take ${what}`, () => {
      const { error } = backendAuth.config.safeParse({ userLogin: config });
      assert.match(JSON.stringify(error?.issues), message);
    });
  }
});
