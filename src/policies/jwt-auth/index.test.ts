import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePolicy, fields, run, testContext, testExchange, type TestRequest } from "../../../test/policy-harness.ts";
import { testIssuer } from "../../../test/tokens.ts";
import { fixedKeySet, type KeySet } from "../../upstream/key-set.ts";
import { jwtAuth } from "./index.ts";

const issuer = testIssuer("k1");
const { clock } = testContext();
const claims = { iss: "https://issuer.test", sub: "alice", exp: clock.now / 1000 + 300 };
const token = issuer.token(claims);
const bad = issuer.token({ ...claims, iss: "https://evil.test" });
const config = { issuer: "https://issuer.test", jwks: issuer.jwks };
const bearer = (credential: string): TestRequest => ({ headers: { authorization: `Bearer ${credential}` } });

describe("jwtAuth", () => {
  const modes: [mode: string | undefined, request: TestRequest, status: number][] = [
    ["strict", bearer(token), 200],
    ["strict", {}, 401],
    ["strict", bearer(bad), 401],
    ["optional", bearer(token), 200],
    ["optional", {}, 200],
    ["optional", bearer(bad), 401],
    [undefined, {}, 200],
    [undefined, bearer(bad), 401],
    ["permissive", {}, 200],
    ["permissive", bearer(bad), 200],
    ["permissive", bearer(token), 200],
  ];
  for (const [mode, request, status] of modes) {
    const what =
      request.headers === undefined
        ? "no token"
        : request === undefined || request.headers["authorization"] === `Bearer ${bad}`
          ? "a bad token"
          : "a good token";
    it(`answers ${status} to ${what} in mode ${mode ?? "default"}`, async () => {
      const { reply, exchange } = await run(
        compilePolicy(jwtAuth, mode === undefined ? config : { ...config, mode }),
        testExchange(request),
      );
      assert.equal(reply.status, status);
      assert.equal(exchange.identity.jwt !== undefined, what === "a good token");
    });
  }

  it("fills the claims, takes the token out of what is forwarded, and does so again from memory", async () => {
    const policy = compilePolicy(jwtAuth, config);
    for (let i = 0; i < 2; i += 1) {
      const { exchange } = await run(policy, testExchange(bearer(token)));
      assert.deepEqual(exchange.identity.jwt, { claims, token });
      assert.deepEqual(fields(exchange.request), {});
    }
  });

  it("leaves a bad token where it is in permissive mode", async () => {
    const { exchange } = await run(compilePolicy(jwtAuth, { ...config, mode: "permissive" }), testExchange(bearer(bad)));
    assert.equal(exchange.request.headers.get("authorization"), `Bearer ${bad}`);
  });

  it("says why in the reference's words, with a challenge, and never quotes the token", async () => {
    const policy = compilePolicy(jwtAuth, { ...config, mode: "strict" });
    const none = await run(policy, testExchange());
    assert.equal(none.reply.body, "authentication failure: no bearer token found");
    assert.equal(none.reply.headers.get("www-authenticate"), "Bearer");
    const { reply } = await run(policy, testExchange(bearer(bad)));
    assert.equal(reply.body, "authentication failure: the token is invalid or malformed: claim `iss` does not fit");
  });

  it("does not take another scheme for a token, and compares the scheme without case", async () => {
    const policy = compilePolicy(jwtAuth, { ...config, mode: "strict" });
    assert.equal((await run(policy, testExchange({ headers: { authorization: `Basic ${token}` } }))).reply.status, 401);
    assert.equal((await run(policy, testExchange({ headers: { authorization: `bEARER ${token}` } }))).reply.status, 200);
  });

  it("accepts tokens of several providers", async () => {
    const other = testIssuer("k2", "EdDSA");
    const policy = compilePolicy(jwtAuth, {
      mode: "strict",
      providers: [config, { issuer: "https://two.test", jwks: other.jwks, audiences: ["api"] }],
    });
    const second = other.token({ ...claims, iss: "https://two.test", aud: "api" });
    assert.equal((await run(policy, testExchange(bearer(second)))).reply.status, 200);
    assert.equal((await run(policy, testExchange(bearer(token)))).reply.status, 200);
  });

  const places: [location: unknown, request: TestRequest][] = [
    [{ header: { name: "X-Token" } }, { headers: { "x-token": token } }],
    [{ queryParameter: { name: "access_token" } }, { search: `?a=1&access_token=${token}&b=%20` }],
    [{ cookie: { name: "session" } }, { headers: { cookie: `a=1; session=${token}; b=2` } }],
  ];
  for (const [location, request] of places) {
    it(`reads and removes the token of ${JSON.stringify(location)}`, async () => {
      const { exchange, reply } = await run(compilePolicy(jwtAuth, { ...config, mode: "strict", location }), testExchange(request));
      assert.equal(reply.status, 200);
      assert.equal(JSON.stringify(exchange.request).includes(token), false);
    });
  }

  it("answers 503 while keys cannot be had, except where nobody is refused", async () => {
    const missing: KeySet = { ...fixedKeySet(issuer.jwks), version: 0, ready: Promise.reject(new Error("down")), find: () => undefined };
    const context = testContext({ resources: { acquire: () => missing as never } });
    const remote = { issuer: "https://issuer.test", jwks: { url: "https://issuer.test/jwks" } };
    const { reply, exchange } = await run(compilePolicy(jwtAuth, remote, context), testExchange(bearer(token)));
    assert.deepEqual([reply.status, exchange.error?.code], [503, "keys_unavailable"]);
    const lenient = await run(compilePolicy(jwtAuth, { ...remote, mode: "permissive" }, context), testExchange(bearer(token)));
    assert.equal(lenient.reply.status, 200);
    await assert.rejects(context.expected[0]!, /down/);
  });
});
