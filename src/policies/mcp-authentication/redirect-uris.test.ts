import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compileRedirectUris, redirectUriProblem } from "./redirect-uris.ts";

const list = [
  "https://claude.ai/api/mcp/auth_callback",
  "cursor://anysphere.cursor-mcp/oauth/callback",
  "http://127.0.0.1:*/callback",
  "http://localhost:*/*",
  "http://[::1]:3000/a/*/z",
];

describe("redirect URIs", () => {
  it("has a list without problems", () =>
    assert.deepEqual(
      list.map(redirectUriProblem),
      list.map(() => undefined),
    ));

  for (const text of [
    "",
    "/callback",
    "http://example.com/callback",
    "https://*.example.com/callback",
    "https://example.com/*",
    "http://localhost*",
    "http://localhost:*@evil.test/",
    "http://localhost/*/*",
    "http://localhost.evil.test:*/cb",
    "https://example.com/cb#x",
    "https://example.com/cb#",
    "https://u:p@example.com/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
  ]) {
    it(`does not take ${JSON.stringify(text)} for an entry`, () => {
      const problem = redirectUriProblem(text);
      assert.equal(typeof problem, "string");
      if (text.length > 3) assert.ok(!problem?.includes(text), "values of the file are not quoted");
    });
  }

  const allows = compileRedirectUris(list);
  for (const uri of [
    "https://claude.ai/api/mcp/auth_callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:1/callback",
    "http://127.0.0.1:65535/callback",
    "http://localhost:33418/",
    "http://localhost/any/where",
    "http://[::1]:3000/a/b/z",
    "http://[::1]:3000/a//z",
  ])
    it(`allows ${uri}`, () => assert.ok(allows(uri)));

  for (const uri of [
    "https://claude.ai/api/mcp/auth_callback/",
    "https://claude.ai/api/mcp/auth_callback?x",
    "HTTPS://claude.ai/api/mcp/auth_callback",
    "http://127.0.0.1:1/callback/",
    "http://127.0.0.1:1/Callback",
    "http://127.0.0.1:1/callback#x",
    "http://127.0.0.1:1@evil.test/callback",
    "http://127.0.0.1:123456/callback",
    "http://127.0.0.1.evil.test/callback",
    "http://localhost.evil.test/",
    "http://localhost:1\\@evil.test/",
    "http://localhost:/",
    "http://localhost:1/a?b",
    "http://localhost:1/a/../b",
    "http://localhost:1/a/%2e%2E/b",
    "http://localhost:1/ü",
    "http://localhost:1/a\r\nset-cookie: x",
    "http://[::1]:3001/a/b/z",
    "http://[::1]:3000/a/z",
    `http://localhost:1/${"a".repeat(3000)}`,
    "",
  ])
    it(`refuses ${JSON.stringify(uri.slice(0, 50))}`, () => assert.ok(!allows(uri)));

  it("never allows another host, however a URI is put together", () => {
    const piece = fc.constantFrom(
      "http://",
      "https://",
      "localhost",
      "127.0.0.1",
      "evil.test",
      ":",
      "80",
      "/",
      "\\",
      "@",
      "?",
      "#",
      ".",
      "..",
      "%2f",
      "callback",
      "*",
      " ",
      "\t",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), fc.constantFrom("", "http://localhost", "http://127.0.0.1:1"), (pieces, start) => {
        const uri = start + pieces.join("");
        if (!allows(uri)) return;
        const { hostname, search, hash, username, pathname } = new URL(uri);
        assert.ok(["localhost", "127.0.0.1", "[::1]"].includes(hostname), uri);
        assert.deepEqual([search, hash, username], ["", "", ""]);
        assert.ok(uri.endsWith(pathname) || uri.split("/").length === 3);
      }),
      { numRuns: 2000 },
    );
  });
});
