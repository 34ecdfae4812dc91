/**
 * Edits the top level of a JSON object in its text, leaving every other byte as it was. Parsing and printing again would
 * change numbers that a double cannot hold and reorder keys that look like integers; what a client signed, cached or
 * meant by such bytes would be lost.
 *
 * The functions expect bytes that JSON.parse has accepted as an object (or array): they look for structure, not for mistakes.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Where one member of the object stands, as offsets into the bytes. */
export interface JsonMember {
  /** Escapes decoded. Not unique where the text repeats a key. */
  readonly name: string;
  /** Of the key's opening quote. */
  readonly start: number;
  readonly valueStart: number;
  /** One after the value's last byte. */
  readonly end: number;
}

/** The members of the top-level object in the order of the text, repeated keys included. */
export function jsonMembers(bytes: Buffer): JsonMember[] {
  const members: JsonMember[] = [];
  let at = bytes.indexOf(OPEN_BRACE) + 1;
  for (;;) {
    at = skipSpace(bytes, at);
    const byte = bytes[at];
    if (byte === COMMA) at += 1;
    else if (byte === QUOTE) {
      const keyEnd = stringEnd(bytes, at);
      const colon = skipSpace(bytes, keyEnd);
      const valueStart = skipSpace(bytes, colon + 1);
      const end = valueEnd(bytes, valueStart);
      members.push({ name: keyText(bytes, at, keyEnd), start: at, valueStart, end });
      at = end;
    } else return members;
  }
}

/** Where the elements of the top-level array stand, `[start, end)` as offsets into the bytes. */
export function jsonElements(bytes: Buffer): { readonly start: number; readonly end: number }[] {
  const elements: { start: number; end: number }[] = [];
  let at = skipSpace(bytes, bytes.indexOf(OPEN_BRACKET) + 1);
  while (at < bytes.length && bytes[at] !== CLOSE_BRACKET) {
    if (bytes[at] === COMMA) at += 1;
    else {
      const end = valueEnd(bytes, at);
      elements.push({ start: at, end });
      at = end;
    }
    at = skipSpace(bytes, at);
  }
  return elements;
}

/**
 * The object with some members changed: replaced where they stand, added at the end, or removed.
 * @param edits name to the JSON text of its new value, or to undefined to remove it
 */
export function spliceJsonMembers(bytes: Buffer, edits: ReadonlyMap<string, string | undefined>): Buffer {
  const parts: Buffer[] = [];
  const written = new Set<string>();
  const add = (...pieces: readonly Buffer[]): void => {
    parts.push(parts.length === 0 ? openBrace : comma, ...pieces);
  };
  for (const member of jsonMembers(bytes)) {
    if (!edits.has(member.name)) {
      add(bytes.subarray(member.start, member.end));
      continue;
    }
    const value = edits.get(member.name);
    if (value === undefined || written.has(member.name)) continue; // a repeated key would let readers disagree
    written.add(member.name);
    add(bytes.subarray(member.start, member.valueStart), Buffer.from(value));
  }
  for (const [name, value] of edits) {
    if (value !== undefined && !written.has(name)) add(Buffer.from(`${JSON.stringify(name)}:${value}`));
  }
  if (parts.length === 0) parts.push(openBrace);
  parts.push(closeBrace);
  return Buffer.concat(parts);
}

const openBrace = Buffer.from("{");
const closeBrace = Buffer.from("}");
const comma = Buffer.from(",");

function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Keys and short values are scanned here, which is cheaper than a call into native code; longer strings there. Bytes. */
const scannedHere = 48;

/** One after the closing quote of the string that opens at `quote`. */
export function stringEnd(bytes: Buffer, quote: number): number {
  const near = Math.min(bytes.length, quote + 1 + scannedHere);
  for (let at = quote + 1; at < near; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at += 1;
  }
  let end = bytes.indexOf(QUOTE, near);
  while (end !== -1 && isEscaped(bytes, end)) end = bytes.indexOf(QUOTE, end + 1);
  return end === -1 ? bytes.length : end + 1;
}

/** A quote is escaped by an odd number of backslashes before it. */
function isEscaped(bytes: Buffer, quote: number): boolean {
  let at = quote - 1;
  while (bytes[at] === BACKSLASH) at -= 1;
  return (quote - at) % 2 === 0;
}

function valueEnd(bytes: Buffer, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return stringEnd(bytes, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return nestedEnd(bytes, start);
  let at = start;
  while (at < bytes.length && !endsScalar(bytes[at])) at += 1;
  return at;
}

function endsScalar(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte);
}

function nestedEnd(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at);
      continue;
    }
    at += 1;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return at;
}

function keyText(bytes: Buffer, start: number, end: number): string {
  const raw = bytes.toString("utf8", start, end);
  return raw.includes("\\") ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}
