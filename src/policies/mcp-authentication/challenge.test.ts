import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bearerChallenge } from "./challenge.ts";

/** Reads a challenge as RFC 9110 section 11.2 has it, without backslash escapes, which are never written. */
function parse(challenge: string): [name: string, value: string][] {
  assert.match(challenge, /^Bearer (?:[a-z_]+="[^"\\]*"(?:, (?=[a-z])|$))*$/);
  return [...challenge.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]);
}

describe("bearerChallenge", () => {
  it("keeps the order and leaves out what is not there", () => {
    const challenge = bearerChallenge({ error: "insufficient_scope", scope: undefined, resource_metadata: "https://a.test/x?y" });
    assert.equal(challenge, 'Bearer error="insufficient_scope", resource_metadata="https://a.test/x?y"');
  });

  it("is one field with the given parameters, whatever a request had in its path", () => {
    const unit = fc.oneof(
      fc.constantFrom('"', "\\", "\r", "\n", "\0", ",", "=", " ", "é", "😀"),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), // lone surrogates, too
    );
    const text = fc.string({ unit });
    fc.assert(
      fc.property(text, text, (scope, url) => {
        const challenge = bearerChallenge({ scope, resource_metadata: url });
        assert.match(challenge, /^[ -~]*$/);
        const parsed = parse(challenge);
        assert.deepEqual(
          parsed.map(([name]) => name),
          ["scope", "resource_metadata"],
        );
        if (/^[ -~]*$/.test(url) && !/["\\]/.test(url)) assert.equal(parsed[1]?.[1], url);
      }),
    );
  });
});
