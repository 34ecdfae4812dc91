import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { backendAuth } from "../../src/policies/backend-auth/index.ts";
import { fields, runBackend, testExchange } from "../policy-harness.ts";
import { AuthorizationServer } from "./authorization-server.ts";
import { callingContext } from "./rig.ts";

/** Two real token endpoints, one after the other. */

const idJag = "urn:ietf:params:oauth:token-type:id-jag";
const idToken = "urn:ietf:params:oauth:token-type:id_token";

describe("crossAppAccess", () => {
  const provider = new AuthorizationServer({ clients: { "gw-at-idp": { method: "client_secret_basic", secret: "idp secret" } } });
  const resource = new AuthorizationServer({ clients: { "gw-at-api": { method: "client_secret_post", secret: "api secret" } } });
  const context = callingContext();
  before(() => Promise.all([provider.start(), resource.start()]));
  after(() => [provider, resource, context].forEach((part) => part.close()));
  const assertion = { access_token: "the-assertion", token_type: "N_A", issued_token_type: idJag, expires_in: 30 };
  beforeEach(() => {
    for (const server of [provider, resource]) {
      server.seen.length = 0;
      server.status = 200;
    }
    provider.answer = () => assertion;
    resource.answer = () => ({ access_token: "api-token", token_type: "Bearer", expires_in: 600 });
  });

  let subjects = 0;
  const run = (config: object = {}, headers?: Record<string, string>) => {
    subjects += 1; // each its own, so that no token is kept from one to the next
    const exchange = testExchange({ headers: headers ?? { authorization: `Bearer id-token-${subjects}` } });
    const crossAppAccess = {
      identityProvider: { host: provider.host, path: "/idp/token", clientAuth: { clientId: "gw-at-idp", clientSecret: "idp secret" } },
      resourceAuthorizationServer: {
        host: resource.host,
        path: "/api/token",
        clientAuth: { method: "clientSecretPost", clientId: "gw-at-api", clientSecret: "api secret" },
      },
      audience: "https://api-as.test",
      ...config,
    };
    return runBackend(backendAuth, { crossAppAccess }, { context, exchange });
  };

  it("gets an assertion of the identity provider and a token for it", async () => {
    const { outgoing } = await run({ resources: ["https://api.test/"], scopes: ["read", "write"] });
    assert.deepEqual(
      [...provider.last.form],
      [
        ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
        ["subject_token", `id-token-${subjects}`],
        ["subject_token_type", idToken],
        ["requested_token_type", idJag],
        ["audience", "https://api-as.test"],
        ["scope", "read write"],
        ["resource", "https://api.test/"],
      ],
    );
    assert.deepEqual([provider.last.path, provider.last.client], ["/idp/token", "gw-at-idp by client_secret_basic"]);
    assert.deepEqual([...resource.last.form].slice(0, 3), [
      ["grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
      ["assertion", "the-assertion"],
      ["scope", "read write"],
    ]);
    assert.deepEqual([resource.last.path, resource.last.client], ["/api/token", "gw-at-api by client_secret_post"]);
    assert.deepEqual([fields(outgoing.head), outgoing.credentialPlaced], [{ authorization: "Bearer api-token" }, true]);
  });

  it("asks for other scopes in the second step, or for none", async () => {
    await run({ scopes: ["a", "b"], accessTokenScopes: ["b"] });
    assert.deepEqual([provider.last.form.get("scope"), resource.last.form.get("scope")], ["a b", "b"]);
    await run({ scopes: ["a"], accessTokenScopes: [] });
    assert.deepEqual([provider.last.form.get("scope"), resource.last.form.get("scope")], ["a", null]);
    await run({ accessTokenScopes: ["z"] });
    assert.match(context.warnings.join(), /accessTokenScopes: not among `scopes`, so likely refused: z/);
  });

  it("takes the subject token from where subjectToken says, of the type that it says", async () => {
    const subjectToken = { source: { cookie: { name: "id" } }, tokenType: "urn:ietf:params:oauth:token-type:jwt" };
    const { outgoing } = await run({ subjectToken }, { cookie: "id=from-cookie" });
    assert.deepEqual(
      [provider.last.form.get("subject_token"), provider.last.form.get("subject_token_type")],
      ["from-cookie", "urn:ietf:params:oauth:token-type:jwt"],
    );
    assert.equal(outgoing.head.headers.get("cookie"), undefined);
  });

  it("keeps the last token, as cache says", async () => {
    const headers = { authorization: "Bearer kept" };
    await Promise.all(Array.from({ length: 20 }, () => run({}, headers)));
    assert.deepEqual([provider.seen.length, resource.seen.length], [1, 1]);
    resource.answer = () => ({ access_token: "api-token", token_type: "Bearer" });
    const cache = { maxEntries: 1, defaultTtl: "20s" };
    await run({ cache }, headers);
    context.clock.now += 5_001;
    await run({ cache }, headers);
    assert.equal(provider.seen.length, 3);
  });

  it("answers 400 without a token", () => assert.rejects(run({}, {}), { status: 400, code: "invalid_request" }));

  it("tells who refuses: the provider is the caller's matter, the second step is not", async () => {
    const denied = { error: "access_denied", error_description: "the-assertion is not for bob" };
    provider.status = 400;
    provider.answer = () => denied;
    await assert.rejects(run(), { status: 400, code: "backend_auth_refused", message: /access_denied: the-assertion is not/ });
    assert.equal(resource.seen.length, 0);
    provider.status = 200;
    provider.answer = () => assertion;
    resource.status = 400;
    resource.answer = () => denied;
    await assert.rejects(run(), { status: 500, code: "backend_auth_refused", message: /access_denied: \[redacted\] is not for bob/ });
  });

  const noAssertions: [shows: string, answer: object][] = [
    ["that can be used by itself", { ...assertion, token_type: "Bearer" }],
    ["of another type", { ...assertion, issued_token_type: idToken }],
    ["of no type", { access_token: "x", token_type: "N_A" }],
  ];
  for (const [shows, answer] of noAssertions) {
    it(`goes no further with an assertion ${shows}`, async () => {
      provider.answer = () => answer;
      await assert.rejects(run(), { status: 500, code: "backend_auth_failed" });
      assert.equal(resource.seen.length, 0);
    });
  }

  it("does not load without an audience, or with a path that is none", async () => {
    await assert.rejects(run({ audience: "" }), /audience: must not be empty/);
    const identityProvider = { host: provider.host, path: "token", clientAuth: { clientId: "a", clientSecret: "b" } };
    await assert.rejects(run({ identityProvider }), /identityProvider\.path: must start with/);
  });
});
