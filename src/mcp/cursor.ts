import { createHash } from "node:crypto";

/**
 * Where a client is in a list: nothing but a place among names that it was shown. So it needs no seal: whoever makes one
 * up sees the part of the list that he could have seen anyway. It is checked, for cursors of others and of other lists.
 */
export interface Cursor {
  /** Of the names in the whole list. */
  readonly digest: string;
  /** Names before it. */
  readonly position: number;
  /** Marks of the last names before it and the first behind it. */
  readonly before: readonly string[];
  readonly behind: readonly string[];
}

/** The cursor in front of the name at `position`. @param list the method, `tools/list` */
export function writeCursor(list: string, names: readonly string[], position: number): string {
  const bytes = Buffer.alloc(cursorBytes);
  bytes.write(digestOfNames(names), checkBytes, "latin1");
  bytes.writeUInt32BE(position, positionAt);
  for (let step = 0; step < marksEachWay; step++) {
    const [before, behind] = [names[position - 1 - step], names[position + step]];
    if (before !== undefined) bytes.write(markOf(before), marksAt + step * markBytes, "latin1");
    if (behind !== undefined) bytes.write(markOf(behind), marksAt + (marksEachWay + step) * markBytes, "latin1");
  }
  bytes.write(checkOf(list, bytes), 0, "latin1");
  return bytes.toString("base64url");
}

/** @returns undefined for what `writeCursor` did not make for that list */
export function readCursor(list: string, cursor: unknown): Cursor | undefined {
  if (typeof cursor !== "string" || cursor.length > cursorBytes * 2) return undefined;
  const bytes = Buffer.from(cursor, "base64url");
  if (bytes.length !== cursorBytes || bytes.toString("base64url") !== cursor) return undefined;
  const text = bytes.toString("latin1");
  if (text.slice(0, checkBytes) !== checkOf(list, bytes)) return undefined;
  const marks = Array.from({ length: 2 * marksEachWay }, (_, index) =>
    text.slice(marksAt + index * markBytes, marksAt + (index + 1) * markBytes),
  );
  return {
    digest: text.slice(checkBytes, positionAt),
    position: bytes.readUInt32BE(positionAt),
    before: marks.slice(0, marksEachWay).filter((mark) => mark !== noMark),
    behind: marks.slice(marksEachWay).filter((mark) => mark !== noMark),
  };
}

/** What tells a list of names from others. */
export function digestOfNames(names: readonly string[]): string {
  return shortHash(JSON.stringify(names), digestBytes);
}

/**
 * Where to go on, in a list that may have changed: between the names that were in front and those that were behind. Of
 * names that stayed in their order none is skipped and none comes twice, as long as one of those that the cursor knows is
 * still there; else it is the same number of names as before.
 */
export function positionIn(names: readonly string[], { digest, position, before, behind }: Cursor): number {
  if (digest === digestOfNames(names)) return position;
  const places = placesOf(names, new Set([...before, ...behind]), position);
  const inFront = before.flatMap((mark) => places.get(mark) ?? []);
  const following = behind.flatMap((mark) => places.get(mark) ?? []);
  let best = { at: Math.min(position, names.length), agreeing: 0 };
  // after one that was in front comes first: what is new there has not been shown
  for (const at of [...inFront.map((place) => place + 1), ...following]) {
    const agreeing = inFront.filter((place) => place < at).length + following.filter((place) => place >= at).length;
    if (agreeing > best.agreeing) best = { at, agreeing };
  }
  return best.at;
}

/** Where the marked names are; of one that is there more than once, the place next to the position. */
function placesOf(names: readonly string[], marks: ReadonlySet<string>, position: number): Map<string, number> {
  const places = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const mark = markOf(name);
    const known = places.get(mark);
    if (!marks.has(mark) || (known !== undefined && Math.abs(known - position) <= Math.abs(index - position))) continue;
    places.set(mark, index);
  }
  return places;
}

function markOf(name: string): string {
  return shortHash(name, markBytes);
}

function checkOf(list: string, cursor: Buffer): string {
  return shortHash(Buffer.concat([Buffer.from(`turnpike cursor 1 ${list} `), cursor.subarray(checkBytes)]), checkBytes);
}

/** As many bytes, each a character. */
function shortHash(data: string | Buffer, bytes: number): string {
  return createHash("sha256").update(data).digest("latin1").slice(0, bytes);
}

const checkBytes = 8;
const digestBytes = 8;
const markBytes = 6;
const marksEachWay = 4;
const positionAt = checkBytes + digestBytes;
const marksAt = positionAt + 4;
const cursorBytes = marksAt + 2 * marksEachWay * markBytes;
const noMark = "\0".repeat(markBytes);
