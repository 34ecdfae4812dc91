import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { profileOf, type ProviderName } from "./providers.ts";

describe("provider URLs", () => {
  const rows: [
    name: ProviderName | undefined,
    issuer: string,
    metadata: string,
    keys: string,
    registration: string | RegExp | undefined,
  ][] = [
    [
      undefined,
      "https://a.test",
      "https://a.test/.well-known/oauth-authorization-server",
      "https://a.test/.well-known/jwks.json",
      undefined,
    ],
    [
      undefined,
      "https://a.test/x/y/",
      "https://a.test/.well-known/oauth-authorization-server/x/y",
      "https://a.test/x/y/.well-known/jwks.json",
      undefined,
    ],
    [
      "auth0",
      "https://t.auth0.test/",
      "https://t.auth0.test/.well-known/oauth-authorization-server",
      "https://t.auth0.test/.well-known/jwks.json",
      undefined,
    ],
    [
      "keycloak",
      "https://k.test/realms/demo",
      "https://k.test/realms/demo/.well-known/openid-configuration",
      "https://k.test/realms/demo/protocol/openid-connect/certs",
      "https://k.test/realms/demo/clients-registrations/openid-connect",
    ],
    [
      "okta",
      "https://t.okta.test/oauth2/default",
      "https://t.okta.test/oauth2/default/.well-known/openid-configuration",
      "https://t.okta.test/oauth2/default/.well-known/jwks.json",
      "https://t.okta.test/oauth2/v1/clients",
    ],
    [
      "descope",
      "https://api.descope.test/v1/apps/agentic/P/S",
      "https://api.descope.test/v1/apps/agentic/P/S/.well-known/openid-configuration",
      "https://api.descope.test/P/.well-known/jwks.json",
      "https://api.descope.test/v1/mgmt/mcp/client/P/S/register",
    ],
    [
      "descope",
      "https://api.descope.test/P",
      "https://api.descope.test/P/.well-known/openid-configuration",
      "https://api.descope.test/P/.well-known/jwks.json",
      /agentic issuer/,
    ],
    [
      "authentik",
      "https://k.test/application/o/mcp/",
      "https://k.test/application/o/mcp/.well-known/openid-configuration",
      "https://k.test/application/o/mcp/jwks/",
      /`clientId`/,
    ],
    [
      "entra",
      "https://login.microsoftonline.com/T/v2.0",
      "https://login.microsoftonline.com/T/v2.0/.well-known/openid-configuration",
      "https://login.microsoftonline.com/T/discovery/v2.0/keys",
      /`clientId`/,
    ],
    [
      "entra",
      "https://sts.windows.net/T/",
      "https://login.microsoftonline.com/T/v2.0/.well-known/openid-configuration",
      "https://login.microsoftonline.com/T/discovery/v2.0/keys",
      /`clientId`/,
    ],
    [
      "entra",
      "https://login.microsoftonline.us/T/v2.0",
      "https://login.microsoftonline.us/T/v2.0/.well-known/openid-configuration",
      "https://login.microsoftonline.us/T/discovery/v2.0/keys",
      /`clientId`/,
    ],
  ];
  for (const [name, issuer, metadata, keys, registration] of rows) {
    it(`${name ?? "no provider"}: ${issuer}`, () => {
      const profile = profileOf(name);
      assert.deepEqual([profile.metadataUrl(issuer), profile.keysUrl(issuer)], [metadata, keys]);
      if (registration instanceof RegExp) assert.throws(() => profile.registrationUrl(issuer), registration);
      else assert.equal(profile.registrationUrl(issuer), registration);
    });
  }

  it("needs a tenant for Entra", () => {
    assert.throws(() => profileOf("entra").keysUrl("https://login.microsoftonline.com/"), /tenant/);
  });
});
