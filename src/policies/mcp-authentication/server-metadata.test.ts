import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../contract/errors.ts";
import { adaptMetadata, facadeMode, type FacadeSettings } from "./facade.ts";
import { profileOf, type ProviderName, providers } from "./providers.ts";
import { isLoopback, parseServerMetadata, trustedEndpoint } from "../../upstream/server-metadata.ts";

const front = {
  issuer: "https://gw.test/mcp",
  registration: "https://gw.test/as/mcp/client-registration",
  authorize: "https://gw.test/as/mcp/authorize",
  token: "https://gw.test/as/mcp/token",
  callback: "https://gw.test/as/mcp/callback",
};
const settings = (name: ProviderName | undefined, more: Partial<FacadeSettings> = {}): FacadeSettings => ({
  profile: profileOf(name),
  issuer: "https://idp.test/tenant",
  audience: "api://mcp",
  clientId: undefined,
  clientSecret: undefined,
  allows: undefined,
  ...more,
});
const document = {
  issuer: "https://idp.test/tenant",
  authorization_endpoint: "https://idp.test/authorize",
  token_endpoint: "https://idp.test/token",
  registration_endpoint: "https://idp.test/register",
  unknown_to_us: [1],
};
const announcing = { ...document, authorization_response_iss_parameter_supported: true };

describe("trustedEndpoint", () => {
  const cases: [endpoint: unknown, issuer: string, trusted: boolean][] = [
    ["https://login.idp.test/token", "https://idp.test/", true],
    ["http://idp.test/token", "https://idp.test/", false],
    ["http://keycloak:8080/token", "http://keycloak:8080/realms/a", true],
    ["http://keycloak:8081/token", "http://keycloak:8080/realms/a", false],
    ["http://127.0.0.1:9/token", "http://localhost:9000", true],
    ["http://127.0.0.1:9/token", "https://idp.test", false],
    ["https://localhost/token", "https://idp.test", false],
    ["https://10.0.0.1/token", "https://idp.test", false],
    ["https://[fd00::1]/token", "https://idp.test", false],
    ["https://[::ffff:192.168.0.1]/token", "https://idp.test", false],
    ["https://0x7f.1/token", "https://idp.test", false],
    ["https://169.254.169.254/latest", "https://idp.test", false],
    ["https://localhost./token", "https://idp.test", false],
    ["https://[64:ff9b::a00:1]/token", "https://idp.test", false],
    [`https://idp.test/${"x".repeat(2_048)}`, "https://idp.test", false],
    ["https://9.9.9.9/token", "https://idp.test", true],
    ["https://user:pw@idp.test/token", "https://idp.test", false],
    ["https://idp.test/token#x", "https://idp.test", false],
    ["file:///etc/passwd", "https://idp.test", false],
    ["ftp://localhost/x", "http://localhost", false],
    ["/token", "https://idp.test", false],
    [["https://idp.test"], "https://idp.test", false],
    [undefined, "https://idp.test", false],
  ];
  for (const [endpoint, issuer, trusted] of cases) {
    it(`${trusted ? "follows" : "does not follow"} ${String(endpoint).slice(0, 60)} from ${issuer}`, () => {
      assert.equal(trustedEndpoint({ token_endpoint: endpoint }, "token_endpoint", issuer), trusted ? endpoint : undefined);
    });
  }

  it("knows the own machine", () => {
    assert.deepEqual(["localhost", "a.localhost", "localhost.", "127.9.9.9", "[::1]"].filter(isLoopback).length, 5);
    assert.deepEqual(["localhost.evil.test", "127.0.0.1.evil.test", "[::2]", "128.0.0.1"].filter(isLoopback), []);
  });
});

