import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { type JsonObject, parseJsonObject } from "../../../base/json.ts";

/** What a sealed text is for: a text made for one purpose is of no use for another. */
export type SealPurpose = "link" | "state";

export const sealKeyBytes = 32;

/**
 * Small records that travel through browsers, encrypted and authenticated (AES-256-GCM): nothing is kept for a login that
 * nobody finishes. A text is base64url of nonce, ciphertext and tag.
 */
export class Seal {
  private readonly key: KeyObject;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.key = createSecretKey(key);
  }

  seal(purpose: SealPurpose, record: JsonObject): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.key, nonce).setAAD(nameOf(purpose));
    return Buffer.concat([nonce, cipher.update(JSON.stringify(record)), cipher.final(), cipher.getAuthTag()]).toString("base64url");
  }

  /** @returns undefined for a text that was not sealed with this key for this purpose */
  open(purpose: SealPurpose, text: string): JsonObject | undefined {
    if (text.length > maxLength || !/^[\w-]+$/.test(text)) return undefined;
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length <= nonceBytes + tagBytes || bytes.toString("base64url") !== text) return undefined;
    const decipher = createDecipheriv(algorithm, this.key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(nameOf(purpose))
      .setAuthTag(bytes.subarray(-tagBytes));
    try {
      return parseJsonObject(Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]));
    } catch {
      return undefined;
    }
  }
}

function nameOf(purpose: SealPurpose): Buffer {
  return Buffer.from(`turnpike login ${purpose} 1`);
}

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** Characters. */
const maxLength = 12_000;
