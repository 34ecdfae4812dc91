import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { openLogin, packLogin } from "./login-state.ts";

describe("login state", () => {
  it("brings back what was put in, as text for a query", () => {
    fc.assert(
      fc.property(
        fc.webUrl(),
        fc.option(fc.string({ unit: fc.constantFrom("a", "é", "😀", '"', "\\", " "), maxLength: 200 }), { nil: undefined }),
        (redirectUri, state) => {
          const packed = packLogin({ redirectUri, state });
          assert.ok(packed !== undefined && /^[\w-]+$/.test(packed));
          assert.deepEqual(openLogin(packed), { redirectUri, state });
        },
      ),
    );
  });

  it("has a bound", () => assert.equal(packLogin({ redirectUri: "a:b", state: "x".repeat(4000) }), undefined));

  it("takes nothing for a login that is none", () => {
    const texts = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString("base64url")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const login = openLogin(text);
        assert.ok(login === undefined || (typeof login.redirectUri === "string" && ["string", "undefined"].includes(typeof login.state)));
      }),
    );
    for (const value of ["", "e30", "W10", "WzFd", "WyJhIiwxXQ", "WyJhIiwiYiIsImMiXQ", "x".repeat(5000)])
      assert.equal(openLogin(value), undefined);
  });
});
