import { jsonElements, type JsonMember, jsonMembers } from "../base/json-members.ts";

/** A key that different readers of the same text would take from different places. */
export class AmbiguousKey extends Error {
  constructor(key: string) {
    super(`ambiguous key "${key}"`);
    this.name = "AmbiguousKey";
  }
}

/**
 * One value inside a JSON text, found without parsing it into objects: what is not looked at is forwarded byte for byte,
 * big numbers and unknown members included. The text must be one that JSON.parse has accepted.
 */
export class JsonView {
  private readonly text: Buffer;
  readonly start: number;
  readonly end: number;
  /** Found at the first look; a request is asked for several of its members. */
  private found: readonly JsonMember[] | undefined;

  constructor(text: Buffer, start = leadingSpace(text), end = text.length) {
    this.text = text;
    this.start = start;
    this.end = end;
  }

  get bytes(): Buffer {
    return this.text.subarray(this.start, this.end);
  }

  /**
   * The member of an object, undefined where there is none and for anything but an object.
   *
   * A key that is there twice, or in another case, is refused: JSON.parse takes the last of them, other parsers the
   * first, and some (Go's encoding/json) ignore case. A caller could show us one tool name and the server another.
   * @throws AmbiguousKey
   */
  member(name: string): JsonView | undefined {
    if (!this.isObject) return undefined;
    let member: JsonView | undefined;
    for (const { name: key, valueStart, end } of (this.found ??= jsonMembers(this.bytes))) {
      if (key.length !== name.length || key.toLowerCase() !== name.toLowerCase()) continue;
      if (member !== undefined || key !== name) throw new AmbiguousKey(name);
      member = new JsonView(this.text, this.start + valueStart, this.start + end);
    }
    return member;
  }

  /** The elements of an array; none of anything else. */
  elements(): JsonView[] {
    if (this.text[this.start] !== OPEN_BRACKET) return [];
    return jsonElements(this.bytes).map(({ start, end }) => new JsonView(this.text, this.start + start, this.start + end));
  }

  get isObject(): boolean {
    return this.text[this.start] === OPEN_BRACE;
  }

  /** Whether it is an object without members. */
  get isEmptyObject(): boolean {
    return /^\{\s*\}$/.test(this.bytes.toString("latin1"));
  }
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

function leadingSpace(text: Buffer): number {
  let at = 0;
  while (text[at] === 0x20 || text[at] === 0x0a || text[at] === 0x0d || text[at] === 0x09) at += 1;
  return at;
}

/**
 * For readers of streams, which nothing may be thrown into: what `use` makes of a message, or undefined where the message
 * can be read in two ways, and so is nobody's.
 */
export function unlessAmbiguous<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (thrown) {
    if (!(thrown instanceof AmbiguousKey)) throw thrown;
    return undefined;
  }
}

/** A part of a text to replace; `start` equal to `end` inserts. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with its parts replaced. The edits must not overlap; without any the text itself comes back. */
export function splice(text: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return text;
  const parts: Buffer[] = [];
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(text.subarray(at, edit.start), Buffer.from(edit.text));
    at = edit.end;
  }
  parts.push(text.subarray(at));
  return Buffer.concat(parts);
}

/** The edit that replaces a value. */
export function replace(view: JsonView, text: string): Edit {
  return { start: view.start, end: view.end, text };
}

/** The edits that set string members of an object, replacing those that are there. */
export function setMembers(object: JsonView, members: Readonly<Record<string, string>>): Edit[] {
  const edits: Edit[] = [];
  const added: string[] = [];
  for (const name in members) {
    const present = object.member(name);
    const value = JSON.stringify(members[name]);
    if (present === undefined) added.push(`${JSON.stringify(name)}:${value}`);
    else edits.push(replace(present, value));
  }
  if (added.length > 0) edits.push(insertMembers(object, added.join(",")));
  return edits;
}

/** The edit that puts members (JSON text, without braces) first into an object. */
export function insertMembers(object: JsonView, members: string): Edit {
  const at = object.start + 1;
  return { start: at, end: at, text: object.isEmptyObject ? members : `${members},` };
}
