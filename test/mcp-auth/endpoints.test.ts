import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ProviderOptions } from "./fake-identity-provider.ts";
import { type Rig, startRig } from "./rig.ts";
import { shapes } from "./shapes.ts";

/** What the gateway answers below the well-known paths, without a client that behaves. */

const wellKnown = "/.well-known/oauth-authorization-server/mcp";
const loopback = "http://127.0.0.1:1234/callback";
const audience = { fixed: "api://mcp" };

function rigFor(options: ProviderOptions, config: Record<string, unknown>): { current: Rig } {
  const held = {} as { current: Rig };
  before(async () => void (held.current = await startRig(options, config)));
  after(() => held.current.close());
  return held;
}

async function register(
  { origin }: Rig,
  body: unknown,
  path = wellKnown,
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${origin}${path}/client-registration`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: text,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers };
}

describe("registration as the configured client", () => {
  const rig = rigFor({ paths: shapes.authentik, audience }, { provider: { authentik: {} }, clientId: "app" });
  const document = {
    client_id: "app",
    client_id_issued_at: 0,
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code"],
    response_types: ["code"],
  };

  const bodies: [body: unknown, redirectUris: unknown][] = [
    [{ redirect_uris: [loopback], client_id: "other", client_name: "x" }, [loopback]],
    [{ redirect_uris: "x" }, []],
    ["", []],
    ["{{{", []],
    [["not", "an", "object"], []],
  ];
  for (const [body, redirectUris] of bodies) {
    test(`gives the document for ${JSON.stringify(body)}`, async () => {
      const answer = await register(rig.current, body);
      assert.deepEqual([answer.status, answer.body], [201, { ...document, redirect_uris: redirectUris }]);
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
      assert.deepEqual(rig.current.provider.registrations, []);
    });
  }

  test("bounds the body, and is for POST", async () => {
    const { origin } = rig.current;
    const large = await fetch(`${origin}${wellKnown}/client-registration`, { method: "POST", body: "x".repeat(70_000) });
    assert.equal(large.status, 413);
    const get = await fetch(`${origin}${wellKnown}/client-registration`);
    assert.deepEqual([get.status, get.headers.get("allow")], [405, "POST"]);
    const preflight = await fetch(`${origin}${wellKnown}/client-registration`, { method: "OPTIONS" });
    assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-origin")], [204, "*"]);
    assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /POST/);
  });
});

describe("registration with an allow-list", () => {
  const rig = rigFor(
    { paths: shapes.keycloak, audience, sendsIssuer: true },
    { provider: { keycloak: {} }, redirectUris: ["http://127.0.0.1:*/callback"] },
  );
  const refused: [what: string, body: unknown, error: string][] = [
    ["another host", { redirect_uris: ["https://evil.test/callback"] }, "invalid_redirect_uri"],
    ["one good and one bad", { redirect_uris: [loopback, "https://evil.test/"] }, "invalid_redirect_uri"],
    ["something that is no list", { redirect_uris: loopback }, "invalid_redirect_uri"],
    ["something that is no text", { redirect_uris: [[loopback]] }, "invalid_redirect_uri"],
    [
      "a member of the same name before",
      '{"redirect_uris":["http://127.0.0.1:1/callback"],"redirect_uris":["https://evil.test/"]}',
      "invalid_redirect_uri",
    ],
    ["a software statement", { redirect_uris: [loopback], software_statement: "x.y.z" }, "unapproved_software_statement"],
    ["no JSON", "{", "invalid_client_metadata"],
  ];
  for (const [what, body, error] of refused) {
    test(`refuses ${what}`, async () => {
      const answer = await register(rig.current, body);
      assert.deepEqual([answer.status, answer.body["error"]], [400, error]);
      assert.deepEqual(rig.current.provider.registrations, []);
    });
  }

  test("registers the gateway's callback and answers with the client's own", async () => {
    const answer = await register(rig.current, { redirect_uris: [loopback], client_name: "x" });
    const callback = `${rig.current.origin}${wellKnown}/callback`;
    assert.deepEqual(rig.current.provider.registrations, [{ redirect_uris: [callback], client_name: "x" }]);
    assert.deepEqual([answer.status, answer.body["redirect_uris"], answer.body["client_name"]], [201, [loopback], "x"]);
  });

  const get = (path: string, query: Record<string, string>): Promise<Response> =>
    fetch(`${rig.current.origin}${wellKnown}${path}?${new URLSearchParams(query).toString()}`, { redirect: "manual" });
  const state = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

  for (const query of [{}, { redirect_uri: "https://evil.test/" }, { redirect_uri: "http://127.0.0.1:1@evil.test/callback" }]) {
    test(`authorize sends nobody on for ${JSON.stringify(query)}`, async () => {
      const response = await get("/authorize", query as Record<string, string>);
      assert.deepEqual([response.status, response.headers.get("location")], [400, null]);
    });
  }

  test("authorize refuses a redirect URI that is sent twice", async () => {
    const query = `redirect_uri=${encodeURIComponent(loopback)}&redirect_uri=${encodeURIComponent("https://evil.test/")}`;
    const response = await fetch(`${rig.current.origin}${wellKnown}/authorize?${query}`, { redirect: "manual" });
    assert.equal(response.status, 400);
  });

  test("the callback sends nobody to an address that is not listed, or for another provider", async () => {
    const iss = rig.current.provider.issuer;
    const bad: Record<string, string>[] = [
      { code: "c", iss, state: state(["https://evil.test/"]) },
      { code: "c", iss: "https://evil.test", state: state([loopback]) },
      { code: "c", state: state([loopback]) },
      { code: "c", iss },
      { code: "c", iss, state: "garbage" },
    ];
    for (const query of bad) {
      const response = await get("/callback", query);
      assert.deepEqual([response.status, response.headers.get("location")], [400, null], JSON.stringify(query));
    }
  });

  test("the callback passes errors on, with the client's state and our issuer", async () => {
    const { provider, origin } = rig.current;
    const response = await get("/callback", { error: "access_denied", iss: provider.issuer, state: state([loopback, "s 1"]) });
    assert.equal(response.status, 302);
    const location = new URL(response.headers.get("location") ?? "");
    assert.equal(location.origin + location.pathname, loopback);
    assert.deepEqual(Object.fromEntries(location.searchParams), { error: "access_denied", iss: `${origin}/mcp`, state: "s 1" });
    assert.deepEqual([response.headers.get("cache-control"), response.headers.get("referrer-policy")], ["no-store", "no-referrer"]);
  });
});

describe("Entra", () => {
  const clients = { app: { redirectUris: [loopback], secret: "s3cret" } };
  const rig = rigFor(
    { paths: shapes.entra, audience, refusesResource: true, clients },
    { provider: { entra: {} }, clientId: "app", clientSecret: "s3cret" },
  );
  async function token(form: Record<string, string> | string, headers: Record<string, string> = {}): Promise<URLSearchParams | undefined> {
    const { origin, provider } = rig.current;
    const before = provider.tokenRequests.length;
    const body = typeof form === "string" ? form : new URLSearchParams(form).toString();
    await fetch(`${origin}${wellKnown}/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body,
    });
    return provider.tokenRequests[before];
  }

  const grants: [what: string, form: Record<string, string>, secret: string | null, headers?: Record<string, string>][] = [
    ["a code", { grant_type: "authorization_code", client_id: "app" }, "s3cret"],
    ["a refresh token", { grant_type: "refresh_token", client_id: "app" }, "s3cret"],
    ["client credentials", { grant_type: "client_credentials", client_id: "app" }, null],
    ["an exchange", { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", client_id: "app" }, null],
    ["another client", { grant_type: "authorization_code", client_id: "other" }, null],
    ["no client", { grant_type: "authorization_code" }, null],
    ["a secret of its own", { grant_type: "authorization_code", client_id: "app", client_secret: "mine" }, "mine"],
    ["an assertion", { grant_type: "authorization_code", client_id: "app", client_assertion: "x" }, null],
    ["credentials in a header", { grant_type: "authorization_code", client_id: "app" }, null, { authorization: "Basic eDp5" }],
  ];
  for (const [what, form, secret, headers] of grants) {
    test(`${secret === "s3cret" ? "adds" : "does not add"} the secret to a request with ${what}`, async () => {
      const sent = await token({ ...form, resource: "https://gw.test/mcp", code: "x" }, headers);
      assert.deepEqual([sent?.get("client_secret"), sent?.has("resource"), sent?.get("code")], [secret, false, "x"]);
    });
  }

  test("refuses parameters that are sent twice", async () => {
    assert.equal(await token("grant_type=authorization_code&grant_type=client_credentials&client_id=app"), undefined);
    assert.equal(await token("grant_type=authorization_code&client_id=app&client_id=other"), undefined);
  });

  test("passes OAuth errors on as they are", async () => {
    const response = await fetch(`${rig.current.origin}${wellKnown}/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: "gone", client_id: "app" }),
    });
    assert.deepEqual([response.status, await response.json()], [400, { error: "invalid_grant" }]);
    assert.equal(response.headers.get("cache-control"), "no-store");
  });

  test("authorize keeps everything but `resource`", async () => {
    const { origin, provider } = rig.current;
    const response = await fetch(`${origin}${wellKnown}/authorize?client_id=abc&resource=https%3A%2F%2Fgw%2Fmcp&state=x%20y&resource=2`, {
      redirect: "manual",
    });
    assert.deepEqual(
      [response.status, response.headers.get("location")],
      [302, `${provider.origin}${shapes.entra.authorize}?client_id=abc&state=x%20y`],
    );
  });

  test("only the methods of OAuth", async () => {
    const { origin } = rig.current;
    assert.equal((await fetch(`${origin}${wellKnown}/token`)).status, 405);
    assert.equal((await fetch(`${origin}${wellKnown}/authorize`, { method: "POST" })).status, 405);
    assert.equal((await fetch(`${origin}${wellKnown}/callback`)).status, 404);
  });

  test("the secret is in no log", async () => assert.ok(!(await rig.current.gateway.output()).includes("s3cret")));
});

describe("without a provider to reach", () => {
  const rig = rigFor({ paths: shapes.keycloak, audience }, { provider: { keycloak: {} } });

  test("answers 500 in words that OAuth clients understand", async () => {
    rig.current.provider.close();
    const answer = await register(rig.current, { redirect_uris: [loopback] });
    assert.deepEqual([answer.status, answer.body["error"]], [500, "server_error"]);
    assert.equal((await fetch(rig.current.origin + wellKnown)).status, 500);
    const described = await fetch(`${rig.current.origin}/.well-known/oauth-protected-resource/mcp`);
    assert.deepEqual(((await described.json()) as Record<string, unknown>)["authorization_servers"], [`${rig.current.origin}/mcp`]);
  });
});

describe("a provider that registers nobody, without `clientId`", () => {
  const rig = rigFor({ paths: shapes.entra, audience }, { provider: { entra: {} } });

  test("says at load and at registration what to do", async () => {
    assert.match(rig.current.gateway.gateway.loaded.warnings.join(), /mcpAuthentication.*set `clientId` to an app registration/);
    const answer = await register(rig.current, {});
    assert.equal(answer.status, 500);
    assert.match(String(answer.body["error_description"]), /`clientId`/);
  });
});

describe("metadata", () => {
  const rig = rigFor({ paths: shapes.auth0, audience }, { provider: { auth0: {} } });

  test("is at the root and at the path, each under its own name, and open to pages", async () => {
    const { origin } = rig.current;
    for (const path of ["", "/mcp"]) {
      const resource = await fetch(`${origin}/.well-known/oauth-protected-resource${path}`);
      const described = (await resource.json()) as Record<string, unknown>;
      assert.deepEqual([described["resource"], described["authorization_servers"]], [origin + path, [origin + path]]);
      const server = await fetch(`${origin}/.well-known/oauth-authorization-server${path}`);
      assert.equal(((await server.json()) as Record<string, unknown>)["issuer"], origin + path);
      for (const { headers } of [resource, server]) assert.equal(headers.get("access-control-allow-origin"), "*");
    }
    for (const kind of ["resource", "authorization-server"]) {
      const url = `${origin}/.well-known/oauth-${kind === "resource" ? "protected-resource" : kind}/mcp`;
      const preflight = await fetch(url, { method: "OPTIONS" });
      assert.deepEqual([preflight.status, preflight.headers.get("access-control-allow-origin")], [204, "*"]);
      assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /mcp-protocol-version/);
    }
  });

  test("is fetched once for many, and shared by reloads", async () => {
    const { origin, provider, gateway, config } = rig.current;
    await Promise.all(Array.from({ length: 20 }, () => fetch(origin + wellKnown).then((response) => response.text())));
    assert.ok(await gateway.reload(config.replace("api://mcp", "api://other")));
    const adapted = (await (await fetch(origin + wellKnown)).json()) as Record<string, unknown>;
    assert.match(String(adapted["authorization_endpoint"]), /\?audience=api:\/\/other$/);
    assert.equal(provider.requests.filter((request) => request === `GET ${shapes.auth0.metadata}`).length, 1);
  });
});
