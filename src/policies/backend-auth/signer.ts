import { constants, createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { SigningAlgorithm } from "./signing-config.ts";

/** Signs tokens in JWT form (RFC 7519) with one key. */
export interface Signer {
  readonly key: KeyObject;
  /** @param header members beside `alg` and `typ`; undefined ones are left out */
  readonly sign: (header: Readonly<Record<string, unknown>>, claims: Readonly<Record<string, unknown>>) => string;
}

interface Algorithm {
  readonly hash: "sha256" | "sha384" | "sha512";
  readonly keyTypes: readonly string[];
  readonly curve?: string;
  readonly options: object;
}

const rsa = { keyTypes: ["rsa"], options: {} };
const ec = { keyTypes: ["ec"], options: { dsaEncoding: "ieee-p1363" } };

/** RFC 7518 section 3.1. */
const algorithms: Readonly<Record<SigningAlgorithm, Algorithm>> = {
  RS256: { ...rsa, hash: "sha256" },
  RS384: { ...rsa, hash: "sha384" },
  RS512: { ...rsa, hash: "sha512" },
  PS256: {
    keyTypes: ["rsa", "rsa-pss"],
    hash: "sha256",
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  },
  ES256: { ...ec, hash: "sha256", curve: "prime256v1" },
  ES384: { ...ec, hash: "sha384", curve: "secp384r1" },
};

/** Seconds that the times in our tokens lie back, for verifiers whose clock is behind ours. */
const clockSkew = 10;

/**
 * @param pem private key
 * @param place how messages name it
 * @throws Error when it is no private key, or not one for the algorithm; never with its content
 */
export function compileSigner(pem: string, alg: SigningAlgorithm, place: string): Signer {
  const { hash, keyTypes, curve, options } = algorithms[alg];
  const key = privateKey(pem, place);
  const { asymmetricKeyType = "unknown", asymmetricKeyDetails } = key;
  const fits = keyTypes.includes(asymmetricKeyType) && (curve === undefined || asymmetricKeyDetails?.namedCurve === curve);
  if (!fits) throw new Error(`${place}: the key is not one for ${alg}`);
  return {
    key,
    sign(header, claims) {
      const text = `${encoded({ alg, typ: "JWT", ...header })}.${encoded(claims)}`;
      return `${text}.${sign(hash, Buffer.from(text), { key, ...options }).toString("base64url")}`;
    },
  };
}

/** `iat`, `nbf` and `exp` of a token that is made now. Seconds of the epoch. @param now epoch milliseconds */
export function validity(now: number, lifetimeMs: number): { iat: number; nbf: number; exp: number } {
  const seconds = Math.floor(now / 1000);
  const issued = seconds - clockSkew;
  return { iat: issued, nbf: issued, exp: seconds + Math.ceil(lifetimeMs / 1000) };
}

function privateKey(pem: string, place: string): KeyObject {
  try {
    return createPrivateKey(pem.trim());
  } catch {
    throw new Error(`${place}: no private key in PEM form without a passphrase`); // the cause could quote it
  }
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
