import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { fields, runBackend, testContext } from "../../../test/policy-harness.ts";
import { backendAuth } from "./index.ts";

const pem = { format: "pem", type: "pkcs8" } as const;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const signingKey = rsa.privateKey.export(pem);

describe("backendAuth.jwtSign", () => {
  it("sends a token with the configured claims and its own times, ten seconds back", async () => {
    const context = testContext({ files: { "/key.pem": `${signingKey}\n` } });
    const claims = { iss: "gateway", aud: ["a", "b"], level: 3, admin: true, nested: { a: [null] } };
    const { outgoing } = await runBackend(backendAuth, { jwtSign: { signingKey: { file: "/key.pem" }, kid: "k1", claims } }, { context });
    const token = outgoing.head.headers.get("authorization")!.replace(/^Bearer /, "");
    const { payload, protectedHeader } = await jwtVerify(token, rsa.publicKey, { currentDate: new Date(context.clock.now) });
    const now = context.clock.now / 1000;
    assert.deepEqual(payload, { ...claims, iat: now - 10, nbf: now - 10, exp: now + 300 });
    assert.deepEqual([protectedHeader, outgoing.credentialPlaced], [{ alg: "RS256", typ: "JWT", kid: "k1" }, false]);
  });

  const keys = { RS384: rsa, RS512: rsa, PS256: rsa, ES256: p256, ES384: p384 };
  for (const [alg, { privateKey, publicKey }] of Object.entries(keys)) {
    it(`signs with ${alg}, for as long as ttl says, and puts the token where location says`, async () => {
      const context = testContext();
      const jwtSign = {
        signingKey: privateKey.export(pem),
        alg,
        claims: { sub: "s" },
        ttl: "60s",
        location: { header: { name: "x-jwt" } },
      };
      const { outgoing } = await runBackend(backendAuth, { jwtSign }, { context });
      const token = outgoing.head.headers.get("x-jwt")!;
      const { payload } = await jwtVerify(token, publicKey, { currentDate: new Date(context.clock.now) });
      assert.deepEqual([payload.exp! - payload.iat!, decodeProtectedHeader(token).alg, outgoing.credentialPlaced], [70, alg, true]);
    });
  }

  it("signs once a second", async () => {
    const context = testContext();
    const policy = backendAuth.compileBackend!(backendAuth.config.parse({ jwtSign: { signingKey, claims: { sub: "s" } } }), context);
    const tokens: (string | undefined)[] = [];
    const next = { exchange: undefined };
    for (const aheadMs of [0, 999, 1]) {
      context.clock.now += aheadMs;
      const { outgoing } = await runBackend({ ...backendAuth, compileBackend: () => policy }, { key: "unused" }, {
        ...next,
        context,
      } as object);
      tokens.push(outgoing.head.headers.get("authorization"));
    }
    assert.equal(tokens[0], tokens[1]);
    assert.notEqual(tokens[1], tokens[2]);
  });

  const wrong: [jwtSign: object, message: RegExp][] = [
    [{ signingKey: "hunter2" }, /jwtSign\.signingKey: no private key/],
    [{ signingKey, alg: "ES256" }, /the key is not one for ES256/],
    [{ signingKey: p384.privateKey.export(pem), alg: "ES256" }, /the key is not one for ES256/],
    [{ signingKey, claims: { exp: 1 } }, /`exp` is set by the gateway/],
    [{ signingKey, claims: { nbf: 1 } }, /`nbf` is set by the gateway/],
    [{ signingKey, ttl: "0s" }, /ttl: must be more than nothing/],
  ];
  for (const [jwtSign, message] of wrong) {
    it(`does not load: ${message.source}`, () => {
      const compile = () => backendAuth.compileBackend!(backendAuth.config.parse({ jwtSign }), testContext());
      assert.throws(compile, (error: Error) => message.test(error.message) && !/hunter2|PRIVATE/.test(error.message));
    });
  }
});

describe("backendAuth.credentials", () => {
  const credentials = [
    { location: { header: { name: "x-key" } }, key: "k" },
    { location: { queryParameter: { name: "q" } }, key: { file: "/q" } },
    { location: { cookie: { name: "c" } }, key: "v" },
  ];
  const context = () => testContext({ files: { "/q": "from file\n" } });

  it("are sent beside the main credential", async () => {
    const { outgoing } = await runBackend(backendAuth, { key: "main", credentials }, { context: context() });
    assert.deepEqual(fields(outgoing.head), { authorization: "Bearer main", "x-key": "k", cookie: "c=v" });
    assert.equal(outgoing.head.search, "?q=from+file");
  });

  it("or alone", async () => {
    const { outgoing, calls } = await runBackend(backendAuth, { credentials }, { context: context() });
    assert.deepEqual([fields(outgoing.head), outgoing.credentialPlaced, calls], [{ "x-key": "k", cookie: "c=v" }, false, 1]);
    assert.equal((await runBackend(backendAuth, { credentials: [] })).calls, 1);
  });

  it("that take the place of the main one are told to providers, so that they leave it there", async () => {
    const config = { key: "main", credentials: [{ location: { header: { name: "Authorization", prefix: "Bearer " } }, key: "k" }] };
    const { outgoing } = await runBackend(backendAuth, config);
    assert.deepEqual([fields(outgoing.head), outgoing.credentialPlaced], [{ authorization: "Bearer k" }, true]);
  });

  it("are refused at load when no request can carry one", () => {
    const config = backendAuth.config.parse({ key: "k", credentials: [{ location: { cookie: { name: "c" } }, key: "a;b" }] });
    assert.throws(() => backendAuth.compileBackend!(config, context()), /cannot carry/);
  });
});
