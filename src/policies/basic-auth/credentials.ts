export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Some hashes take time with the square of the length; no person has a password longer than this. */
const maxPasswordLength = 1024;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the credentials of RFC 7617 section 2, base64 of `user:password` in UTF-8; undefined when they are none. */
export function parseCredentials(encoded: string): Credentials | undefined {
  const trimmed = encoded.trim();
  if (trimmed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) return undefined;
  const text = decode(trimmed);
  const colon = text?.indexOf(":") ?? -1;
  if (text === undefined || colon < 0 || text.length - colon > maxPasswordLength) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decode(base64: string): string | undefined {
  try {
    return utf8.decode(Buffer.from(base64, "base64"));
  } catch {
    return undefined;
  }
}
