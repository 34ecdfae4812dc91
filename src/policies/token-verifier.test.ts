import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { testClock } from "../../test/policy-harness.ts";
import { encoded, testIssuer, type TestAlgorithm } from "../../test/tokens.ts";
import { GatewayError } from "../contract/errors.ts";
import { fixedKeySet, type KeySet } from "../upstream/key-set.ts";
import { TokenError, type TokenIssuer, TokenVerifier } from "./token-verifier.ts";

const issuer = testIssuer("k1");
const clock = testClock();
const now = clock.now / 1000;
const good = { iss: "https://issuer.test", aud: "api", sub: "alice", exp: now + 300 };
const trusted = (overrides: Partial<TokenIssuer> = {}): TokenIssuer => ({
  issuer: "https://issuer.test",
  audiences: ["api", "other"],
  requiredClaims: ["exp"],
  keys: fixedKeySet(issuer.jwks),
  ...overrides,
});
const verifier = (overrides: Partial<TokenIssuer> = {}) => new TokenVerifier([trusted(overrides)], clock);

describe("TokenVerifier", () => {
  for (const alg of ["RS256", "PS256", "ES256", "EdDSA"] satisfies TestAlgorithm[]) {
    it(`accepts ${alg}`, async () => {
      const own = testIssuer("k", alg);
      const token = own.token(good);
      assert.deepEqual(await verifier({ keys: fixedKeySet(own.jwks) }).verify(token), { claims: good, token });
    });
  }

  const refused: [why: string, token: () => string, message: RegExp, overrides?: Partial<TokenIssuer>][] = [
    ["not a token", () => "opaque", /header is malformed/],
    ["an empty token", () => "", /header is malformed/],
    ["no kid", () => issuer.token(good, { kid: undefined }), /does not specify a `kid`/],
    ["a kid that is no text", () => issuer.token(good, { kid: 5 }), /does not specify a `kid`/],
    [
      "an unknown kid, quoted harmlessly",
      () => issuer.token(good, { kid: 'x"\r\n\u20ac' + "y".repeat(90) }),
      /^token uses the unknown key "x\\"\?\?\?y{59}"$/,
    ],
    ["a kid that is a name of Object.prototype", () => issuer.token(good, { kid: "__proto__" }), /unknown key/],
    ["another issuer", () => issuer.token({ ...good, iss: "https://evil.test" }), /claim `iss` does not fit/],
    ["no issuer", () => issuer.token({ ...good, iss: undefined }), /claim `iss` is missing/],
    ["another audience", () => issuer.token({ ...good, aud: "billing" }), /claim `aud` does not fit/],
    ["no audience", () => issuer.token({ ...good, aud: undefined }), /claim `aud` is missing/],
    ["expired over the leeway", () => issuer.token({ ...good, exp: now - 61 }), /has expired/],
    ["no expiry", () => issuer.token({ ...good, exp: undefined }), /claim `exp` is missing/],
    ["not valid yet", () => issuer.token({ ...good, nbf: now + 61 }), /not valid yet/],
    [
      "a required claim missing",
      () => issuer.token({ ...good, sub: undefined }),
      /claim `sub` is missing/,
      { requiredClaims: ["sub", "iat"] },
    ],
    ["somebody else's signature", () => testIssuer("k1").token(good), /signature does not fit/],
    [
      "a changed payload",
      () => issuer.token(good).replace(/\.[^.]+\./, `.${encoded({ ...good, sub: "root" })}.`),
      /signature does not fit/,
    ],
    ["no signature", () => `${encoded({ alg: "none", kid: "k1" })}.${encoded(good)}.`, /algorithm is not allowed/],
    ["the public key used as a shared secret", hmacWithPublicKey, /algorithm is not allowed/],
    ["another algorithm of the same kind of key", () => issuer.token(good, { alg: "ES384" }), /algorithm is not allowed/],
    ["critical extensions that we do not know", () => issuer.token(good, { crit: ["x"], x: 1 }), /not a signed JWT/],
  ];
  for (const [why, token, message, overrides] of refused) {
    it(`refuses ${why}`, async () => {
      await assert.rejects(verifier(overrides).verify(token()), (error) => error instanceof TokenError && message.test(error.message));
    });
  }

  it("allows a minute between the clocks, several audiences, and tokens without expiry where none is required", async () => {
    await verifier().verify(issuer.token({ ...good, exp: now - 59, nbf: now + 59, aud: ["x", "other"] }));
    await verifier({ requiredClaims: [], audiences: [] }).verify(issuer.token({ iss: good.iss }));
  });

  it("recalls a verified token until it expires or the keys change", async () => {
    const time = testClock(clock.now);
    const keys = { ...fixedKeySet(issuer.jwks), version: 1 };
    const own = new TokenVerifier([trusted({ keys })], time);
    const token = issuer.token(good);
    assert.equal(own.recall(token), undefined);
    const identity = await own.verify(token);
    assert.equal(own.recall(token), identity);
    time.now = (good.exp + 60) * 1000 - 1;
    assert.equal(own.recall(token), identity);
    time.now += 1;
    assert.equal(own.recall(token), undefined);
    time.now = clock.now;
    await own.verify(token);
    keys.version = 2;
    assert.equal(own.recall(token), undefined);
  });

  it("picks the provider that the token names where several use the same kid", async () => {
    const other = testIssuer("k1");
    const both = new TokenVerifier([trusted(), trusted({ issuer: "https://two.test", keys: fixedKeySet(other.jwks) })], clock);
    await both.verify(issuer.token(good));
    await both.verify(other.token({ ...good, iss: "https://two.test" }));
    await assert.rejects(both.verify(other.token(good)), TokenError);
  });

  it("waits for keys that are on their way, asks again for unknown ones, and says when there are none", async () => {
    const calls: string[] = [];
    const keys = (version: number, found: boolean): KeySet => {
      const known = fixedKeySet(issuer.jwks);
      return {
        version,
        ready: Promise.resolve(),
        find: (kid) => (found || calls.length > 0 ? known.find(kid) : undefined),
        settled: async () => void calls.push("settled"),
        refresh: async () => void calls.push("refresh"),
      };
    };
    await verifier({ keys: keys(0, false) }).verify(issuer.token(good));
    assert.deepEqual(calls.splice(0), ["settled"]);
    await verifier({ keys: keys(1, false) }).verify(issuer.token(good));
    assert.deepEqual(calls.splice(0), ["refresh"]);
    const none = { ...keys(0, false), find: () => undefined };
    await assert.rejects(
      verifier({ keys: none }).verify(issuer.token(good)),
      (error) => error instanceof GatewayError && error.code === "keys_unavailable",
    );
  });

  it("throws TokenErrors only, whatever it is given", async () => {
    const own = verifier();
    const part = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString("base64url")),
      fc.constant(encoded({ alg: "ES256", kid: "k1" })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.tuple(part, part, part).map((parts) => parts.join(".")),
        ),
        async (token) => {
          await assert.rejects(own.verify(token), TokenError);
        },
      ),
    );
  });
});

function hmacWithPublicKey(): string {
  const text = `${encoded({ alg: "HS256", kid: "k1" })}.${encoded(good)}`;
  const secret = issuer.publicKey.export({ format: "pem", type: "spki" });
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}
