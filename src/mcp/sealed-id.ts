import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject, randomBytes } from "node:crypto";

/** Bytes of the key: AES-256. */
export const sessionKeyBytes = 32;

/** Characters of an id at most; a session with more to carry stays in its process. Header blocks of 16 KiB must hold it. */
export const maxIdLength = 4_096;

/** What an id carries: enough for another process to go on with the session. */
export interface SealedSession {
  readonly backend: string;
  /** Digest of the caller; undefined for an anonymous one. */
  readonly principal: string | undefined;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** The revision agreed on with the client. */
  readonly revision: string;
  /** What the client asked for, and `params` of its initialize, JSON text: servers may have to be greeted again. */
  readonly client: { readonly protocolVersion: string; readonly params: string };
  /** All targets of the backend by name; without `link` those that were not greeted. */
  readonly targets: readonly { readonly name: string; readonly link?: SealedLink }[];
}

/** A session's side of one target. */
export interface SealedLink {
  /** Digest of the target's settings; a server's session id goes to no other server. */
  readonly fingerprint: string;
  /** The server's own session id; null where it gave none. */
  readonly sessionId: string | null;
  readonly protocolVersion: string;
  /** Names of the server's capabilities. */
  readonly capabilities: readonly string[];
}

/**
 * Makes session ids that carry their session, encrypted and authenticated (AES-256-GCM): clients can neither read the
 * servers' session ids nor make up one of their own. An id is base64url of nonce, ciphertext and tag. With random nonces
 * a key is good for 2^32 sessions (NIST SP 800-38D, 8.3).
 */
export class SessionSeal {
  private readonly key: KeyObject;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.key = createSecretKey(key);
  }

  /** @returns undefined when the session has more to carry than an id may be long */
  seal(session: SealedSession): string | undefined {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.key, nonce).setAAD(purpose);
    const sealed = [nonce, cipher.update(JSON.stringify(pack(session)), "utf8"), cipher.final(), cipher.getAuthTag()];
    const id = Buffer.concat(sealed).toString("base64url");
    return id.length <= maxIdLength ? id : undefined;
  }

  /** What an id carries; undefined when this key did not seal it, in this form. */
  open(id: string): SealedSession | undefined {
    const bytes = Buffer.from(id, "base64url");
    // one session has one id: the decoder would take other spellings of the same bytes as well
    if (bytes.length <= nonceBytes + tagBytes || bytes.toString("base64url") !== id) return undefined;
    const decipher = createDecipheriv(algorithm, this.key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(purpose)
      .setAuthTag(bytes.subarray(-tagBytes));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
      return unpack(JSON.parse(text.toString("utf8")) as Packed); // authentic, so it is what `seal` wrote
    } catch {
      return undefined;
    }
  }
}

/** Every request carries the id, so what stands in it has places and no names. */
type Packed = readonly [
  backend: string,
  principal: string | null,
  issuedAt: number,
  revision: string,
  clientVersion: string,
  clientParams: string,
  targets: readonly (readonly [name: string, link?: PackedLink])[],
];
type PackedLink = readonly [fingerprint: string, sessionId: string | null, protocolVersion: string, capabilities: readonly string[]];

function pack({ backend, principal, issuedAt, revision, client, targets }: SealedSession): Packed {
  const packed = targets.map(({ name, link }): Packed[6][number] => {
    return link === undefined ? [name] : [name, [link.fingerprint, link.sessionId, link.protocolVersion, link.capabilities]];
  });
  return [backend, principal ?? null, issuedAt, revision, client.protocolVersion, client.params, packed];
}

function unpack([backend, principal, issuedAt, revision, protocolVersion, params, packed]: Packed): SealedSession {
  const targets = packed.map(([name, link]) => (link === undefined ? { name } : { name, link: unpackLink(link) }));
  return { backend, principal: principal ?? undefined, issuedAt, revision, client: { protocolVersion, params }, targets };
}

function unpackLink([fingerprint, sessionId, protocolVersion, capabilities]: PackedLink): SealedLink {
  return { fingerprint, sessionId, protocolVersion, capabilities };
}

/** A short name of a longer text, for comparing it with what an id carries. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, digestLength);
}

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** 132 bits. */
const digestLength = 22;
/** Keeps ids of this form apart from anything else sealed with the key; another form needs another text. */
const purpose = Buffer.from("turnpike mcp session 1");
