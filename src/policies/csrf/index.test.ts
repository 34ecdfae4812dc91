import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePolicy, run, testExchange } from "../../../test/policy-harness.ts";
import { csrf } from "./index.ts";

const trusted = "https://app.example.com";

describe("csrf", () => {
  const cases: [why: string, method: string, headers: Record<string, string>, passes: boolean][] = [
    ["safe methods change nothing", "GET", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }, true],
    ["safe methods change nothing", "HEAD", { "sec-fetch-site": "cross-site" }, true],
    ["preflights are CORS's matter", "OPTIONS", { origin: "https://evil.example" }, true],
    ["the browser says same origin", "POST", { "sec-fetch-site": "same-origin", origin: "https://evil.example" }, true],
    ["the user typed it", "POST", { "sec-fetch-site": "none" }, true],
    ["the browser says cross-site", "POST", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, false],
    ["same-site is another origin", "POST", { "sec-fetch-site": "same-site", origin: "http://sub.gateway.test" }, false],
    ["cross-site from a trusted origin", "POST", { "sec-fetch-site": "cross-site", origin: trusted }, true],
    ["cross-site without origin", "DELETE", { "sec-fetch-site": "cross-site" }, false],
    ["an older browser, same origin", "POST", { origin: "http://gateway.test" }, true],
    ["an older browser, another scheme", "POST", { origin: "https://gateway.test" }, false],
    ["an older browser, trusted origin", "PUT", { origin: trusted }, true],
    ["an older browser, other origin", "PATCH", { origin: "https://evil.example" }, false],
    ["no browser", "POST", {}, true],
    ["an opaque origin counts as none", "POST", { origin: "null" }, true],
  ];
  for (const [why, method, headers, passes] of cases) {
    it(`${passes ? "passes" : "refuses"} ${method}: ${why}`, async () => {
      const { reply, calls } = await run(compilePolicy(csrf, { additionalOrigins: [trusted] }), testExchange({ method, headers }));
      assert.deepEqual([reply.status, calls], passes ? [200, 1] : [403, 0]);
      if (!passes) assert.equal(reply.body, "CSRF validation failed");
    });
  }
});
