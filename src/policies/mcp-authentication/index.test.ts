import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { bodyText, compilePolicy, fields, run, testContext, testExchange, type TestRequest } from "../../../test/policy-harness.ts";
import { testIssuer } from "../../../test/tokens.ts";
import { mcpAuthentication } from "./index.ts";

const issuer = testIssuer("k1");
const { clock } = testContext();
const claims = { iss: "https://issuer.test", aud: "mcp", exp: clock.now / 1000 + 300 };
const token = issuer.token(claims);
const bad = issuer.token({ ...claims, aud: "other" });
const config = { issuer: "https://issuer.test", audiences: ["mcp"], jwks: issuer.jwks, resourceMetadata: { scopesSupported: ["read"] } };
const bearer = (credential: string): TestRequest => ({ path: "/mcp", headers: { authorization: `Bearer ${credential}` } });
const required = '{"error":"unauthorized","error_description":"JWT token required"}';

describe("mcpAuthentication", () => {
  const modes: [mode: string | undefined, credential: string | undefined, status: number][] = [
    [undefined, token, 200],
    [undefined, undefined, 401],
    [undefined, bad, 401],
    ["optional", undefined, 200],
    ["optional", bad, 401],
    ["permissive", undefined, 200],
    ["permissive", bad, 200],
  ];
  for (const [mode, credential, status] of modes) {
    it(`answers ${status} to ${credential === undefined ? "no" : credential === token ? "a good" : "a bad"} token in mode ${mode ?? "default"}`, async () => {
      const policy = compilePolicy(mcpAuthentication, mode === undefined ? config : { ...config, mode });
      const { reply } = await run(policy, testExchange(credential === undefined ? { path: "/mcp" } : bearer(credential)));
      assert.equal(reply.status, status);
      if (status !== 401) return;
      assert.equal(await bodyText(reply), required);
      // no `error` without a token: some clients only begin to log in on a clean challenge
      const error = credential === undefined ? "" : ', error="invalid_token"';
      assert.deepEqual(fields(reply), {
        "content-type": "application/json",
        "www-authenticate": `Bearer resource_metadata="http://gateway.test/.well-known/oauth-protected-resource/mcp"${error}`,
      });
    });
  }

  it("fills the claims and takes the token away, from memory too", async () => {
    const policy = compilePolicy(mcpAuthentication, config);
    for (let i = 0; i < 2; i += 1) {
      const { exchange } = await run(policy, testExchange(bearer(token)));
      assert.deepEqual(exchange.identity.jwt, { claims, token });
      assert.deepEqual(fields(exchange.request), {});
    }
  });

  const origins: [why: string, resourceMetadata: object, request: TestRequest, url: string][] = [
    [
      "the scheme in front of a TLS terminator",
      {},
      { path: "/a/mcp", headers: { "x-forwarded-proto": "https" } },
      "https://gateway.test/.well-known/oauth-protected-resource/a/mcp",
    ],
    [
      "the configured resource's origin",
      { resource: "https://public.test:8443/base" },
      { path: "/mcp" },
      "https://public.test:8443/.well-known/oauth-protected-resource/mcp",
    ],
    ["no quotes that end the value", {}, { path: '/mcp"x' }, "http://gateway.test/.well-known/oauth-protected-resource/mcp%22x"],
    [
      "no scheme that is none",
      {},
      { path: "/mcp", headers: { "x-forwarded-proto": 'javascript"' } },
      "http://gateway.test/.well-known/oauth-protected-resource/mcp",
    ],
  ];
  for (const [why, resourceMetadata, request, url] of origins) {
    it(`names ${why} in the challenge`, async () => {
      const { reply } = await run(compilePolicy(mcpAuthentication, { ...config, resourceMetadata }), testExchange(request));
      assert.equal(reply.headers.get("www-authenticate"), `Bearer resource_metadata="${url}"`);
    });
  }

  it("refuses a request whose token an earlier policy has already used", async () => {
    const exchange = testExchange(bearer(token));
    exchange.identity.jwt = { claims: {}, token };
    const { reply } = await run(compilePolicy(mcpAuthentication, { ...config, mode: "permissive" }), exchange);
    assert.equal(reply.status, 401);
  });

  const documents: [path: string, resource: string][] = [
    ["/.well-known/oauth-protected-resource", "http://gateway.test"],
    ["/.well-known/oauth-protected-resource/mcp", "http://gateway.test/mcp"],
    ["/.well-known/oauth-protected-resource/a/b", "http://gateway.test/a/b"],
  ];
  for (const [path, resource] of documents) {
    it(`describes ${resource} at ${path}, to anybody`, async () => {
      const { reply, calls } = await run(compilePolicy(mcpAuthentication, config), testExchange({ path }));
      assert.deepEqual([calls, reply.status], [0, 200]);
      assert.deepEqual(JSON.parse(await bodyText(reply)), {
        resource,
        authorization_servers: ["https://issuer.test"],
        mcp_protocol_version: "2025-06-18",
        resource_type: "mcp-server",
        scopes_supported: ["read"],
      });
      assert.deepEqual(fields(reply), {
        "content-type": "application/json",
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, OPTIONS",
        "access-control-allow-headers": "content-type",
      });
    });
  }

  it("lets the configuration override what is computed", async () => {
    const resourceMetadata = { resource: "https://public.test/mcp", authorizationServers: ["https://a.test"] };
    const { reply } = await run(
      compilePolicy(mcpAuthentication, { ...config, resourceMetadata }),
      testExchange({ path: "/.well-known/oauth-protected-resource/mcp" }),
    );
    const document = JSON.parse(await bodyText(reply)) as Record<string, unknown>;
    assert.deepEqual([document["resource"], document["authorization_servers"]], ["https://public.test/mcp", ["https://a.test"]]);
  });

  it("protects paths that only begin like the well-known ones", async () => {
    const { reply } = await run(compilePolicy(mcpAuthentication, config), testExchange({ path: "/.well-known/oauth-protected-resources" }));
    assert.equal(reply.status, 401);
  });

  it("passes the issuer's metadata on", async () => {
    const document = '{"issuer":"x","registration_endpoint":"https://x/register"}';
    const server = createServer((request, response) => {
      assert.equal(request.url, "/.well-known/oauth-authorization-server/realm");
      response.end(document);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const own = { ...config, issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm` };
      const { reply } = await run(
        compilePolicy(mcpAuthentication, own),
        testExchange({ path: "/.well-known/oauth-authorization-server/mcp" }),
      );
      assert.deepEqual([reply.status, await bodyText(reply), reply.headers.get("access-control-allow-origin")], [200, document, "*"]);
    } finally {
      server.close();
    }
  });

  it("finds the keys below the issuer when none are given, and fails at load when it is no URL", () => {
    const keys: string[] = [];
    const context = testContext({
      resources: {
        acquire(key) {
          keys.push(key);
          return { ready: Promise.resolve() } as never;
        },
      },
    });
    const { jwks: _, ...without } = config;
    compilePolicy(mcpAuthentication, { ...without, issuer: "https://issuer.test/" }, context);
    assert.deepEqual(keys, [
      "key-set https://issuer.test/.well-known/jwks.json",
      "authorization-server https://issuer.test/.well-known/oauth-authorization-server",
    ]);
    assert.throws(() => compilePolicy(mcpAuthentication, { ...without, issuer: "me" }), /must be a URL/);
  });
});
