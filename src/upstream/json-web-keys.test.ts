import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { testIssuer } from "../../test/tokens.ts";
import { parseKeySet } from "./json-web-keys.ts";

const jwk = (text: string): Record<string, unknown> => (JSON.parse(text) as { keys: Record<string, unknown>[] }).keys[0]!;
const set = (...keys: unknown[]): string => JSON.stringify({ keys });
const elliptic = jwk(testIssuer("ec").jwks);
const rsa = jwk(testIssuer("rsa", "RS256").jwks);

describe("parseKeySet", () => {
  it("binds keys to their algorithm, or to those of their kind", () => {
    const { alg: _, ...anyRsa } = rsa;
    const keys = parseKeySet(set(elliptic, rsa, { ...anyRsa, kid: "any" }, jwk(testIssuer("ed", "EdDSA").jwks)));
    assert.deepEqual(keys.get("ec")?.algorithms, ["ES256"]);
    assert.deepEqual(keys.get("rsa")?.algorithms, ["RS256"]);
    assert.deepEqual(keys.get("any")?.algorithms, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]);
    assert.deepEqual(keys.get("ed")?.algorithms, ["EdDSA"]);
  });

  const useless: [why: string, key: unknown][] = [
    ["without kid", { ...elliptic, kid: undefined }],
    ["for encryption", { ...elliptic, use: "enc" }],
    ["for other operations", { ...elliptic, key_ops: ["encrypt"] }],
    ["symmetric", { kty: "oct", kid: "ec", k: "c2VjcmV0", alg: "HS256" }],
    ["whose algorithm is not of its kind", { ...rsa, alg: "HS256" }],
    ["of an unknown curve", { ...elliptic, crv: "secp256k1", alg: "ES256K" }],
    ["whose curve is a name of Object.prototype", { ...elliptic, crv: "constructor" }],
    ["that is broken", { ...elliptic, x: "AA" }],
    ["that is no object", 5],
  ];
  for (const [why, key] of useless) {
    it(`leaves out a key ${why}`, () => {
      assert.throws(() => parseKeySet(set(key)), /no usable key/);
      assert.equal(parseKeySet(set(key, { ...rsa, kid: "good" })).size, 1);
    });
  }

  it("takes only the public part of a private key", () => {
    const { privateKey } = testIssuer("p");
    const keys = parseKeySet(set({ ...privateKey.export({ format: "jwk" }), kid: "p" }));
    assert.equal(keys.get("p")?.key.type, "public");
  });

  it("throws Errors of its own only, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.object()).map((keys) => set(...keys)),
        ),
        (text) => {
          assert.throws(() => parseKeySet(text), /^Error: the key set /);
        },
      ),
    );
  });
});
