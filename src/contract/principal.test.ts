import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Identity } from "./identity.ts";
import { loginOwnerOf } from "./principal.ts";

const withClaims = (claims: Readonly<Record<string, unknown>>): Identity => ({
  jwt: { claims: { iss: "i", sub: "s1", ...claims }, token: "t" },
});

describe("the name that a login page shows", () => {
  const cases: readonly [what: string, identity: Identity, name: string | undefined][] = [
    ["is a verified address", withClaims({ email: "a@x.test", email_verified: true, preferred_username: "a" }), "a@x.test"],
    ["is a verified address, as some providers say it", withClaims({ email: "a@x.test", email_verified: "true" }), "a@x.test"],
    ["is no address that is somebody else's, perhaps", withClaims({ email: "boss@x.test", email_verified: false }), "s1"],
    ["has the subject behind an address that nobody vouches for", withClaims({ email: "boss@x.test" }), "boss@x.test (s1)"],
    ["has the subject behind a name that people choose", withClaims({ preferred_username: "boss@x.test" }), "boss@x.test (s1)"],
    ["is the subject once", withClaims({ preferred_username: "s1" }), "s1"],
    ["does not push the subject out of sight", withClaims({ email: "b".repeat(500) }), `${"b".repeat(120)} (s1)`],
    ["holds nothing that cannot be seen", withClaims({ sub: "a\u202eb\u0000c" }), "abc"],
    ["is what the operator calls an API key", { apiKey: { key: "k", metadata: { user: "u", name: "n" } } }, "n"],
    ["is no API key", { apiKey: { key: "k", metadata: {} } }, "the holder of an API key"],
    ["is a user name", { basicAuth: { username: "u" } }, "u"],
    ["is nobody's without a subject", withClaims({ sub: undefined, email: "a@x.test", email_verified: true }), undefined],
    ["is nobody's without a credential", {}, undefined],
  ];
  for (const [what, identity, name] of cases) it(what, () => assert.equal(loginOwnerOf(identity)?.name, name));
});
