import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TestBrowser } from "./browser.ts";
import type { UpstreamOptions } from "./fake-upstream.ts";
import { callTool, linkIn, type LoginRig, startLoginRig } from "./rig.ts";

type Client = Awaited<ReturnType<LoginRig["connect"]>>;

async function asked(upstream: UpstreamOptions, work: (rig: LoginRig, alice: Client, link: string) => Promise<void>): Promise<void> {
  const rig = await startLoginRig({ upstream });
  try {
    const alice = await rig.connect("alice");
    await work(rig, alice, linkIn((await callTool(alice, "whoami")).text));
    // whatever was tried: an error, and no word of a secret
    const output = await rig.gateway.output();
    assert.ok(rig.upstream.secrets.every((secret) => !output.includes(secret)));
  } finally {
    await rig.close();
  }
}

const without =
  (name: string) =>
  (parameters: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(parameters).filter(([key]) => key !== name));

const isCallback = (url: string): boolean => url.includes("/.well-known/turnpike/callback");

describe("links in the wrong hands", () => {
  // shows: user-login-fixation
  test("a page says for whom a login would be before anybody is sent anywhere", () =>
    asked({}, async ({ upstream }, _, link) => {
      const page = await new TestBrowser("victim").open(link);
      const text = await page.text();
      assert.match(text, /in the name of: alice/);
      assert.match(text, new RegExp(upstream.url.replaceAll(".", "\\.")));
      assert.ok(!upstream.seen.some((one) => one.startsWith("authorization")));
      assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancestors 'none'/);
      assert.deepEqual([page.headers.get("cache-control"), page.headers.get("x-frame-options")], ["no-store", "DENY"]);
      assert.match(page.headers.get("set-cookie") ?? "", /^turnpike-login=[\w-]{32}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
    }));

  test("nobody goes on without the page: no cookie, another one, another site", () =>
    asked({}, async (rig, _, link) => {
      const browser = new TestBrowser("victim");
      const check = /name="check" value="([^"]+)"/.exec(await (await browser.open(link)).text())?.[1] ?? "";
      const body = new URLSearchParams({ check }).toString();
      const fresh = new TestBrowser("victim");
      assert.equal((await fresh.open(link, { method: "POST", body })).status, 400);
      await fresh.open(link);
      assert.equal((await fresh.open(link, { method: "POST", body })).status, 400);
      assert.equal((await browser.open(link, { method: "POST", body, headers: { "sec-fetch-site": "cross-site" } })).status, 400);
      assert.equal((await browser.open(link, { method: "POST", body: "" })).status, 400);
      assert.ok(!rig.upstream.seen.some((one) => one.startsWith("authorization")));
    }));

  test("the response is taken from the browser alone that was sent, and once", () =>
    asked({}, async (rig, alice, link) => {
      const attacker = new TestBrowser("attacker@hub");
      const { url } = await attacker.logIn(link, isCallback);
      const victim = new TestBrowser("victim@hub");
      await victim.open(link); // has a cookie of its own
      assert.equal((await victim.open(url)).status, 400);
      assert.equal((await callTool(alice, "whoami")).isError, true);
      assert.equal((await attacker.open(url)).status, 200);
      assert.equal((await attacker.open(url)).status, 400);
      assert.equal((await attacker.open(link)).status, 400);
      assert.equal(rig.upstream.seen.filter((one) => one.endsWith("/token")).length, 1);
    }));

  test("links and states that were not made here lead nowhere, and one is not the other", () =>
    asked({}, async (rig, _, link) => {
      const browser = new TestBrowser("a");
      const { url } = await browser.logIn(link, isCallback);
      const state = new URL(url).searchParams.get("state") ?? "";
      const token = new URL(link).searchParams.get("token") ?? "";
      const at = (path: string): Promise<Response> => browser.open(`${rig.origin}/.well-known/turnpike/${path}`);
      const id = /login\/([^?]+)/.exec(link)?.[1] ?? "";
      for (const wrong of ["", "x", token.slice(0, -2), `${token}A`, state.split(".")[1] ?? ""]) {
        assert.equal((await at(`login/${id}?token=${wrong}`)).status, 400);
      }
      for (const wrong of [`${id}.`, `${id}.${token}`, `${id}.${(state.split(".")[1] ?? "").slice(4)}`]) {
        assert.equal((await at(`callback?code=c&state=${wrong}`)).status, 400);
      }
      // another policy's pages, and none at all, are the routes' business: no credential, no answer
      assert.equal((await at(`login/other?token=${token}`)).status, 401);
      assert.equal((await at(`callback?state=other.x`)).status, 401);
      assert.equal((await browser.open(link, { method: "PUT" })).status, 405);
    }));

  test("what a page shows of others is text", () =>
    asked({ response: ({ state = "", iss = "" }) => ({ error: "<script>alert(1)</script>", state, iss }) }, async (_, __, link) => {
      const done = await new TestBrowser("a").logIn(link);
      assert.equal(done.status, 400);
      assert.ok(!done.text.includes("<script>"));
    }));
});

