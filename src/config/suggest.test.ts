import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "./suggest.ts";

const keys = ["localRateLimit", "remoteRateLimit", "backendTLS", "mcpAuthentication", "mcpAuthorization", "cors"];

test("a misspelt end of a long key is recognised, the first of several", () => {
  assert.equal(nearest("rateLimt", keys), "localRateLimit");
  assert.equal(nearest("authentification", keys), "mcpAuthentication");
});

test("the whole key counts first", () => {
  assert.equal(nearest("remoteRatelimit", keys), "remoteRateLimit");
  assert.equal(nearest("local_rate_limit", keys), "localRateLimit");
  assert.equal(nearest("backend-tls", keys), "backendTLS");
});

test("nothing is suggested for something else, or for text that is no key", () => {
  assert.equal(nearest("timeout", keys), undefined);
  assert.equal(nearest("localRateLimit".repeat(10), keys), undefined);
});
