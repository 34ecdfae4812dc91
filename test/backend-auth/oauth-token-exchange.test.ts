import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { decodeProtectedHeader } from "jose";
import { Reply } from "../../src/contract/reply.ts";
import { backendAuth } from "../../src/policies/backend-auth/index.ts";
import { fields, runBackend, testExchange } from "../policy-harness.ts";
import { testAuthority } from "../tls/certificates.ts";
import { AuthorizationServer, thumbprint } from "./authorization-server.ts";
import { callingContext, unsigned } from "./rig.ts";

/** What the gateway says to a token endpoint, and what becomes of the answer: policy, HTTP and server are real, the clock is not. */

const access = "urn:ietf:params:oauth:token-type:access_token";
const jwtType = "urn:ietf:params:oauth:token-type:jwt";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const certified = testAuthority("ca").issue(["gateway"]);
const pem = { format: "pem", type: "pkcs8" } as const;

describe("oauthTokenExchange", () => {
  const server = new AuthorizationServer({
    audience: "https://as.test",
    clients: {
      "gw client": { method: "client_secret_basic", secret: "s:3 cr+t" },
      poster: { method: "client_secret_post", secret: "posted" },
      public: { method: "none" },
      rsa: { method: "private_key_jwt", key: rsa.publicKey },
      ec: { method: "private_key_jwt", key: p384.publicKey },
      certified: { method: "private_key_jwt", key: createPublicKey(certified.cert) },
    },
  });
  const answer = server.answer;
  const contexts: { close(): void }[] = [];
  before(() => server.start());
  after(() => {
    contexts.forEach((context) => context.close());
    server.close();
  });
  beforeEach(() => {
    server.seen.length = 0;
    server.faults.length = 0;
    server.status = 200;
    server.answer = answer;
  });

  const newContext = (files?: Readonly<Record<string, string>>) => {
    const context = callingContext(files);
    contexts.push(context);
    context.clock.now = Date.now();
    return context;
  };
  const from = (headers: Record<string, string>, search = "") => testExchange({ headers, search });
  const bearer = (token: string) => from({ authorization: `Bearer ${token}` });
  const policy = (config: object) => ({ oauthTokenExchange: { host: server.host, path: "/token", ...config } });
  const exchange = (config: object, context = newContext(), given = bearer("subject")) =>
    runBackend(backendAuth, policy(config), { context, exchange: given });
  const sent = () => [...server.last.form];

  it("asks with the caller's bearer token and sends what it gets in its place", async () => {
    const { outgoing } = await exchange({});
    assert.deepEqual(sent(), [
      ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
      ["subject_token", "subject"],
      ["subject_token_type", access],
    ]);
    assert.deepEqual([server.last.path, server.last.client, server.faults], ["/token", undefined, []]);
    assert.deepEqual([fields(outgoing.head), outgoing.credentialPlaced], [{ authorization: "Bearer token-for-subject-1" }, true]);
  });

  it("says for what, for whom and of which type the token shall be", async () => {
    const context = newContext();
    const given = from({ authorization: "Bearer subject", "x-actor": "actor", "x-tenant": "t 1" });
    const config = {
      path: "/token?v=2",
      subjectToken: { tokenType: "urn:company:human" },
      actorToken: { source: { header: { name: "x-actor" } }, tokenType: jwtType },
      audiences: ["a1", "a2"],
      scopes: ["read", "write"],
      resources: ["https://api.test/1", "https://api.test/2"],
      requestedTokenType: access,
      additionalParams: { tenant: 'request.headers["x-tenant"]', fixed: '"1"' },
      policies: { http: { requestTimeout: "1s" } },
    };
    const { outgoing } = await exchange(config, context, given);
    assert.deepEqual(sent().slice(1), [
      ["subject_token", "subject"],
      ["subject_token_type", "urn:company:human"],
      ["actor_token", "actor"],
      ["actor_token_type", jwtType],
      ["requested_token_type", access],
      ["audience", "a1"],
      ["audience", "a2"],
      ["scope", "read write"],
      ["resource", "https://api.test/1"],
      ["resource", "https://api.test/2"],
      ["tenant", "t 1"],
      ["fixed", "1"],
    ]);
    assert.equal(server.last.path, "/token?v=2");
    assert.equal(outgoing.head.headers.get("x-actor"), undefined);
    assert.deepEqual(context.asked, [
      { path: "routes[0].policies.test.oauthTokenExchange.policies", policies: { http: { requestTimeout: "1s" } } },
    ]);
  });

  it("sends the token as an assertion with the grantType jwtBearer", async () => {
    server.answer = () => ({ access_token: "plain", token_type: "bearer" });
    const { outgoing } = await exchange({ grantType: "jwtBearer", scopes: ["s"] });
    assert.deepEqual(sent(), [
      ["grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
      ["assertion", "subject"],
      ["scope", "s"],
    ]);
    assert.deepEqual(fields(outgoing.head), { authorization: "Bearer plain" });
  });

  const clients: [shows: string, clientAuth: object, client: string, parameters: string[]][] = [
    [
      "basic, encoded as RFC 6749 has it, without a method",
      { clientId: "gw client", clientSecret: "s:3 cr+t" },
      "gw client by client_secret_basic",
      [],
    ],
    [
      "clientSecretBasic, from a file",
      { method: "clientSecretBasic", clientId: "gw client", clientSecret: { file: "/secret" } },
      "gw client by client_secret_basic",
      [],
    ],
    [
      "clientSecretPost",
      { method: "clientSecretPost", clientId: "poster", clientSecret: "posted" },
      "poster by client_secret_post",
      ["client_id", "client_secret"],
    ],
    ["clientSecretPost of a public client", { method: "clientSecretPost", clientId: "public" }, "public by none", ["client_id"]],
    ...(["RS256", "RS384", "RS512", "PS256"] as const).map((alg): [string, object, string, string[]] => [
      `privateKeyJwt with ${alg}`,
      { method: "privateKeyJwt", clientId: "rsa", signingKey: rsa.privateKey.export(pem), alg, assertionAudience: "https://as.test" },
      "rsa by private_key_jwt",
      ["client_id", "client_assertion_type", "client_assertion"],
    ]),
    [
      "privateKeyJwt with ES384 and a key id",
      {
        method: "privateKeyJwt",
        clientId: "ec",
        signingKey: p384.privateKey.export(pem),
        alg: "ES384",
        kid: "k1",
        assertionAudience: "https://as.test",
      },
      "ec by private_key_jwt",
      ["client_id", "client_assertion_type", "client_assertion"],
    ],
  ];
  for (const [shows, clientAuth, client, parameters] of clients) {
    it(`authenticates itself: ${shows}`, async () => {
      const context = newContext({ "/secret": "s:3 cr+t\n" });
      await exchange({ clientAuth, cache: { maxEntries: 0 } }, context);
      assert.equal(server.last.client, client, server.faults.join());
      assert.deepEqual([...server.last.form.keys()].slice(3), parameters);
      const assertion = server.last.form.get("client_assertion");
      if (assertion !== null) {
        const { kid, alg } = clientAuth as { kid?: string; alg: string };
        assert.deepEqual(decodeProtectedHeader(assertion), { alg, typ: "JWT", ...(kid === undefined ? {} : { kid }) });
      }
    });
  }

  it("shows the certificate of its key, whole or as a thumbprint", async () => {
    const clientAuth = {
      method: "privateKeyJwt",
      clientId: "certified",
      signingKey: certified.key,
      certificate: { file: "/chain.pem" },
      alg: "ES256",
      assertionAudience: "https://as.test",
    };
    const der = new X509Certificate(certified.cert).raw;
    const context = newContext({ "/chain.pem": certified.cert + testAuthority("other").cert });
    const header = () => decodeProtectedHeader(server.last.form.get("client_assertion") ?? "");
    await exchange({ clientAuth: { ...clientAuth, certificateHeader: "x5c" } }, context);
    assert.deepEqual([header().x5c?.length, header().x5c?.[0]], [2, der.toString("base64")]);
    await exchange({ clientAuth: { ...clientAuth, certificateHeader: "x5t#S256" } }, context);
    assert.equal((header() as Record<string, unknown>)["x5t#S256"], thumbprint(der));
    assert.deepEqual(context.warnings, []);
    const other = testAuthority("ca").issue(["other"]).cert;
    await assert.rejects(
      exchange({ clientAuth: { ...clientAuth, certificate: certified.key, certificateHeader: "x5c" } }, context),
      /something other/,
    );
    await exchange({ clientAuth: { ...clientAuth, certificate: other, certificateHeader: "x5c" } }, context);
    assert.deepEqual(context.warnings, ["clientAuth.certificate: the certificate is not that of signingKey"]);
  });

  const sources: [where: string, source: object, given: ReturnType<typeof from>, left: [search: string, fields: object]][] = [
    ["a header", { header: { name: "x-token" } }, from({ "x-token": "subject", "x-a": "1" }), ["", { "x-a": "1" }]],
    ["the query", { queryParameter: { name: "t" } }, from({}, "?a=1&t=subject"), ["?a=1", {}]],
    ["a cookie", { cookie: { name: "t" } }, from({ cookie: "a=1; t=subject" }), ["", { cookie: "a=1" }]],
    ["an expression", { expression: 'request.headers["x-t"].split(" ")[1]' }, from({ "x-t": "Token subject" }), ["", {}]],
  ];
  for (const [where, source, given, [search, rest]] of sources) {
    it(`takes the subject token from ${where}, and the backend does not see it`, async () => {
      const { outgoing } = await exchange({ subjectToken: { source } }, newContext(), given);
      assert.equal(server.last.form.get("subject_token"), "subject");
      const { authorization, ...left } = fields(outgoing.head);
      assert.deepEqual([outgoing.head.search, left, authorization], [search, rest, "Bearer token-for-subject-1"]);
    });
  }

  it("finds the token that a policy in front verified and took away, but none that another one did", async () => {
    const given = bearer("verified");
    given.identity.jwt = { claims: {}, token: "verified" };
    given.editHeaders().remove("authorization");
    await exchange({}, newContext(), given);
    assert.equal(server.last.form.get("subject_token"), "verified");
    const taken = bearer("an api key");
    taken.editHeaders().remove("authorization");
    await assert.rejects(exchange({}, newContext(), taken), { status: 400 });
  });

  it("puts the token where authorizationLocation says", async () => {
    const places: [object, (run: Awaited<ReturnType<typeof exchange>>) => unknown, string][] = [
      [{ header: { name: "x-up" } }, ({ outgoing }) => outgoing.head.headers.get("x-up"), "token-for-subject-1"],
      [{ queryParameter: { name: "t" } }, ({ outgoing }) => outgoing.head.search, "?t=token-for-subject-1"],
      [{ cookie: { name: "t" } }, ({ outgoing }) => outgoing.head.headers.get("cookie"), "t=token-for-subject-1"],
    ];
    for (const [authorizationLocation, read, expected] of places) {
      server.seen.length = 0;
      const ran = await exchange({ authorizationLocation });
      assert.equal(read(ran), expected);
      assert.equal(ran.outgoing.head.headers.get("authorization"), undefined);
    }
  });

  const incomplete: [shows: string, config: object, headers: Record<string, string>, message: RegExp][] = [
    ["no token", {}, {}, /no subject token/],
    ["an empty token", {}, { authorization: "Bearer  " }, /no subject token/],
    ["another scheme", {}, { authorization: "Basic eA==" }, /no subject token/],
    ["no actor", { actorToken: { source: { header: { name: "x-actor" } } } }, { authorization: "Bearer s" }, /no actor token/],
    ["a parameter that is no string", { additionalParams: { n: "1" } }, { authorization: "Bearer s" }, /parameter n is no string/],
  ];
  for (const [shows, config, headers, message] of incomplete) {
    it(`answers 400 for ${shows}, without asking anybody`, async () => {
      await assert.rejects(exchange(config, newContext(), from(headers)), (error: Error & { status?: number }) => {
        assert.equal(error.status, 400);
        assert.match(error.message, message);
        return true;
      });
      assert.equal(server.seen.length, 0);
    });
  }

  const actor = unsigned({ sub: "agent", iss: "https://a.test" });
  const mayAct: [subject: Record<string, unknown>, allowed: boolean][] = [
    [{ may_act: { sub: "agent" } }, true],
    [{ may_act: { sub: ["other", "agent"], iss: "https://a.test" } }, true],
    [{ may_act: { sub: "other" } }, false],
    [{ may_act: { sub: "agent", iss: "https://b.test" } }, false],
    [{ may_act: { client: "x" } }, false],
    [{ may_act: {} }, false],
    [{ may_act: "agent" }, false],
    [{}, false],
  ];
  for (const [claims, allowed] of mayAct) {
    it(`enforceMayAct: ${JSON.stringify(claims)} ${allowed ? "lets the actor act" : "refuses it with 403"}`, async () => {
      const config = { actorToken: { source: { header: { name: "x-actor" } }, tokenType: jwtType, enforceMayAct: true } };
      const given = from({ authorization: `Bearer ${unsigned(claims)}`, "x-actor": actor });
      const ran = exchange(config, newContext(), given);
      if (allowed) assert.equal((await ran).calls, 1);
      else await assert.rejects(ran, { status: 403 });
      assert.equal(server.seen.length, allowed ? 1 : 0);
    });
  }

  const contradictions: [config: object, message: RegExp][] = [
    [{ path: "token" }, /\.path: must start/],
    [{ grantType: "jwtBearer", requestedTokenType: access }, /requestedTokenType: only with/],
    [{ grantType: "jwtBearer", actorToken: { source: { header: { name: "a" } } } }, /actorToken: only with/],
    [{ subjectToken: { tokenType: "access_token" } }, /tokenType: must be an absolute URI/],
    [{ actorToken: { source: { header: { name: "a" } }, enforceMayAct: true } }, /enforceMayAct: needs/],
    [{ requestedTokenType: "urn:ietf:params:oauth:token-type:id-jag" }, /for `crossAppAccess`/],
    [{ requestedTokenType: "urn:other" }, /requestedTokenType: must be/],
    [{ additionalParams: { Client_ID: '"x"' } }, /`Client_ID` is set by the gateway/],
    [{ clientAuth: { clientId: "", clientSecret: "s" } }, /clientId: must not be empty/],
    [{ clientAuth: { clientId: "c", clientSecret: "" } }, /clientSecret: must not be empty/],
    [
      { clientAuth: { method: "privateKeyJwt", clientId: "c", signingKey: "hunter2", assertionAudience: "a" } },
      /signingKey: no private key/,
    ],
    [
      { clientAuth: { method: "privateKeyJwt", clientId: "c", signingKey: certified.key, assertionAudience: "a" } },
      /signingKey: the key is not one for RS256/,
    ],
  ];
  for (const [config, message] of contradictions) {
    it(`does not load: ${message.source}`, async () => {
      await assert.rejects(exchange(config), (error: Error) => message.test(error.message) && !/hunter2|PRIVATE/.test(error.message));
    });
  }

  it("warns of scopes, resources and places that no server takes", async () => {
    const context = newContext();
    await exchange({ scopes: ["a b"], resources: ["api"], authorizationLocation: { queryParameter: { name: "t" } } }, context);
    assert.deepEqual(
      context.warnings.map((warning) => warning.split(":")[0]),
      ["oauthTokenExchange.scopes", "oauthTokenExchange.resources", "oauthTokenExchange.authorizationLocation"],
    );
  });

  it("warns of a token endpoint that is called without TLS by mistake", () => {
    const context = newContext();
    const compile = (policies: object) =>
      backendAuth.compileBackend!(backendAuth.config.parse(policy({ host: "sts.test:443", policies })), context);
    compile({ backendTLS: {} });
    assert.deepEqual(context.warnings, []);
    compile({});
    assert.match(context.warnings.join(), /^oauthTokenExchange: sts\.test:443 is called without TLS/);
  });

  const useless: [shows: string, answer: object | string, message: RegExp][] = [
    ["no JSON", "<html>", /the answer is no JSON object/],
    ["no token", { token_type: "Bearer" }, /no access_token/],
    ["no type", { access_token: "secret-token" }, /no token_type/],
    ["a type of token that is bound to a key", { access_token: "secret-token", token_type: "DPoP" }, /no bearer token/],
    ["what a field cannot hold", { access_token: "secret-token\n", token_type: "Bearer" }, /cannot carry/],
    ["too much", { access_token: "x".repeat(140_000), token_type: "Bearer" }, /too large/],
  ];
  for (const [shows, reply, message] of useless) {
    it(`answers 500 when the server gives ${shows}`, async () => {
      server.answer = () => reply;
      const context = newContext();
      await assert.rejects(exchange({}, context), (error: Error & { status?: number }) => {
        assert.equal(error.status, 500);
        assert.match(error.message, /^backend authentication failed: /);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message + context.logged.join(), /secret-token/);
        return true;
      });
    });
  }

  it("answers 500 when the token is of another type than was asked for", async () => {
    await assert.rejects(exchange({ requestedTokenType: jwtType }), /another type than was asked for/);
  });

  it("tells what the server refuses the caller for, and no token with it", async () => {
    server.status = 400;
    server.answer = ({ form }) => ({ error: "invalid_grant", error_description: `${form.get("subject_token")} is revoked` });
    const context = newContext();
    await assert.rejects(exchange({}, context, bearer("hunter2-subject")), {
      status: 400,
      code: "backend_auth_refused",
      message: "backend authentication failed: oauthTokenExchange: sts answered 400 (invalid_grant: [redacted] is revoked)",
    });
    assert.doesNotMatch(context.logged.join(), /hunter2/);
  });

  const gateways: [status: number, error: string][] = [
    [401, "invalid_client"],
    [400, "unauthorized_client"],
    [403, "access_denied"],
    [404, ""],
    [429, ""],
    [503, "temporarily_unavailable"],
    [302, ""],
  ];
  for (const [status, error] of gateways) {
    it(`takes ${status} ${error} for a fault that is not the caller's: 500, and a line in the log`, async () => {
      server.status = status;
      server.answer = () => (error === "" ? "" : { error });
      const context = newContext();
      await assert.rejects(exchange({}, context), { status: 500, code: "backend_auth_failed" });
      assert.equal(context.logged.length, 1);
    });
  }

  it("says so when the endpoint cannot be reached", async () => {
    await assert.rejects(exchange({ host: "127.0.0.1:1" }), { status: 500, code: "backend_auth_failed" });
  });

  describe("keeps tokens", () => {
    const times = async (context: ReturnType<typeof newContext>, config: object, given: () => ReturnType<typeof from>) => {
      const { outgoing } = await exchange(config, context, given());
      return outgoing.head.headers.get("authorization");
    };
    const subject = () => bearer("subject");

    it("and asks once for a hundred requests at a time", async () => {
      const context = newContext();
      const tokens = await Promise.all(Array.from({ length: 100 }, () => times(context, {}, subject)));
      assert.deepEqual([new Set(tokens).size, server.seen.length], [1, 1]);
    });

    it("also when the first who asked has left", async () => {
      const context = newContext();
      const asked = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      server.answer = async (seen) => (asked.resolve(), await go.promise, answer(seen));
      const first = bearer("subject");
      const leaving = exchange({}, context, first);
      const staying = times(context, {}, subject);
      await asked.promise;
      first.abort(new Error("left"));
      go.resolve();
      assert.equal(await staying, "Bearer token-for-subject-1");
      await leaving;
      assert.equal(server.seen.length, 1);
    });

    it("until 15 seconds before they expire", async () => {
      const context = newContext();
      server.answer = (seen) => ({ ...(answer(seen) as object), expires_in: "60" });
      await times(context, {}, subject);
      context.clock.now += 44_000;
      assert.equal(await times(context, {}, subject), "Bearer token-for-subject-1");
      context.clock.now += 1_000;
      assert.equal(await times(context, {}, subject), "Bearer token-for-subject-2");
    });

    it("for cache.defaultTtl when the server does not say how long", async () => {
      const context = newContext();
      server.answer = () => ({ access_token: `t${server.seen.length}`, token_type: "Bearer" });
      for (const [config, ttl] of [
        [{}, 300_000],
        [{ cache: { defaultTtl: "1m" } }, 60_000],
      ] as const) {
        const before = server.seen.length;
        await times(context, config, subject);
        context.clock.now += ttl - 15_001;
        await times(context, config, subject);
        assert.equal(server.seen.length - before, 1);
        context.clock.now += 1;
        await times(context, config, subject);
        assert.equal(server.seen.length - before, 2);
      }
    });

    it("no longer than the subject token is good for", async () => {
      const context = newContext();
      const short = unsigned({ exp: context.clock.now / 1000 + 40 });
      await times(context, {}, () => bearer(short));
      context.clock.now += 24_000;
      await times(context, {}, () => bearer(short));
      assert.equal(server.seen.length, 1);
      context.clock.now += 1_001;
      await times(context, {}, () => bearer(short));
      assert.equal(server.seen.length, 2);
    });

    it("apart for each subject, actor and parameter", async () => {
      const context = newContext();
      const config = { actorToken: { source: { header: { name: "a" } } }, additionalParams: { p: "request.headers.p" } };
      const requests = [
        { authorization: "Bearer s", a: "1", p: "1" },
        { authorization: "Bearer S", a: "1", p: "1" },
        { authorization: "Bearer s", a: "2", p: "1" },
        { authorization: "Bearer s", a: "1", p: "2" },
      ];
      for (const headers of [...requests, ...requests]) await times(context, config, () => from(headers));
      assert.equal(server.seen.length, 4);
      await times(context, { ...config, scopes: ["x"] }, () => from(requests[0]!));
      assert.equal(server.seen.length, 5);
    });

    it("cache.maxEntries of them, or none", async () => {
      const context = newContext();
      const two = { cache: { maxEntries: 2 } };
      for (const token of ["a", "b", "a", "c", "a"]) await times(context, two, () => bearer(token));
      assert.equal(server.seen.length, 3);
      await times(context, two, () => bearer("b"));
      assert.equal(server.seen.length, 4);
      for (let i = 0; i < 3; i += 1) await times(context, { cache: { maxEntries: 0 } }, subject);
      assert.equal(server.seen.length, 7);
    });

    it("but none that the backend refused", async () => {
      const context = newContext();
      const refusing = { context, exchange: subject(), reply: new Reply(401) };
      const { reply } = await runBackend(backendAuth, policy({}), refusing);
      assert.equal(reply.status, 401);
      assert.equal(await times(context, {}, subject), "Bearer token-for-subject-2");
    });

    it("and keeps no failure", async () => {
      const context = newContext();
      server.status = 503;
      await assert.rejects(times(context, {}, subject));
      server.status = 200;
      assert.equal(await times(context, {}, subject), "Bearer token-for-subject-2");
    });
  });
});