describe("authorization servers that mean harm", () => {
  const cases: readonly [what: string, upstream: UpstreamOptions, text: RegExp][] = [
    ["metadata of another issuer", { metadata: (one) => ({ ...one, issuer: "http://127.0.0.1:1" }) }, /another issuer/],
    ["an issuer with a slash more", { metadata: (one) => ({ ...one, issuer: `${String(one["issuer"])}/` }) }, /another issuer/],
    ["no PKCE", { metadata: (one) => ({ ...one, code_challenge_methods_supported: undefined }) }, /does not support PKCE/],
    ["plain PKCE", { metadata: (one) => ({ ...one, code_challenge_methods_supported: ["plain"] }) }, /does not support PKCE/],
    [
      "a token endpoint in our network",
      { metadata: (one) => ({ ...one, token_endpoint: "https://10.0.0.1/token" }) },
      /token_endpoint .* not one to be trusted/,
    ],
    [
      "a login page without TLS",
      { metadata: (one) => ({ ...one, authorization_endpoint: "http://login.example/" }) },
      /authorization_endpoint .* not one to be trusted/,
    ],
    [
      "a login page that is a script",
      { metadata: (one) => ({ ...one, authorization_endpoint: "javascript:alert(1)" }) },
      /authorization_endpoint .* not one to be trusted/,
    ],
    ["no way to be known", { metadata: (one) => ({ ...one, client_id_metadata_document_supported: false }) }, /userLogin\.clientId/],
    [
      "an authorization server in our network",
      { description: (one) => ({ ...one, authorization_servers: ["https://192.168.0.1"] }) },
      /not one to be trusted/,
    ],
    ["a login at another issuer", { response: (one) => ({ ...one, iss: "https://evil.example" }) }, /does not come from the server/],
    ["no `iss` although one was announced", { response: without("iss") }, /does not come from the server/],
    ["no code", { response: without("code") }, /has no code/],
    ["a refusal", { response: (one) => ({ ...without("code")(one), error: "access_denied" }) }, /access_denied/],
    ["another code", { response: (one) => ({ ...one, code: "made-up" }) }, /invalid_grant/],
    ["no token", { tokenAnswer: () => ({ status: 200, text: "{}" }) }, /did not answer as it should/],
    [
      "a token that is none",
      { tokenAnswer: () => ({ status: 200, text: '{"access_token":"a b","token_type":"Bearer"}' }) },
      /did not answer/,
    ],
    [
      "a token of another type",
      { tokenAnswer: () => ({ status: 200, text: '{"access_token":"a","token_type":"mac"}' }) },
      /did not answer/,
    ],
    ["a flood", { tokenAnswer: () => ({ status: 200, text: "x".repeat(400_000) }) }, /did not answer/],
    ["an error with a secret in it", { tokenAnswer: () => ({ status: 400, text: '{"error":"S3CRET stack"}' }) }, /did not answer/],
  ];
  // shows: user-login-hostile
  for (const [what, upstream, text] of cases) {
    test(`${what} ends the login with a page that says so`, () =>
      asked(upstream, async (rig, alice, link) => {
        const done = await new TestBrowser("a").logIn(link);
        assert.ok(done.status === 400 || done.status === 502, String(done.status));
        assert.match(done.text, text);
        assert.ok(!done.text.includes("S3CRET"));
        assert.equal((await callTool(alice, "whoami")).isError, true);
        assert.ok(
          rig.upstream.problems.every((one) => one === "code"),
          rig.upstream.problems.join(),
        );
      }));
  }

  test("a description of another server is not believed", () =>
    asked({ description: (one) => ({ ...one, resource: "https://other.example/mcp" }) }, async (_, __, link) => {
      assert.match((await new TestBrowser("a").logIn(link)).text, /does not say where/);
    }));
});
