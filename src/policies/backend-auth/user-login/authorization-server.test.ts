import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { testClock } from "../../../../test/policy-harness.ts";
import type { DocumentRequest, FetchedDocument } from "../../../upstream/fetch-document.ts";
import { Discovery, DiscoveryError } from "./authorization-server.ts";

const url = "https://api.test/team/mcp";
const issuer = "https://login.test/tenant";
const metadata = {
  issuer,
  authorization_endpoint: "https://login.test/authorize",
  token_endpoint: "https://login.test/token",
  code_challenge_methods_supported: ["S256"],
};
const described = { resource: url, authorization_servers: [issuer], scopes_supported: ["a", "b", 'c"'] };

/** Documents by URL; everything else is 404. */
function discoveryOf(documents: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const clock = testClock();
  const fetch = async (request: DocumentRequest): Promise<FetchedDocument> => {
    asked.push(request.url);
    const document = documents[request.url];
    const text = typeof document === "string" ? document : JSON.stringify(document ?? {});
    return { status: document === undefined ? 404 : 200, text, cacheControl: undefined };
  };
  return { asked, clock, discovery: new Discovery(fetch, clock) };
}

const request = { url, resourceMetadata: undefined, issuer: undefined };

describe("finding out where to log in", () => {
  it("asks where the refusal says, below the path, below the root; then for the issuer's metadata in its three places", async () => {
    const { asked, discovery } = discoveryOf({
      "https://api.test/.well-known/oauth-protected-resource": { ...described, resource: "https://api.test/team" },
      "https://login.test/tenant/.well-known/openid-configuration": metadata,
    });
    const found = await discovery.discover({ ...request, resourceMetadata: "https://api.test/elsewhere" });
    assert.deepEqual(asked, [
      "https://api.test/elsewhere",
      "https://api.test/.well-known/oauth-protected-resource/team/mcp",
      "https://api.test/.well-known/oauth-protected-resource",
      "https://login.test/.well-known/oauth-authorization-server/tenant",
      "https://login.test/.well-known/openid-configuration/tenant",
      "https://login.test/tenant/.well-known/openid-configuration",
    ]);
    assert.deepEqual([found.resource, found.scope, found.server.issuer], ["https://api.test/team", "a b", issuer]);
  });

  it("asks for metadata once in five minutes, and at once again after a failure", async () => {
    const { asked, clock, discovery } = discoveryOf({ "https://login.test/.well-known/oauth-authorization-server/tenant": metadata });
    await Promise.all([discovery.server(issuer, false), discovery.server(issuer, false)]);
    assert.equal(asked.length, 1);
    clock.now += 300_001;
    await discovery.server(issuer, false);
    assert.equal(asked.length, 2);
    await assert.rejects(discovery.server("https://down.test", false), DiscoveryError);
    const before = asked.length;
    await assert.rejects(discovery.server("https://down.test", false), DiscoveryError);
    assert.ok(asked.length > before);
  });

  it("takes a server that does not describe itself for its own authorization server", async () => {
    const own = { ...metadata, issuer: "https://api.test" };
    const { discovery } = discoveryOf({ "https://api.test/.well-known/oauth-authorization-server": own });
    const found = await discovery.discover(request);
    assert.deepEqual([found.resource, found.server.issuer, found.scope], [url, "https://api.test", undefined]);
  });

  it("goes to the configured issuer alone, which may do PKCE without saying so", async () => {
    const { code_challenge_methods_supported: _, ...silent } = metadata;
    const place = "https://login.test/.well-known/oauth-authorization-server/tenant";
    const protectedResource = "https://api.test/.well-known/oauth-protected-resource/team/mcp";
    const pinned = { ...request, issuer };
    assert.equal((await discoveryOf({ [place]: silent }).discovery.discover(pinned)).server.issuer, issuer);
    const other = { ...described, authorization_servers: ["https://other.test"] };
    await assert.rejects(discoveryOf({ [place]: silent, [protectedResource]: other }).discovery.discover(pinned), /configured issuer/);
    await assert.rejects(discoveryOf({ [place]: silent, [protectedResource]: described }).discovery.discover(request), /PKCE/);
  });

  it("never asks an address that a stranger must not send us to, whatever documents say", async () => {
    const host = fc.constantFrom(
      "api.test",
      "login.test",
      "10.1.2.3",
      "127.0.0.1:8080",
      "localhost",
      "[::1]",
      "169.254.169.254",
      "[fd00::1]",
      "api.test:444",
      "u:p@login.test",
    );
    const address = fc
      .tuple(fc.constantFrom("https", "http", "file", "ftp"), host, fc.constantFrom("", "/x", "/x#y"))
      .map(([scheme, at, path]) => `${scheme}://${at}${path}`);
    const anything = fc.oneof(address, fc.string(), fc.constant(null), fc.integer());
    await fc.assert(
      fc.asyncProperty(anything, anything, address, async (challenge, server, endpoint) => {
        const place = "https://api.test/.well-known/oauth-protected-resource/team/mcp";
        const { asked, discovery } = discoveryOf({
          [place]: { ...described, authorization_servers: [server] },
          "https://login.test/.well-known/oauth-authorization-server": {
            ...metadata,
            issuer: "https://login.test",
            token_endpoint: endpoint,
          },
        });
        const resourceMetadata = typeof challenge === "string" ? challenge : undefined;
        const found = await discovery
          .discover({ ...request, resourceMetadata })
          .catch((thrown: unknown) => assert.ok(thrown instanceof DiscoveryError));
        for (const one of [...asked, ...(found === undefined ? [] : [found.server.tokenEndpoint])]) {
          const { protocol, hostname, username } = new URL(one);
          assert.ok(protocol === "https:" && hostname.endsWith(".test") && username === "", one);
        }
      }),
    );
  });
});
