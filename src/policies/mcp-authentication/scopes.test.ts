import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bodyText, compilePolicy, fields, run, testContext, testExchange, type TestRequest } from "../../../test/policy-harness.ts";
import { testIssuer } from "../../../test/tokens.ts";
import { mcpAuthentication } from "./index.ts";
import { scopesIn } from "./scopes.ts";

const issuer = testIssuer("k1");
const { clock } = testContext();
const base = { issuer: "https://issuer.test", audiences: ["mcp"], jwks: issuer.jwks, resourceMetadata: {} };
const token = (more: Record<string, unknown>): string =>
  issuer.token({ iss: base.issuer, aud: "mcp", exp: clock.now / 1000 + 300, ...more });
const call = (name: string, id: unknown = 7): string => JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
const request = (claims: Record<string, unknown>, more: TestRequest = {}): TestRequest => ({
  method: "POST",
  path: "/mcp",
  body: call("read"),
  ...more,
  headers: { authorization: `Bearer ${token(claims)}`, ...more.headers },
});
const perTool = [
  "mcp:tools",
  { scopes: ["files:write", "mcp:tools"], when: 'request.method == "POST" && json(request.body).params.name == "write"' },
];

describe("requiredScopes", () => {
  const held: [what: string, claims: Record<string, unknown>, status: number][] = [
    ["in scope, a text", { scope: "a mcp:tools b" }, 200],
    ["in scope, a list", { scope: ["a", "mcp:tools"] }, 200],
    ["in scp, a text", { scp: "mcp:tools" }, 200],
    ["in scp, a list", { scp: ["mcp:tools"] }, 200],
    ["as part of another word", { scope: "mcp:tools:read" }, 403],
    ["in a claim of another kind", { scope: { "mcp:tools": true }, scp: 1 }, 403],
    ["nowhere", {}, 403],
  ];
  for (const [what, claims, status] of held) {
    it(`answers ${status} when the scope is ${what}`, async () => {
      const { reply, calls } = await run(
        compilePolicy(mcpAuthentication, { ...base, requiredScopes: ["mcp:tools"] }),
        testExchange(request(claims)),
      );
      assert.deepEqual([reply.status, calls], [status, status === 200 ? 1 : 0]);
    });
  }

  it("names all scopes of the operation in the challenge, and tells a person what to do", async () => {
    const policy = compilePolicy(mcpAuthentication, { ...base, requiredScopes: perTool });
    const exchange = testExchange(request({ scope: "mcp:tools" }, { body: call("write"), headers: { origin: "https://app.test" } }));
    const { reply } = await run(policy, exchange);
    assert.equal(reply.status, 403);
    assert.deepEqual(fields(reply), {
      "content-type": "application/json",
      "www-authenticate":
        'Bearer error="insufficient_scope", scope="mcp:tools files:write", resource_metadata="http://gateway.test/.well-known/oauth-protected-resource/mcp"',
      "access-control-expose-headers": "WWW-Authenticate",
    });
    const { jsonrpc, id, error } = JSON.parse(await bodyText(reply)) as { jsonrpc: string; id: number; error: Record<string, unknown> };
    assert.deepEqual([jsonrpc, id, error["code"]], ["2.0", 7, -32003]);
    assert.match(String(error["message"]), /mcp:tools files:write.* Log in .* again/);
    assert.deepEqual(error["data"], { error: "insufficient_scope", scope: "mcp:tools files:write" });
    assert.equal(exchange.error?.code, "insufficient_scope");
  });

  const others: [what: string, more: TestRequest][] = [
    ["a notification", { body: JSON.stringify({ jsonrpc: "2.0", method: "tools/call", params: { name: "read" } }) }],
    ["no JSON", { body: "x" }],
    ["a GET", { method: "GET", body: "" }],
    ["an id that is none", { body: call("read", null) }],
    ["a body over the bound", { body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "x", params: "y".repeat(1_100_000) }) }],
  ];
  for (const [what, more] of others) {
    it(`answers ${what} with an OAuth error`, async () => {
      const { reply } = await run(
        compilePolicy(mcpAuthentication, { ...base, requiredScopes: ["a", "b"] }),
        testExchange(request({}, more)),
      );
      const { error, scope } = JSON.parse(await bodyText(reply)) as Record<string, unknown>;
      assert.deepEqual([reply.status, error, scope], [403, "insufficient_scope", "a b"]);
    });
  }

  it("asks for more only under the condition, and for all of it when the condition fails", async () => {
    const policy = compilePolicy(mcpAuthentication, { ...base, requiredScopes: perTool });
    const statuses: number[] = [];
    for (const more of [
      { body: call("read") },
      { body: call("write") },
      { body: "not JSON" },
      { body: "[]" },
      { method: "GET", body: "" },
    ]) {
      statuses.push((await run(policy, testExchange(request({ scope: "mcp:tools" }, more)))).reply.status);
    }
    assert.deepEqual(statuses, [200, 403, 403, 403, 200]);
  });

  it("leaves a streamed body alone where no condition reads it", async () => {
    const exchange = testExchange(request({ scope: "a" }));
    await run(compilePolicy(mcpAuthentication, { ...base, requiredScopes: ["a"] }), exchange);
    assert.equal(exchange.body.collected, undefined);
  });

  it("hints at them in the 401 and in the resource's description", async () => {
    const policy = compilePolicy(mcpAuthentication, { ...base, requiredScopes: perTool });
    const { reply } = await run(policy, testExchange({ path: "/mcp" }));
    assert.equal(
      reply.headers.get("www-authenticate"),
      'Bearer resource_metadata="http://gateway.test/.well-known/oauth-protected-resource/mcp", scope="mcp:tools"',
    );
    const described = await run(policy, testExchange({ path: "/.well-known/oauth-protected-resource/mcp" }));
    assert.deepEqual((JSON.parse(await bodyText(described.reply)) as Record<string, unknown>)["scopes_supported"], ["mcp:tools"]);
  });

  it("is asked of tokens alone: no token passes in optional mode, and nobody is refused in permissive", async () => {
    const optional = compilePolicy(mcpAuthentication, { ...base, mode: "optional", requiredScopes: ["a"] });
    assert.equal((await run(optional, testExchange({ path: "/mcp" }))).reply.status, 200);
    assert.equal((await run(optional, testExchange(request({})))).reply.status, 403);
    const permissive = compilePolicy(mcpAuthentication, { ...base, mode: "permissive", requiredScopes: ["a"] });
    assert.equal((await run(permissive, testExchange(request({})))).reply.status, 200);
  });

  it("takes Entra's short names for scopes that are requested with the application's URI", async () => {
    const entra = {
      ...base,
      issuer: "https://login.test/tenant/v2.0",
      provider: { entra: {} },
      clientId: "app",
      requiredScopes: ["api://app/tools.read"],
    };
    const { reply } = await run(compilePolicy(mcpAuthentication, entra), testExchange(request({ iss: entra.issuer, scp: "tools.read" })));
    assert.equal(reply.status, 200);
  });

  for (const scope of ["", "a b", 'a"b', "a\\b", "ü", "a\n"]) {
    it(`does not take ${JSON.stringify(scope)} for a scope`, () => {
      assert.equal(mcpAuthentication.config.safeParse({ ...base, requiredScopes: [scope] }).success, false);
    });
  }

  it("ignores what is no text", () => assert.deepEqual([...scopesIn({ scope: ["a", 1, null, "b  c"], scp: [["d"]] })], ["a", "b", "c"]));
});
