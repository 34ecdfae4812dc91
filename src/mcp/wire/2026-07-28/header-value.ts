/**
 * Names and arguments as HTTP field values (specification 2026-07-28, "Value Encoding"): what is not plain printable ASCII,
 * has space at an end, or looks encoded, travels as `=?base64?...?=`.
 */

const prefix = "=?base64?";
const suffix = "?=";

export function encodeHeaderValue(value: string): string {
  return isPlain(value) ? value : `${prefix}${Buffer.from(value, "utf8").toString("base64")}${suffix}`;
}

/** @returns undefined for a value that nobody could have encoded */
export function decodeHeaderValue(field: string): string | undefined {
  if (!isMarked(field)) return isPlain(field) ? field : undefined;
  const text = field.slice(prefix.length, -suffix.length);
  const bytes = Buffer.from(text, "base64");
  // the decoder skips what it does not know; only one spelling is taken
  return bytes.toString("base64") === text && isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}

function isMarked(value: string): boolean {
  return value.length >= prefix.length + suffix.length && value.startsWith(prefix) && value.endsWith(suffix);
}

function isPlain(value: string): boolean {
  return !isMarked(value) && /^(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?$/.test(value);
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes);
}
