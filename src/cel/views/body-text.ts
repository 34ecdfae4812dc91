import { isUtf8 } from "node:buffer";

const texts = new WeakMap<Uint8Array, string>();

/** A body as expressions see it: text, decoded once, or the bytes themselves when they are no UTF-8. */
export function bodyValue(bytes: Uint8Array): string | Uint8Array {
  const known = texts.get(bytes);
  if (known !== undefined) return known;
  if (!isUtf8(bytes)) return bytes;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  texts.set(bytes, text);
  return text;
}
