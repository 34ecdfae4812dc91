import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { officialClients, redirectUri } from "./clients.ts";
import type { ProviderOptions } from "./fake-identity-provider.ts";
import { startRig } from "./rig.ts";
import { shapes } from "./shapes.ts";

/**
 * The official clients log in from nothing (401, discovery, registration, authorization, token, refresh) and call a tool,
 * with every provider. The modern one checks the issuer of metadata (RFC 8414) and of responses (RFC 9207).
 */

const fixed = { fixed: "api://mcp" };
const app = { app: { redirectUris: [redirectUri] } };
/** Knows the gateway alone. */
const behindGateway = { app: { redirectUris: [] } };
const redirectUris = ["http://127.0.0.1:*/callback"];

interface Case {
  readonly what: string;
  readonly provider: ProviderOptions;
  readonly config: Readonly<Record<string, unknown>>;
  /** A request that the provider must have had; "" = through the gateway there was none to register. */
  readonly registersAt: string | undefined;
  /** Who names himself in the authorization response. */
  readonly iss?: "provider" | "gateway";
}

const cases: readonly Case[] = [
  { what: "no provider", provider: { paths: shapes.plain, audience: fixed }, config: {}, registersAt: shapes.plain.register },
  {
    what: "no provider, which sends iss",
    provider: { paths: shapes.plain, audience: fixed, sendsIssuer: true },
    config: {},
    registersAt: shapes.plain.register,
    iss: "provider",
  },
  {
    what: "auth0",
    provider: { paths: shapes.auth0, audience: "audience parameter" },
    config: { provider: { auth0: {} } },
    registersAt: shapes.auth0.register,
  },
  {
    what: "okta",
    provider: { paths: shapes.okta, audience: "audience parameter", scopeClaim: "scp" },
    config: { provider: { okta: {} } },
    registersAt: shapes.okta.register,
  },
  {
    what: "keycloak that sends no iss",
    provider: { paths: shapes.keycloak, audience: fixed },
    config: { provider: { keycloak: {} } },
    registersAt: shapes.keycloak.register,
  },
  {
    what: "keycloak, direct",
    provider: { paths: shapes.keycloak, audience: fixed, sendsIssuer: true },
    config: { provider: { keycloak: {} } },
    registersAt: shapes.keycloak.register,
    iss: "provider",
  },
  {
    what: "keycloak, relayed",
    provider: { paths: shapes.keycloak, audience: fixed, sendsIssuer: true },
    config: { provider: { keycloak: {} }, redirectUris },
    registersAt: shapes.keycloak.register,
    iss: "gateway",
  },
  {
    what: "keycloak, relayed, with a client of its own",
    provider: { paths: shapes.keycloak, audience: fixed, sendsIssuer: true, clients: behindGateway },
    config: { provider: { keycloak: {} }, redirectUris, clientId: "app" },
    registersAt: undefined,
    iss: "gateway",
  },
  {
    what: "auth0, relayed",
    provider: { paths: shapes.auth0, audience: "audience parameter", sendsIssuer: true },
    config: { provider: { auth0: {} }, redirectUris },
    registersAt: shapes.auth0.register,
    iss: "gateway",
  },
  {
    what: "descope",
    provider: { paths: shapes.descope, audience: "resource" },
    config: { provider: { descope: {} }, audiences: [] },
    registersAt: shapes.descope.register,
  },
  {
    what: "authentik",
    provider: { paths: shapes.authentik, audience: { fixed: "app" }, clients: app },
    config: { provider: { authentik: {} }, clientId: "app", audiences: ["app"] },
    registersAt: undefined,
  },
  {
    what: "entra",
    provider: {
      paths: shapes.entra,
      audience: fixed,
      refusesResource: true,
      clients: { app: { ...app.app, secret: "s3cret" } },
      scopeClaim: "scp",
    },
    config: { provider: { entra: {} }, clientId: "app", clientSecret: "s3cret", redirectUris },
    registersAt: undefined,
  },
];

