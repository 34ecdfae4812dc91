import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compilePolicy, fields, run, runBackend, testExchange } from "../../test/policy-harness.ts";
import type { Exchange } from "../contract/exchange.ts";
import { splitAuthority } from "./location.ts";
import { requestRedirect } from "./request-redirect/index.ts";
import { urlRewrite } from "./url-rewrite/index.ts";

function onRoute(matchedPrefix: string | undefined, exchange: Exchange): Exchange {
  exchange.route = { route: "r", routeRule: undefined, pathPattern: undefined, matchedPrefix };
  return exchange;
}

describe("urlRewrite", () => {
  const prefixes: [matched: string, path: string, replacement: string, expected: string][] = [
    ["/foo", "/foo/x", "/bar", "/bar/x"],
    ["/foo", "/foo", "/bar", "/bar"],
    ["/foo", "/foo/", "/bar", "/bar/"],
    ["/foo", "/foo/x", "/", "/x"],
    ["/foo", "/foo", "/", "/"],
    ["/foo/", "/foo", "/bar", "/bar"],
    ["/", "/x/y", "/bar", "/bar/x/y"],
    ["/", "/", "/bar", "/bar"],
    ["/foo", "/foo/x", "/bar/", "/bar/x"],
    ["/foo", "/foo/x", "", "/x"],
  ];
  for (const [matched, path, prefix, expected] of prefixes) {
    it(`turns ${path}, matched by ${matched}, into ${expected} for prefix "${prefix}"`, async () => {
      const exchange = onRoute(matched, testExchange({ path, search: "?a=%20b" }));
      await run(compilePolicy(urlRewrite, { path: { prefix } }), exchange);
      assert.equal(exchange.request.path + exchange.request.search, `${expected}?a=%20b`);
      assert.equal(exchange.incoming.path, path);
    });
  }

  it("replaces the whole path and keeps the query behind one of its own", async () => {
    const exchange = testExchange({ path: "/a", search: "?q=1" });
    await run(compilePolicy(urlRewrite, { path: { full: "/b/c?fixed=1" } }), exchange);
    assert.equal(exchange.request.path + exchange.request.search, "/b/c?fixed=1&q=1");
  });

  it("fails clearly when a prefix is to be replaced on a route that matches otherwise", async () => {
    const { reply, exchange } = await run(compilePolicy(urlRewrite, { path: { prefix: "/x" } }), onRoute(undefined, testExchange()));
    assert.equal(reply.status, 500);
    assert.match(exchange.error?.message ?? "", /pathPrefix/);
  });

  const authorities: [config: unknown, expected: string, rewriteAuthority: boolean][] = [
    [{ full: "api.test:99" }, "api.test:99", false],
    [{ host: "api.test" }, "api.test", false],
    [{ port: 81 }, "gateway.test:81", false],
    [{ port: 80 }, "gateway.test", false],
    ["none", "gateway.test:8080", false],
    ["auto", "gateway.test:8080", true],
    [undefined, "gateway.test:8080", true],
  ];
  for (const [authority, expected, rewriteAuthority] of authorities) {
    it(`leaves ${expected} for authority ${JSON.stringify(authority)}`, async () => {
      const exchange = testExchange({ authority: "gateway.test:8080" });
      await run(compilePolicy(urlRewrite, authority === undefined ? {} : { authority }), exchange);
      assert.deepEqual([exchange.request.authority, exchange.rewriteAuthority], [expected, rewriteAuthority]);
    });
  }
});

describe("requestRedirect", () => {
  const cases: [config: Record<string, unknown>, location: string][] = [
    [{}, "http://gateway.test:8080/a/b?q=1"],
    [{ scheme: "https" }, "https://gateway.test:8080/a/b?q=1"],
    [{ scheme: "https", authority: { host: "www.test" } }, "https://www.test/a/b?q=1"],
    [{ authority: { host: "www.test" } }, "http://www.test:8080/a/b?q=1"],
    [{ authority: { full: "www.test:1" } }, "http://www.test:1/a/b?q=1"],
    [{ authority: { port: 80 } }, "http://gateway.test/a/b?q=1"],
    [{ scheme: "https", authority: { port: 80 } }, "https://gateway.test:80/a/b?q=1"],
    [{ scheme: "https", authority: { port: 443 } }, "https://gateway.test/a/b?q=1"],
    [{ path: { full: "/new" } }, "http://gateway.test:8080/new?q=1"],
    [{ path: { prefix: "/new" } }, "http://gateway.test:8080/new/b?q=1"],
  ];
  for (const [config, location] of cases) {
    it(`${JSON.stringify(config)} leads to ${location}`, async () => {
      const exchange = onRoute("/a", testExchange({ authority: "gateway.test:8080", path: "/a/b", search: "?q=1" }));
      const { reply, calls } = await run(compilePolicy(requestRedirect, config), exchange);
      assert.deepEqual([calls, reply.status, fields(reply)], [0, 302, { location }]);
    });
  }

  it("uses the status of the configuration, also in front of a backend", async () => {
    const { reply, calls } = await runBackend(requestRedirect, { status: 308, path: { full: "/x" } });
    assert.deepEqual([calls, reply.status, fields(reply)], [0, 308, { location: "http://gateway.test/x" }]);
  });
});

describe("splitAuthority", () => {
  it("knows names, addresses and ports", () => {
    assert.deepEqual(splitAuthority("a.test"), { host: "a.test", port: undefined });
    assert.deepEqual(splitAuthority("a.test:81"), { host: "a.test", port: 81 });
    assert.deepEqual(splitAuthority("[::1]"), { host: "[::1]", port: undefined });
    assert.deepEqual(splitAuthority("[::1]:81"), { host: "[::1]", port: 81 });
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => splitAuthority(text).host.length <= text.length));
  });
});