describe("adaptMetadata", () => {
  const adapted = (metadata: Record<string, unknown>, given: FacadeSettings): Record<string, unknown> =>
    JSON.parse(adaptMetadata(metadata, facadeMode(metadata, given), front, given)) as Record<string, unknown>;
  const audience = { authorization_endpoint: "https://idp.test/authorize?audience=api://mcp" };
  const registration = { registration_endpoint: front.registration };
  const changes: Record<ProviderName, Record<string, unknown>> = {
    auth0: audience,
    okta: { ...audience, ...registration },
    keycloak: registration,
    descope: registration,
    authentik: registration,
    entra: {
      ...registration,
      authorization_endpoint: front.authorize,
      token_endpoint: front.token,
      code_challenge_methods_supported: ["S256"],
    },
  };
  for (const [name, change] of Object.entries(changes) as [ProviderName, Record<string, unknown>][]) {
    it(`changes for ${name} what it must, and nothing else`, () => {
      assert.deepEqual(adapted(document, settings(name)), { ...document, issuer: front.issuer, ...change });
    });
  }

  it("adds the audience to a query, encoded", () => {
    const own = { ...document, authorization_endpoint: "https://idp.test/authorize?p=1" };
    const { authorization_endpoint: endpoint } = adapted(own, settings("auth0", { audience: "a b&c=d#é" }));
    assert.equal(endpoint, "https://idp.test/authorize?p=1&audience=a%20b%26c%3Dd%23%C3%A9");
  });

  it("names its own registration endpoint wherever that can register somebody", () => {
    const { registration_endpoint: _, ...without } = document;
    assert.equal(adapted(without, settings("keycloak"))["registration_endpoint"], undefined);
    assert.equal(adapted(without, settings("authentik"))["registration_endpoint"], front.registration);
    assert.equal(adapted(without, settings("keycloak", { clientId: "c" }))["registration_endpoint"], front.registration);
    assert.equal(adapted(document, settings("auth0", { allows: () => true }))["registration_endpoint"], front.registration);
  });

  it("leaves no way around the relay", () => {
    const given = settings("keycloak", { allows: () => true });
    const relayed = adapted(
      { ...announcing, client_id_metadata_document_supported: true, pushed_authorization_request_endpoint: "https://idp.test/par" },
      given,
    );
    assert.deepEqual(relayed, {
      ...announcing,
      ...registration,
      issuer: front.issuer,
      authorization_endpoint: front.authorize,
      token_endpoint: front.token,
      response_modes_supported: ["query"],
    });
  });

  it("never publishes anything but an object under its own name, or fails as an upstream", () => {
    const provider = fc.constantFrom(undefined, ...(Object.keys(providers) as ProviderName[]));
    const member = fc.oneof(fc.jsonValue(), fc.webUrl());
    const metadata = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record(
          { authorization_endpoint: member, token_endpoint: member, registration_endpoint: member, issuer: member },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(metadata, provider, fc.boolean(), (text, name, relays) => {
        const parsed = parseServerMetadata(text);
        if (parsed === undefined) return;
        const given = settings(name, relays ? { allows: () => true } : {});
        try {
          const published = JSON.parse(adaptMetadata(parsed, facadeMode(parsed, given), front, given)) as Record<string, unknown>;
          assert.equal(published["issuer"], front.issuer);
        } catch (thrown) {
          assert.ok(thrown instanceof GatewayError, String(thrown));
          assert.deepEqual([thrown.code, thrown.status], ["upstream_failed", 500]);
        }
      }),
    );
  });
});

describe("facadeMode", () => {
  const cases: [what: string, metadata: Record<string, unknown>, given: FacadeSettings, mode: string][] = [
    ["no iss", document, settings("keycloak", { allows: () => true }), "plain"],
    ["iss and a list", announcing, settings("auth0", { allows: () => true }), "relay"],
    ["iss, no list, nothing to add", announcing, settings("keycloak"), "direct"],
    ["iss, no list, a client id to hand out", announcing, settings("keycloak", { clientId: "c" }), "mismatch"],
    ["iss, no list, an audience to add", announcing, settings("okta"), "mismatch"],
    ["iss, no list, nobody registers", { ...announcing, registration_endpoint: undefined }, settings("keycloak"), "mismatch"],
    [
      "iss announced by something that is not true",
      { ...document, authorization_response_iss_parameter_supported: "true" },
      settings("okta"),
      "plain",
    ],
  ];
  for (const [what, metadata, given, mode] of cases) it(`${mode}: ${what}`, () => assert.equal(facadeMode(metadata, given), mode));
});

it("metadata that is none is told apart", () => {
  for (const text of ["", "[]", "null", "1", "{", '"{}"']) assert.equal(parseServerMetadata(text), undefined);
});
