import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { StateRow, StateStore } from "../contract/stores.ts";

/** Bytes of the key: AES-256. */
export const stateKeyBytes = 32;

/**
 * State whose values are encrypted and authenticated (AES-256-GCM), each bound to its row: who can write to the storage can
 * neither read a value nor put one person's in the place of another's. Kinds and keys are not hidden. A value that the key
 * does not open, because the key was changed, is as good as none.
 */
export class SealedState implements StateStore {
  private readonly inner: StateStore;
  private readonly key: KeyObject;

  /** @param key 32 bytes */
  constructor(inner: StateStore, key: Buffer) {
    this.inner = inner;
    this.key = createSecretKey(key);
  }

  get durable(): boolean {
    return this.inner.durable;
  }

  async get(kind: string, key: string): Promise<Buffer | undefined> {
    const sealed = await this.inner.get(kind, key);
    return sealed === undefined ? undefined : this.open(kind, key, sealed);
  }

  set(kind: string, key: string, value: Uint8Array): void | Promise<void> {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.key, nonce).setAAD(rowName(kind, key));
    return this.inner.set(kind, key, Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]));
  }

  delete(kind: string, key: string): boolean | Promise<boolean> {
    return this.inner.delete(kind, key);
  }

  async list(kind: string): Promise<readonly StateRow[]> {
    const rows = await this.inner.list(kind);
    return rows.flatMap(({ key, value }) => {
      const opened = this.open(kind, key, value);
      return opened === undefined ? [] : [{ key, value: opened }];
    });
  }

  private open(kind: string, key: string, sealed: Buffer): Buffer | undefined {
    if (sealed.length < nonceBytes + tagBytes) return undefined;
    const decipher = createDecipheriv(algorithm, this.key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(rowName(kind, key))
      .setAuthTag(sealed.subarray(-tagBytes));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

function rowName(kind: string, key: string): Buffer {
  return Buffer.from(JSON.stringify(["turnpike state 1", kind, key]));
}

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
