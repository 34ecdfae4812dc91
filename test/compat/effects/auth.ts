import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../http/upstream-server.ts";
import { testIssuer } from "../../tokens.ts";
import { of, type Proof, proof } from "./proof.ts";
import { onSite, oneRoute } from "./site.ts";

/** Where keys of token issuers come from, and what tokens must have. */

const issuer = testIssuer("k");
const claims = { iss: "https://i.test", aud: "a", sub: "alice", exp: Math.floor(Date.now() / 1000) + 300 };

/** The status that a token with these claims gets. */
async function statusWith(policies: object, token: Readonly<Record<string, unknown>> = claims): Promise<number> {
  let status = 0;
  const headers = { authorization: `Bearer ${issuer.token(token)}` };
  await onSite(
    (upstream) => oneRoute(upstream, { policies }),
    async ({ ask }) => {
      ({ status } = await ask("/", { headers }));
    },
  );
  return status;
}

/** The key set in each form that a configuration can give it. */
async function withKeySets(look: (jwks: unknown) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "turnpike-jwks-"));
  const file = join(folder, "jwks.json");
  writeFileSync(file, issuer.jwks);
  const server = await startServer((_request, response) => response.end(issuer.jwks));
  try {
    for (const jwks of [issuer.jwks, { file }, { url: `http://127.0.0.1:${server.port}/jwks` }]) await look(jwks);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

const other = testIssuer("k").jwks;

export const authProofs: readonly Proof[] = [
  proof(
    of(
      "jwtAuth",
      "issuer audiences jwks jwks.file jwks.url providers[].issuer providers[].audiences providers[].jwks providers[].jwks.file providers[].jwks.url",
    ),
    "jwtAuth takes tokens of the issuers, audiences and keys written, in every form",
    async () => {
      await withKeySets(async (jwks) => {
        const known = { issuer: "https://i.test", audiences: ["a"], jwks };
        assert.equal(await statusWith({ jwtAuth: { mode: "strict", ...known } }), 200);
        assert.equal(await statusWith({ jwtAuth: { mode: "strict", providers: [known] } }), 200);
      });
      for (const wrong of [{ issuer: "https://x.test" }, { audiences: ["x"] }, { jwks: other }]) {
        const provider = { issuer: "https://i.test", audiences: ["a"], jwks: issuer.jwks, ...wrong };
        assert.equal(await statusWith({ jwtAuth: { mode: "strict", ...provider } }), 401);
        assert.equal(await statusWith({ jwtAuth: { mode: "strict", providers: [provider] } }), 401);
      }
    },
  ),
  proof(of("mcpAuthentication", "jwks jwks.file jwks.url"), "mcpAuthentication takes keys in every form", () =>
    withKeySets(async (jwks) => {
      const policy = { issuer: "https://i.test", audiences: ["a"], resourceMetadata: {}, jwks };
      assert.equal(await statusWith({ mcpAuthentication: policy }), 200);
    }),
  ),
  proof(
    [
      ...of("jwtAuth", "jwtValidationOptions.requiredClaims providers[].jwtValidationOptions.requiredClaims"),
      ...of("mcpAuthentication", "jwtValidationOptions.requiredClaims"),
    ],
    "a token without a required claim is refused",
    async () => {
      const known = { issuer: "https://i.test", jwks: issuer.jwks };
      const requires = (...requiredClaims: string[]): object => ({ ...known, jwtValidationOptions: { requiredClaims } });
      const { exp: _exp, ...eternal } = claims;
      const places: readonly ((keys: object) => object)[] = [
        (keys) => ({ jwtAuth: { mode: "strict", ...keys } }),
        (keys) => ({ jwtAuth: { mode: "strict", providers: [keys] } }),
        (keys) => ({ mcpAuthentication: { audiences: ["a"], resourceMetadata: {}, ...keys } }),
      ];
      for (const place of places) {
        assert.equal(await statusWith(place(requires()), eternal), 200);
        assert.equal(await statusWith(place(requires("exp")), eternal), 401);
        assert.equal(await statusWith(place(requires("nbf")), claims), 401);
      }
    },
  ),
];
