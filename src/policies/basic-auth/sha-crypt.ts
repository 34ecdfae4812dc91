import { createHash } from "node:crypto";
import { encode } from "./md5-crypt.ts";

/** The SHA-2 based password hashes of crypt ($5$, $6$): https://www.akkadia.org/drepper/SHA-crypt.txt */
export interface ShaCryptParameters {
  readonly algorithm: "sha256" | "sha512";
  /** Up to 16 characters. */
  readonly salt: string;
  /** From 1000 to 999 999 999; the format's default is 5000. */
  readonly rounds: number;
}

/** @returns the characters that follow the salt: 43 for SHA-256, 86 for SHA-512 */
export function shaCrypt(password: string, { algorithm, salt, rounds }: ShaCryptParameters): string {
  const key = Buffer.from(password, "utf8");
  const saltBytes = Buffer.from(salt, "latin1");
  const size = algorithm === "sha256" ? 32 : 64;
  const digestOf = (...parts: readonly Uint8Array[]): Buffer => {
    const hash = createHash(algorithm);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };

  const alternate = digestOf(key, saltBytes, key);
  const parts: Uint8Array[] = [key, saltBytes, stretched(alternate, key.length)];
  for (let bits = key.length; bits > 0; bits >>>= 1) parts.push((bits & 1) === 1 ? alternate : key);
  let digest = digestOf(...parts);

  const keySequence = stretched(digestOf(...Array<Buffer>(key.length).fill(key)), key.length);
  const saltDigest = digestOf(...Array<Buffer>(16 + digest[0]!).fill(saltBytes));
  const saltSequence = stretched(saltDigest, saltBytes.length);

  for (let round = 0; round < rounds; round += 1) {
    const hash = createHash(algorithm);
    hash.update((round & 1) === 1 ? keySequence : digest);
    if (round % 3 !== 0) hash.update(saltSequence);
    if (round % 7 !== 0) hash.update(keySequence);
    hash.update((round & 1) === 1 ? digest : keySequence);
    digest = hash.digest();
  }
  return encode(digest, size === 32 ? order256 : order512);
}

function stretched(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

/** Which bytes make a group of characters: one of each third, rotated by one each time; the rest is a shorter last group. */
const order256 = [...rotated(10, 2), [31, 30]];
const order512 = [...rotated(21, 1), [63]];

/** @param step by how many places the thirds move on from one group to the next */
function rotated(third: number, step: number): number[][] {
  return Array.from({ length: third }, (_, i) => {
    const first = (i * step) % 3;
    return [first, first + 1, first + 2].map((position) => i + (position % 3) * third);
  });
}
