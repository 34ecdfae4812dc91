import { createHash } from "node:crypto";

/** Characters of a published name below which too little of target and name would be left to read. */
export const minNameLength = 32;

/**
 * The form of a published name that has too many characters: `<target>_<name>_<hash>`, both parts cut to what they have
 * room for, or `<name>_<hash>` without a target. It follows from its arguments alone, so that a name means the same in
 * every list, session and process, whatever else there is. It always has exactly `length` characters.
 *
 * The hash is over the whole long form, 50 bits of SHA-256: among 10,000 tools that begin alike two would have the same
 * with a probability of 1 in 20 million. Its digits are small letters and figures, and everything else is taken from the
 * original, so a short form has no character that the long one did not have, apart from those and `_`.
 */
export function shortName(target: string | undefined, name: string, length: number): string {
  const hash = hashOf(longName(target, name));
  if (target === undefined) return `${head(name, length - hashLength - 1)}_${hash}`;
  const room = roomFor(length);
  const nameLength = countUpTo(name, room);
  const nameRoom = Math.min(nameLength, Math.max(room - target.length, Math.ceil(room / 2)));
  return `${target.slice(0, room - nameRoom)}_${head(name, nameRoom)}_${hash}`;
}

/** The published name where there is room for all of it. */
export function longName(target: string | undefined, name: string): string {
  return target === undefined ? name : `${target}_${name}`;
}

/** Whether a name has more than so many characters (code points). */
export function isLonger(name: string, length: number): boolean {
  return name.length > length && countUpTo(name, length + 1) > length;
}

/** Whether a name may be a short form. A target's own name can look the same, so only lists tell. */
export function mayBeShort(published: string, length: number): boolean {
  return shortEnd.test(published) && countUpTo(published, length + 1) === length;
}

/** Whether a short form that begins with `beginning` and `_` can be of a target: it has all of the target's name, or at least half the room. */
export function mayBeginWith(target: string, beginning: string, length: number): boolean {
  return target === beginning || (beginning.length >= Math.floor(roomFor(length) / 2) && target.startsWith(beginning));
}

const hashLength = 10;
const bitsPerDigit = 5;
const shortEnd = /_[0-9a-v]{10}$/;

/** Characters for target and name. */
function roomFor(length: number): number {
  return length - hashLength - 2;
}

function hashOf(name: string): string {
  // not UTF-8, in which all lone surrogates are the same
  const digest = createHash("sha256").update(Buffer.from(name, "utf16le")).digest();
  const bits = digest.readBigUInt64BE() >> BigInt(64 - hashLength * bitsPerDigit);
  return bits.toString(2 ** bitsPerDigit).padStart(hashLength, "0");
}

/** The first characters, whole code points. */
function head(text: string, length: number): string {
  return Array.from(text.slice(0, 2 * length))
    .slice(0, length)
    .join("");
}

/** Code points of a text, counted no further than needed to know that they are so many. */
function countUpTo(text: string, bound: number): number {
  return Math.min(bound, Array.from(text.slice(0, 2 * bound)).length);
}
