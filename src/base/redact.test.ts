import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSecretName, redactData, redacted, redactQuery, redactSecrets } from "./redact.ts";

test("values of secret query parameters are replaced, the rest stays byte for byte", () => {
  assert.equal(redactQuery("?beta=true&page_size=10"), "?beta=true&page_size=10");
  assert.equal(redactQuery("?access_token=abc&b=%20c"), "?access_token=[redacted]&b=%20c");
  assert.equal(redactQuery("?a=1&key=AIzaSy&code=xyz&state=s"), "?a=1&key=[redacted]&code=[redacted]&state=s");
  assert.equal(redactQuery("?access%5Ftoken=abc&API-KEY=x"), "?access%5Ftoken=[redacted]&API-KEY=[redacted]");
  assert.equal(redactQuery("?X-Amz-Signature=00ff&X-Amz-Date=2026"), "?X-Amz-Signature=[redacted]&X-Amz-Date=2026");
  assert.equal(redactQuery("?q=a;token=b;c=d"), "?q=a;token=[redacted];c=d");
  assert.equal(redactQuery("?token=&x=1"), "?token=&x=1");
  assert.equal(redactQuery("?%zz=1&key=a=b"), "?%zz=1&key=[redacted]");
  assert.equal(redactQuery(""), "");
});

const hidden: readonly (readonly [text: string, secret: string])[] = [
  ["connect to https://bob:hunter2@db.example.com failed", "hunter2"],
  ["GET http://h/x?token=abc123&y=1 -> 401", "abc123"],
  ["authorization: Bearer abc", "abc"],
  ["Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"],
  ["refused: bearer 0123456789abcdef", "0123456789abcdef"],
  ["jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl is expired", "eyJzdWIiOiJhIn0"],
  ["Incorrect API key provided: sk-proj-AAAABBBBCCCCDDDDEEEE", "AAAABBBB"],
  ["key ghp_0123456789abcdefghijABCDEFGHIJ456789 leaked", "0123456789abcdef"],
  ["AKIAIOSFODNN7EXAMPLE was denied", "AKIAIOSFODNN7EXAMPLE"],
  ['{"client_secret":"s3cr3t","x":1}', "s3cr3t"],
  ["client_secret=s3cr3t&grant_type=x", "s3cr3t"],
  ["x-api-key: k-1", "k-1"],
  ["cookie: a=b; session=c", "session=c"],
  ["password = 'correct horse battery'", "horse"],
  ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- after", "MIIE"],
  ["-----BEGIN PRIVATE KEY-----\nMIIEunfinished", "MIIEunfinished"],
];

for (const [text, secret] of hidden) {
  test(`hides the secret in: ${text.split("\n")[0]}`, () => {
    const clean = redactSecrets(text);
    assert.ok(!clean.includes(secret), clean);
    assert.ok(clean.includes(redacted), clean);
  });
}

const kept = [
  "connect ECONNREFUSED 127.0.0.1:8080",
  "basic authentication failure",
  "Basic Authentication is required",
  "code: ECONNREFUSED, key: route0",
  "unknown key `acessLog` in frontendPolicies; did you mean `accessLog`?",
  "token keys are not available yet: https://idp.example.com/.well-known/jwks.json answered 503",
  "upstream call timeout after 300s at api.openai.com:443",
  "mail from a@example.com: 550 no such user",
];

for (const text of kept) test(`leaves alone: ${text}`, () => assert.equal(redactSecrets(text), text));

test("a long text is cut, as its tail was not looked at", () => {
  const clean = redactSecrets(`${"x ".repeat(10_000)}password=hunter2`);
  assert.ok(!clean.includes("hunter2"));
  assert.ok(clean.length < 16_400);
});

test("a planted secret never survives, whatever stands around it", () => {
  const around = fc.string({
    unit: fc.constantFrom(" ", "\n", '"', "'", "=", ":", "&", "?", ";", ",", "a", "Z", "9", "{", "}", "\\", "/", "@", "-"),
  });
  fc.assert(
    fc.property(around, around, (before, after) => {
      const clean = redactSecrets(`${before} authorization: Bearer PLANTED1secret${after}`);
      assert.ok(!clean.includes("PLANTED1secret"), clean);
    }),
    { numRuns: 1_000 },
  );
});

test("hostile texts cost linear time", () => {
  const hostile = [
    "a".repeat(16_000),
    '"a":"'.repeat(3_000),
    "bearer ".repeat(2_000),
    "://".repeat(5_000),
    "eyJ".repeat(5_000),
    "-----BEGIN PRIVATE KEY-----".repeat(600),
    `a=${"\\".repeat(16_000)}`,
    "?".repeat(16_000),
  ];
  for (const text of hostile) {
    const from = performance.now();
    redactSecrets(text);
    const took = performance.now() - from;
    assert.ok(took < 500, `${text.slice(0, 20)} took ${took} ms`);
  }
});

test("data is shown with the values of secret names replaced", () => {
  const shown = redactData({
    port: 3000,
    apiKey: { keys: ["k1"] },
    headers: { authorization: "Bearer x", accept: "*/*" },
    list: [{ clientSecret: "a", url: "https://u:p@h/" }],
    secret: null,
    __proto__: { x: 1 },
  });
  assert.deepEqual(shown, {
    port: 3000,
    apiKey: redacted,
    headers: { authorization: redacted, accept: "*/*" },
    list: [{ clientSecret: redacted, url: `https://${redacted}@h/` }],
    secret: null,
  });
  assert.deepEqual(
    redactData({ key: "x" }, (name) => name === "key"),
    { key: redacted },
  );
  assert.equal(isSecretName("maxTokens"), false);
});