for (const [sdk, connect] of Object.entries(officialClients)) {
  describe(sdk, () => {
    for (const { what, provider, config, registersAt, iss } of cases) {
      test(what, async () => {
        const rig = await startRig(provider, config);
        try {
          rig.provider.allow("app", `${rig.origin}/.well-known/oauth-authorization-server/mcp/callback`);
          const client = await connect(`${rig.origin}/mcp`);
          assert.deepEqual(await client.tools(), ["read", "write"]);
          assert.match(await client.call("read"), /called read/);
          const registered = rig.provider.requests.filter((request) => request === `POST ${registersAt}`);
          assert.equal(registered.length, registersAt === undefined ? 0 : 1);
          const issuer = { provider: rig.provider.issuer, gateway: `${rig.origin}/mcp` };
          assert.equal(client.response.get("iss"), iss === undefined ? null : issuer[iss]);
          assert.equal(client.response.get("state"), "state of/the client+");
          assert.deepEqual(new Set(rig.tools.authorizations), new Set([undefined]), "the token stays here");

          // an expired token: the client refreshes it without a login
          const { login } = client;
          login.saved.tokens = { ...login.saved.tokens, access_token: "expired.expired.expired" };
          assert.deepEqual(await client.tools(), ["read", "write"]);
          assert.equal(login.visited.length, 1);
          assert.equal(rig.provider.tokenRequests.at(-1)?.get("grant_type"), "refresh_token");
          await client.close();
        } finally {
          await rig.close();
        }
      });
    }

    test("a server address that ends with a slash", async () => {
      const rig = await startRig({ paths: shapes.descope, audience: "resource" }, { provider: { descope: {} }, audiences: [] });
      try {
        const client = await connect(`${rig.origin}/mcp/`);
        assert.equal(client.login.visited[0]?.searchParams.get("resource"), `${rig.origin}/mcp/`);
        assert.deepEqual(await client.tools(), ["read", "write"]);
        await client.close();
      } finally {
        await rig.close();
      }
    });
  });
}

test("a call that needs more logs in for more: SDK 2", async () => {
  const requiredScopes = ["tools", { scopes: ["write"], when: 'request.method == "POST" && request.body.contains("\\"write\\"")' }];
  const rig = await startRig(
    { paths: shapes.keycloak, audience: fixed, sendsIssuer: true },
    { provider: { keycloak: {} }, redirectUris, requiredScopes },
  );
  try {
    const connect = officialClients["SDK 2"];
    assert.ok(connect);
    const client = await connect(`${rig.origin}/mcp`);
    assert.equal(client.login.visited[0]?.searchParams.get("scope"), "tools");
    assert.match(await client.call("read"), /called read/);
    assert.match(await client.call("write"), /called write/);
    assert.deepEqual(
      client.login.visited.map((page) => page.searchParams.get("scope")),
      ["tools", "tools write"],
    );
    await client.close();
  } finally {
    await rig.close();
  }
});

test("where iss cannot be right, a client that checks it refuses, and the log says what to do", async () => {
  const rig = await startRig(
    { paths: shapes.keycloak, audience: fixed, sendsIssuer: true, clients: app },
    { provider: { keycloak: {} }, clientId: "app" },
  );
  try {
    await assert.rejects(officialClients["SDK 2"]!(`${rig.origin}/mcp`), { name: "IssuerMismatchError" });
    const log = await rig.gateway.output();
    assert.match(log, /set mcpAuthentication\.redirectUris/);
    assert.ok(log.includes(`${rig.origin}/.well-known/oauth-authorization-server/mcp/callback`));
    const client = await officialClients["SDK 1"]!(`${rig.origin}/mcp`); // does not check
    assert.deepEqual(await client.tools(), ["read", "write"]);
    await client.close();
  } finally {
    await rig.close();
  }
});
