/**
 * Bytes that arrive in pieces, to be joined once they are all there. Pieces of a few bytes are copied together: a peer
 * that sends one at a time would otherwise have each of them cost as much as a hundred.
 */
export class ByteParts {
  /** Bytes held. */
  size = 0;
  private parts: Uint8Array[] = [];
  /** Small pieces, the first `used` bytes. */
  private block: Buffer | undefined = undefined;
  private used = 0;

  /** Keeps a view of a large piece, so its bytes must not change. */
  add(bytes: Uint8Array): void {
    this.size += bytes.length;
    if (bytes.length >= smallBytes || this.parts.length < fewParts) {
      this.endBlock();
      this.parts.push(bytes);
      return;
    }
    if (this.block === undefined || this.used + bytes.length > this.block.length) {
      this.endBlock();
      this.block = Buffer.allocUnsafeSlow(blockBytes);
    }
    this.block.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** All of them in one piece; it is empty afterwards. */
  take(): Buffer {
    this.endBlock();
    const joined = Buffer.concat(this.parts, this.size);
    this.clear();
    return joined;
  }

  clear(): void {
    this.size = 0;
    this.parts = [];
    this.block = undefined;
    this.used = 0;
  }

  private endBlock(): void {
    if (this.block !== undefined) this.parts.push(this.block.subarray(0, this.used));
    this.block = undefined;
    this.used = 0;
  }
}

/** Pieces of fewer bytes are copied, once there are more than a few pieces. */
const smallBytes = 1_024;
const fewParts = 16;
const blockBytes = 16_384;
