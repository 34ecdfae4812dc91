import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { snakeCase } from "./metadata.ts";

describe("snakeCase", () => {
  for (const [camel, snake] of [
    ["scopesSupported", "scopes_supported"],
    ["jwksURI", "jwks_uri"],
    ["dpopBoundAccessTokensRequired", "dpop_bound_access_tokens_required"],
    ["already_snake", "already_snake"],
    ["HTTPServer", "http_server"],
    ["kebab-case", "kebab_case"],
  ] as const) {
    it(`makes ${snake} of ${camel}`, () => assert.equal(snakeCase(camel), snake));
  }
  it("leaves its own results alone", () => {
    fc.assert(fc.property(fc.string(), (name) => assert.equal(snakeCase(snakeCase(name)), snakeCase(name))));
  });
});
