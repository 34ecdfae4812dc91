import { createPublicKey, type KeyObject, type webcrypto } from "node:crypto";

/** A public key that tokens are signed with, and the algorithms it may be used for. */
export interface VerificationKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
}

const rsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const curveAlgorithms: Readonly<Record<string, string>> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

/**
 * Reads a JSON Web Key Set (RFC 7517 section 5): keys by their `kid`. Keys of other kinds or uses, without a `kid`, and
 * ones that do not parse are left out, as section 5 wants; symmetric keys always are, or whoever knows the public
 * document could sign.
 * @throws Error when the text is no key set, or when none of its keys can be used
 */
export function parseKeySet(text: string): ReadonlyMap<string, VerificationKey> {
  const members = keysOf(text);
  const keys = new Map<string, VerificationKey>();
  for (const member of members) {
    const { kid, use, key_ops: operations } = member;
    if (typeof kid !== "string" || keys.has(kid)) continue;
    if (use !== undefined && use !== "sig") continue;
    if (Array.isArray(operations) && !operations.includes("verify")) continue;
    const key = importKey(member);
    if (key !== undefined) keys.set(kid, key);
  }
  if (keys.size === 0) {
    throw new Error(`the key set has no usable key: of ${members.length}, none is an RSA, EC or Ed25519 signing key with a \`kid\``);
  }
  return keys;
}

type Member = Readonly<Record<string, unknown>>;

function keysOf(text: string): Member[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error("the key set is not JSON");
  }
  const keys: unknown = isObject(document) ? document["keys"] : undefined;
  if (!Array.isArray(keys)) throw new Error("the key set has no `keys` list");
  return keys.filter(isObject);
}

function isObject(value: unknown): value is Member {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function importKey(member: Member): VerificationKey | undefined {
  const possible = algorithmsFor(member);
  const algorithms = typeof member["alg"] === "string" ? possible.filter((name) => name === member["alg"]) : possible;
  if (algorithms.length === 0) return undefined;
  try {
    const key = createPublicKey({ key: publicPart(member), format: "jwk" });
    return { key, algorithms };
  } catch {
    return undefined;
  }
}

function algorithmsFor({ kty, crv }: Member): readonly string[] {
  if (kty === "RSA") return rsaAlgorithms;
  if (kty === "EC") return typeof crv === "string" && Object.hasOwn(curveAlgorithms, crv) ? [curveAlgorithms[crv]!] : [];
  return kty === "OKP" && crv === "Ed25519" ? ["EdDSA", "Ed25519"] : [];
}

/** A set that should hold public keys sometimes holds private ones; those parts are not taken in. */
function publicPart({ kty, crv, n, e, x, y }: Member): webcrypto.JsonWebKey {
  if (kty === "RSA") return { kty, n, e } as webcrypto.JsonWebKey;
  return kty === "EC" ? ({ kty, crv, x, y } as webcrypto.JsonWebKey) : ({ kty, crv, x } as webcrypto.JsonWebKey);
}
