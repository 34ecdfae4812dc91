import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** Signs tokens for tests, also ones that no honest issuer would make. */

export interface Issuer {
  readonly jwks: string;
  /** A token with these claims; `header` overrides members of its header, undefined takes them away. */
  readonly token: (claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>) => string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export type TestAlgorithm = "RS256" | "PS256" | "ES256" | "EdDSA";

export function testIssuer(kid: string, alg: TestAlgorithm = "ES256"): Issuer {
  const { privateKey, publicKey } = keyPair(alg);
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  return {
    jwks: JSON.stringify({ keys: [jwk] }),
    privateKey,
    publicKey,
    token: (claims, header = {}) => {
      const text = `${encoded({ alg, kid, typ: "JWT", ...header })}.${encoded(claims)}`;
      return `${text}.${signature(alg, text, privateKey)}`;
    },
  };
}

export function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function keyPair(alg: TestAlgorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  return alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("rsa", { modulusLength: 2048 });
}

function signature(alg: TestAlgorithm, text: string, key: KeyObject): string {
  const data = Buffer.from(text);
  if (alg === "EdDSA") return sign(null, data, key).toString("base64url");
  if (alg === "ES256") return sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
  const padding = alg === "PS256" ? { padding: 6, saltLength: 32 } : {};
  return sign("sha256", data, { key, ...padding }).toString("base64url");
}
