import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { testClock } from "../../../../test/policy-harness.ts";
import { MemoryState } from "../../../store/memory-state.ts";
import type { DocumentRequest, FetchedDocument } from "../../../upstream/fetch-document.ts";
import { type AuthorizationServer, DiscoveryError } from "./authorization-server.ts";
import { type ClientIdentity, Clients } from "./client.ts";
import { OAuthRefusal, requestTokens } from "./token-endpoint.ts";

const server: AuthorizationServer = {
  issuer: "https://login.test",
  authorizationEndpoint: "https://login.test/authorize",
  tokenEndpoint: "https://login.test/token",
  registrationEndpoint: "https://login.test/register",
  revocationEndpoint: undefined,
  sendsIssuer: true,
  takesClientDocuments: false,
  tokenAuthMethods: ["client_secret_basic", "client_secret_post"],
  hasOfflineAccess: false,
};
const identity: ClientIdentity = {
  publicUrl: "https://tools.test",
  redirectUri: "https://tools.test/callback",
  documentUrl: "https://tools.test/client",
  clientId: undefined,
  clientSecret: undefined,
};

/** Registers whoever asks, as `answer` says. */
function clientsOf(answer: (nth: number) => FetchedDocument) {
  const clock = testClock();
  const sent: DocumentRequest[] = [];
  const fetch = async (request: DocumentRequest): Promise<FetchedDocument> => answer(sent.push(request));
  return { clock, sent, clients: new Clients({ store: new MemoryState(), fetch, clock }) };
}

const registered =
  (more: object = {}) =>
  (nth: number) => ({
    status: 201,
    text: JSON.stringify({ client_id: `c${nth}`, client_secret: "s", ...more }),
    cacheControl: undefined,
  });

describe("how the gateway is known to authorization servers", () => {
  it("prefers being registered by hand to its document, and that to registering", async () => {
    const { clients, sent } = clientsOf(registered());
    const documents = { ...server, takesClientDocuments: true };
    const byHand = { ...identity, clientId: "mine", clientSecret: "s" };
    assert.deepEqual(await clients.at(documents, byHand), { clientId: "mine", clientSecret: "s", method: "client_secret_basic" });
    assert.equal((await clients.at({ ...server, tokenAuthMethods: ["client_secret_post"] }, byHand)).method, "client_secret_post");
    assert.deepEqual(await clients.at(documents, identity), { clientId: identity.documentUrl, method: "none" });
    assert.equal(sent.length, 0);
    const { clientId } = await clients.at(server, identity);
    assert.equal(clientId, "c1");
  });

  it("does not offer a document that the server cannot read", async () => {
    const { clients } = clientsOf(registered());
    const local = { ...identity, documentUrl: "http://localhost:3000/client" };
    assert.equal((await clients.at({ ...server, takesClientDocuments: true }, local)).clientId, "c1");
  });

  it("registers once at each issuer, and again when the secret has expired or was forgotten", async () => {
    const { clients, clock, sent } = clientsOf(registered({ client_secret_expires_at: Math.floor(testClock().now / 1000) + 60 }));
    const many = await Promise.all(Array.from({ length: 10 }, () => clients.at(server, identity)));
    assert.deepEqual([...new Set(many.map(({ clientId }) => clientId))], ["c1"]);
    assert.equal((await clients.at({ ...server, issuer: "https://other.test" }, identity)).clientId, "c2");
    assert.equal((await clients.at(server, identity)).clientId, "c1");
    clock.now += 61_000;
    const renewed = await clients.at(server, identity);
    assert.equal(renewed.clientId, "c3");
    await clients.forget(renewed);
    assert.equal((await clients.at(server, identity)).clientId, "c4");
    assert.equal(sent.length, 4);
    const form = JSON.parse(sent[0]?.body ?? "") as Record<string, unknown>;
    assert.deepEqual(
      [form["redirect_uris"], form["application_type"], form["token_endpoint_auth_method"]],
      [[identity.redirectUri], "web", "client_secret_basic"],
    );
  });

  it("says what to do where nothing works", async () => {
    const { clients } = clientsOf(() => ({ status: 403, text: '{"error":"S3CRET"}', cacheControl: undefined }));
    for (const one of [server, { ...server, registrationEndpoint: undefined }]) {
      await assert.rejects(
        clients.at(one, identity),
        (error: Error) => error instanceof DiscoveryError && /userLogin\.clientId/.test(error.message) && !error.message.includes("S3CRET"),
      );
    }
  });

  const strange = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record(
        Object.fromEntries(
          [
            "client_id",
            "client_secret",
            "client_secret_expires_at",
            "token_endpoint_auth_method",
            "access_token",
            "refresh_token",
            "expires_in",
            "token_type",
            "scope",
            "error",
          ].map((name) => [
            name,
            fc.oneof(
              fc.constantFrom("bearer", "Bearer", "none", "abc", "invalid_grant", "3600", 3600, -1, 1e300),
              fc.anything({ maxDepth: 1 }),
            ),
          ]),
        ),
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? String(member) : member)) ?? ""),
  );

  it("reads whatever a registration endpoint answers: a client, or an error that says so", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 201, 400, 500), strange, async (status, text) => {
        const { clients } = clientsOf(() => ({ status, text, cacheControl: undefined }));
        const client = await clients.at(server, identity).catch((thrown: unknown) => assert.ok(thrown instanceof DiscoveryError));
        if (client === undefined) return;
        assert.ok(
          typeof client.clientId === "string" && client.clientId !== "" && (client.method === "none" || client.clientSecret !== undefined),
        );
      }),
    );
  });

  it("reads whatever a token endpoint answers: tokens that a request can carry, a refusal, or an error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 400, 401, 500), strange, async (status, text) => {
        const fetch = async (): Promise<FetchedDocument> => ({ status, text, cacheControl: undefined });
        const request = { endpoint: server.tokenEndpoint, client: { clientId: "c", method: "none" as const }, parameters: {} };
        const tokens = await requestTokens(fetch, request).catch((thrown: unknown) => {
          assert.ok(thrown instanceof Error);
          if (thrown instanceof OAuthRefusal) assert.match(thrown.code, /^[a-z_]+$/);
          else assert.match(thrown.message, /^the token endpoint/);
        });
        if (tokens === undefined) return;
        assert.match(tokens.accessToken, /^[\x21-\x7e]+$/);
        assert.ok(tokens.lifetimeMs === undefined || (tokens.lifetimeMs > 0 && Number.isFinite(tokens.lifetimeMs)));
      }),
    );
  });
});
