import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compilePolicy, fields, run, testExchange } from "../../../test/policy-harness.ts";
import { apiKey } from "./index.ts";

const hashed = createHash("sha256").update("sk-hashed").digest("hex").toUpperCase();
const keys = [
  { key: "sk-plain", metadata: { team: "core", tier: 2 } },
  { keyHash: `sha256:${hashed}`, allowedModels: ["gpt-*"] },
  { key: "sk-odd", metadata: "not a map", allowedModels: [] },
];
const bearer = (key: string) => testExchange({ headers: { authorization: `Bearer ${key}` } });

describe("apiKey", () => {
  const cases: [mode: string | undefined, key: string | undefined, status: number, body?: string][] = [
    ["strict", "sk-plain", 200],
    ["strict", undefined, 401, "api key authentication failure: no API Key found"],
    ["strict", "sk-wrong", 401, "api key authentication failure: invalid credentials"],
    ["strict", "", 401, "api key authentication failure: invalid credentials"],
    ["optional", undefined, 200],
    ["optional", "sk-wrong", 401, "api key authentication failure: invalid credentials"],
    [undefined, undefined, 200],
    [undefined, "sk-wrong", 401, "api key authentication failure: invalid credentials"],
    ["permissive", undefined, 200],
    ["permissive", "sk-wrong", 200],
  ];
  for (const [mode, key, status, body] of cases) {
    it(`answers ${status} to ${key === undefined ? "no key" : `key "${key}"`} in mode ${mode ?? "default"}`, async () => {
      const { reply } = await run(
        compilePolicy(apiKey, mode === undefined ? { keys } : { keys, mode }),
        key === undefined ? testExchange() : bearer(key),
      );
      assert.equal(reply.status, status);
      if (body !== undefined) assert.equal(reply.body, body);
    });
  }

  it("gives the holder's metadata and models, and takes the key out of the request", async () => {
    const policy = compilePolicy(apiKey, { keys });
    const plain = await run(policy, bearer("sk-plain"));
    assert.deepEqual(plain.exchange.identity.apiKey, { metadata: { team: "core", tier: 2 }, key: "sk-plain" });
    assert.deepEqual(fields(plain.exchange.request), {});
    const byHash = await run(policy, bearer("sk-hashed"));
    assert.deepEqual(byHash.exchange.identity.apiKey, { metadata: {}, key: "sk-hashed", allowedModels: ["gpt-*"] });
    const odd = await run(policy, bearer("sk-odd"));
    assert.deepEqual(odd.exchange.identity.apiKey, { metadata: {}, key: "sk-odd", allowedModels: [] });
  });

  it("does not accept the hash itself, nor anything else than the keys", async () => {
    const policy = compilePolicy(apiKey, { keys, mode: "strict" });
    for (const key of [hashed.toLowerCase(), `sha256:${hashed}`, "sk-plain ", "SK-PLAIN"]) {
      assert.equal((await run(policy, bearer(key))).reply.status, 401);
    }
    await fc.assert(
      fc.asyncProperty(fc.string(), async (key) => {
        fc.pre(!["sk-plain", "sk-hashed", "sk-odd"].includes(key));
        assert.equal((await run(policy, bearer(key))).reply.status, 401);
      }),
    );
  });

  it("reads the key where the configuration says", async () => {
    const policy = compilePolicy(apiKey, { keys, mode: "strict", location: { header: { name: "X-API-Key" } } });
    const { reply, exchange } = await run(policy, testExchange({ headers: { "x-api-key": "sk-plain", authorization: "Bearer other" } }));
    assert.equal(reply.status, 200);
    assert.deepEqual(fields(exchange.request), { authorization: "Bearer other" });
  });
});
