/**
 * A text as the value of an HTTP field (RFC 9110 section 5.5), or undefined when it cannot be one: line breaks and other
 * control characters would let a value smuggle in fields of its own.
 *
 * node writes fields as Latin-1. Characters up to U+00FF are the bytes of fields as they came in and pass as they are;
 * any beyond them make the whole value UTF-8.
 */
export function fieldValue(text: string): string | undefined {
  if (plain.test(text)) return text;
  const bytes = latin1.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
  return allowed.test(bytes) ? bytes.trim() : undefined;
}

/** Visible ASCII, with spaces only inside: nearly every value. */
const plain = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;
// eslint-disable-next-line no-control-regex
const latin1 = /^[\0-\xff]*$/;
const allowed = /^[\t -~\x80-\xff]*$/;
