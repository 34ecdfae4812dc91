import { createHash } from "node:crypto";

/**
 * The MD5-based password hash of FreeBSD's crypt ($1$) and of Apache's htpasswd ($apr1$, the same with another magic
 * text): https://httpd.apache.org/docs/2.4/misc/password_encryptions.html
 * @param magic `$1$` or `$apr1$`
 * @param salt up to 8 characters
 * @returns the 22 characters that follow the salt
 */
export function md5Crypt(password: string, salt: string, magic: string): string {
  const key = Buffer.from(password, "utf8");
  const saltBytes = Buffer.from(salt, "latin1");

  const inner = md5(key, saltBytes, key);
  const outer = createHash("md5").update(key).update(magic, "latin1").update(saltBytes);
  for (let left = key.length; left > 0; left -= 16) outer.update(inner.subarray(0, Math.min(16, left)));
  const zero = Buffer.alloc(1);
  for (let bits = key.length; bits > 0; bits >>= 1) outer.update((bits & 1) === 1 ? zero : key.subarray(0, 1));

  let digest = outer.digest();
  for (let round = 0; round < 1000; round += 1) {
    const hash = createHash("md5");
    hash.update((round & 1) === 1 ? key : digest);
    if (round % 3 !== 0) hash.update(saltBytes);
    if (round % 7 !== 0) hash.update(key);
    hash.update((round & 1) === 1 ? digest : key);
    digest = hash.digest();
  }
  return encode(digest, md5Order);
}

function md5(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Which bytes make a group of four characters, the last group two. */
const md5Order = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]];

const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * crypt's own base64: least significant six bits first.
 * @param order indexes of bytes, most significant first; a group of n bytes makes n + 1 characters
 */
export function encode(bytes: Uint8Array, order: readonly (readonly number[])[]): string {
  let text = "";
  for (const group of order) {
    let value = 0;
    for (const index of group) value = (value << 8) | bytes[index]!;
    for (let i = 0; i <= group.length; i += 1) {
      text += alphabet[value & 63];
      value >>>= 6;
    }
  }
  return text;
}
