import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bodyText, compilePolicy, fields, run, testContext, testExchange } from "../../../test/policy-harness.ts";
import { HeaderList } from "../../base/headers.ts";
import { GatewayError } from "../../contract/errors.ts";
import { Reply } from "../../contract/reply.ts";
import { cors } from "./index.ts";
import { compileOrigins, parseOrigin } from "./origin.ts";

const app = "https://app.example.com";
const preflight = (origin: string, extra: Record<string, string> = {}) =>
  testExchange({ method: "OPTIONS", headers: { origin, "access-control-request-method": "PUT", ...extra } });

describe("cors", () => {
  it("leaves requests without Origin alone", async () => {
    const { reply, calls } = await run(compilePolicy(cors, { allowOrigins: ["*"] }), testExchange());
    assert.equal(calls, 1);
    assert.deepEqual(fields(reply), {});
  });

  it("answers the preflight of an allowed origin itself", async () => {
    const policy = compilePolicy(cors, {
      allowOrigins: [app],
      allowMethods: ["GET", "PUT"],
      allowHeaders: ["content-type", "mcp-session-id"],
      exposeHeaders: ["mcp-session-id"],
      allowCredentials: true,
      maxAge: "10m",
    });
    const { reply, calls } = await run(policy, preflight(app));
    assert.equal(calls, 0);
    assert.equal(reply.status, 200);
    assert.equal(await bodyText(reply), "");
    assert.deepEqual(fields(reply), {
      "access-control-allow-origin": app,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "mcp-session-id",
      vary: "Origin",
      "access-control-allow-methods": "GET,PUT",
      "access-control-allow-headers": "content-type,mcp-session-id",
      "access-control-max-age": "600",
    });
  });

  it("echoes what was asked for when methods and headers are wildcards, and the origin even for *", async () => {
    const policy = compilePolicy(cors, { allowOrigins: ["*"], allowMethods: ["*"], allowHeaders: ["*"] });
    const { reply } = await run(policy, preflight("https://any.example", { "access-control-request-headers": " x-a ,, x-b" }));
    assert.equal(reply.headers.get("access-control-allow-origin"), "https://any.example");
    assert.equal(reply.headers.get("access-control-allow-methods"), "PUT");
    assert.equal(reply.headers.get("access-control-allow-headers"), "x-a, x-b");
  });

  it("offers * only without credentials when nothing was asked for", async () => {
    const exchange = () => testExchange({ method: "OPTIONS", headers: { origin: app } });
    const open = await run(compilePolicy(cors, { allowOrigins: ["*"], allowMethods: ["*"] }), exchange());
    assert.equal(open.reply.headers.get("access-control-allow-methods"), "*");
    const closed = await run(compilePolicy(cors, { allowOrigins: ["*"], allowMethods: ["*"], allowCredentials: true }), exchange());
    assert.equal(closed.reply.headers.has("access-control-allow-methods"), false);
  });

  it("answers OPTIONS without Access-Control-Request-Method of an allowed origin, and proxies that of another", async () => {
    const policy = compilePolicy(cors, { allowOrigins: [app] });
    const allowed = await run(policy, testExchange({ method: "OPTIONS", headers: { origin: app } }));
    assert.deepEqual([allowed.calls, allowed.reply.status], [0, 200]);
    const other = await run(policy, testExchange({ method: "OPTIONS", headers: { origin: "https://evil.example" } }));
    assert.deepEqual([other.calls, fields(other.reply)], [1, {}]);
  });

  it("answers the preflight of another origin with 200 and no fields", async () => {
    const { reply, calls } = await run(compilePolicy(cors, { allowOrigins: [app] }), preflight("https://evil.example"));
    assert.deepEqual([calls, reply.status, fields(reply)], [0, 200, {}]);
  });

  it("puts fields on error replies", async () => {
    const { reply } = await run(
      compilePolicy(cors, { allowOrigins: [app] }),
      testExchange({ method: "POST", headers: { origin: app } }),
      () => {
        throw new GatewayError("forbidden");
      },
    );
    assert.equal(reply.status, 403);
    assert.equal(reply.headers.get("access-control-allow-origin"), app);
  });

  it("replaces the backend's own fields and keeps its Vary", async () => {
    const backend = () => new Reply(200, new HeaderList(["access-control-allow-origin", "*", "vary", "accept, origin"]));
    const { reply } = await run(compilePolicy(cors, { allowOrigins: [app] }), testExchange({ headers: { origin: app } }), backend);
    assert.deepEqual(fields(reply), { "access-control-allow-origin": app, vary: "accept, origin" });
  });

  it("warns about credentials for everyone and about entries that match nothing", () => {
    const context = testContext();
    compilePolicy(cors, { allowOrigins: ["*"], allowCredentials: true }, context);
    compilePolicy(cors, { allowOrigins: ["app.example.com"] }, context);
    assert.equal(context.warnings.length, 2);
    assert.match(context.warnings[1]!, /matches nothing/);
  });
});

describe("origins", () => {
  const cases: [allowed: string, origin: string, expected: boolean][] = [
    ["http://example.com:80", "http://example.com", true],
    ["https://example.com", "https://example.com:443", true],
    ["https://EXAMPLE.com", "https://example.COM", true],
    ["https://example.com", "http://example.com", false],
    ["https://example.com", "https://example.com:8443", false],
    ["https://*.example.com", "https://a.b.example.com", true],
    ["https://*.example.com", "https://example.com", false],
    ["https://*.example.com", "https://evil-example.com", false],
    ["https://*.example.com", "https://a.example.com.evil.org", false],
    ["https://*.com:8443", "https://foo.com:8443", true],
    ["https://*.com", "https://foo.com:8443", false],
    ["https://*", "https://service.internal", true],
    ["http://*", "https://service.internal", false],
    ["https://a*b*c.com", "https://axxbyyc.com", true],
    ["https://a*bb*b.com", "https://abb.com", false],
    ["http://[::1]:3000", "http://[::1]:3000", true],
    ["https://*.example.com", "https://*.example.com", false],
    ["https://example.com", "null", false],
    ["https://example.com", "https://example.com/", false],
    ["https://example.com", "https://user@example.com", false],
    ["https://example.com", "", false],
  ];
  for (const [allowed, origin, expected] of cases) {
    it(`${allowed} ${expected ? "allows" : "does not allow"} ${origin || "an empty origin"}`, () => {
      assert.equal(compileOrigins([allowed], () => {})(origin), expected);
    });
  }

  it("allows everything, null included, for *", () => {
    assert.equal(compileOrigins(["https://example.com", "*"], () => {})("null"), true);
  });

  it("never throws, and reads only http and https with a host", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `https://${text}`),
        ),
        (text) => {
          const origin = parseOrigin(text);
          compileOrigins(["https://*.a.example", "https://b*c.example"], () => {})(text);
          if (origin !== undefined) assert.match(origin.host, /^[^/?#@\s]+$/);
        },
      ),
    );
  });
});
