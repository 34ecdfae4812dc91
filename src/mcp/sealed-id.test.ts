import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { digestOf, maxIdLength, type SealedSession, SessionSeal } from "./sealed-id.ts";

const session: SealedSession = {
  backend: "mcp:default",
  principal: digestOf("alice"),
  issuedAt: 1_700_000_000_000,
  revision: "2025-06-18",
  client: { protocolVersion: "2025-06-18", params: '{"protocolVersion":"2025-06-18","capabilities":{}}' },
  targets: [
    { name: "a", link: { fingerprint: digestOf("http a"), sessionId: "s-1", protocolVersion: "2025-06-18", capabilities: ["tools"] } },
    { name: "b" },
  ],
};
const seal = new SessionSeal(randomBytes(32));
const sealed = (over: Partial<SealedSession> = {}): string => {
  const id = seal.seal({ ...session, ...over });
  assert.ok(id !== undefined);
  return id;
};

test("an id carries its session, for everybody with the key and nobody else", () => {
  const key = randomBytes(32);
  const id = new SessionSeal(key).seal(session) as string;
  assert.deepEqual(new SessionSeal(key).open(id), session);
  assert.equal(seal.open(id), undefined);
  assert.match(id, /^[\w-]+$/);
  assert.equal(Buffer.from(id, "base64url").includes("s-1"), false, "clients cannot read the servers' session ids");
});

test("the same session sealed twice has two ids", () => {
  assert.notEqual(sealed(), sealed());
});

test("what would make an id too long is not sealed", () => {
  const params = (length: number): Partial<SealedSession> => ({ client: { protocolVersion: "x", params: "p".repeat(length) } });
  assert.ok(sealed(params(2_000)).length <= maxIdLength);
  assert.equal(seal.seal({ ...session, ...params(4_000) }), undefined);
});

test("fuzz: a changed, cut or differently spelled id opens nothing", () => {
  const id = sealed();
  fc.assert(
    fc.property(fc.nat(id.length - 1), fc.constantFrom("A", "b", "9", "-", "_", "+", "/", "=", " ", "\u00e9"), (at, character) => {
      const changed = id.slice(0, at) + character + id.slice(at + 1);
      assert.equal(seal.open(changed) === undefined, changed !== id);
      assert.equal(seal.open(id.slice(0, at)), undefined);
    }),
  );
});

test("fuzz: any text opens nothing, and throws nothing", () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => assert.equal(seal.open(text), undefined)));
  fc.assert(fc.property(fc.base64String({ maxLength: 200 }), (text) => assert.equal(seal.open(text), undefined)));
});
