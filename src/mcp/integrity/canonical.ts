/**
 * JSON texts in one spelling: keys in order, no white space, each string and number written in one way. Two texts of equal
 * spelling mean the same to every reader, also to those that disagree about repeated keys: all of them are kept. The texts
 * must be such that JSON.parse has accepted.
 */

/** Nesting that nobody writes by hand; deeper texts are not read. */
const maxDepth = 128;

/** The text is nested too deeply to be read. */
export class TooDeep extends Error {
  constructor() {
    super(`nested more than ${maxDepth} levels`);
    this.name = "TooDeep";
  }
}

export interface CanonicalMember {
  readonly name: string;
  /** JSON text. */
  readonly value: string;
}

export interface CanonicalObject {
  /** By name; those of one name in the order of the text. */
  readonly members: readonly CanonicalMember[];
  /** Whether a key stands twice in one object, at any depth: readers disagree about such a text. */
  readonly repeats: boolean;
}

/** The members of an object. @throws TooDeep */
export function canonicalMembers(text: string): CanonicalObject {
  const reader = new Reader(text);
  const members = reader.members();
  return { members, repeats: reader.repeats };
}

/** The text of members as an object, JSON. */
export function objectOf(members: readonly CanonicalMember[]): string {
  return `{${members.map(({ name, value }) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
}

class Reader {
  repeats = false;
  private readonly text: string;
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  members(): CanonicalMember[] {
    const members: CanonicalMember[] = [];
    this.within("}", () => {
      const name = this.string();
      this.skip(":");
      members.push({ name, value: this.value() });
    });
    members.sort(byName);
    this.repeats ||= members.some(({ name }, index) => index > 0 && members[index - 1]?.name === name);
    return members;
  }

  private value(): string {
    this.space();
    switch (this.text[this.at]) {
      case "{":
        return objectOf(this.members());
      case "[":
        return `[${this.elements().join(",")}]`;
      case '"':
        return JSON.stringify(this.string());
      case undefined:
      default:
        return this.scalar();
    }
  }

  private elements(): string[] {
    const elements: string[] = [];
    this.within("]", () => elements.push(this.value()));
    return elements;
  }

  /** What stands between a bracket and the one that closes it. */
  private within(close: string, read: () => void): void {
    if (++this.depth > maxDepth) throw new TooDeep();
    this.space();
    this.at += 1;
    for (this.space(); this.at < this.text.length && this.text[this.at] !== close; this.space()) {
      if (this.text[this.at] === ",") this.at += 1;
      else read();
    }
    this.at += 1;
    this.depth -= 1;
  }

  private string(): string {
    this.space();
    const start = this.at;
    let at = start + 1;
    while (at < this.text.length && this.text.charCodeAt(at) !== quote) at += this.text.charCodeAt(at) === backslash ? 2 : 1;
    this.at = at + 1;
    const raw = this.text.slice(start + 1, at);
    return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
  }

  private scalar(): string {
    const start = this.at;
    while (this.at < this.text.length && !endsScalar(this.text.charCodeAt(this.at))) this.at += 1;
    const raw = this.text.slice(start, this.at);
    return /^[-\d]/.test(raw) ? canonicalNumber(raw) : raw;
  }

  private skip(expected: string): void {
    this.space();
    if (this.text[this.at] === expected) this.at += 1;
  }

  private space(): void {
    while (isSpace(this.text.charCodeAt(this.at))) this.at += 1;
  }
}

const quote = 0x22;
const backslash = 0x5c;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** `,`, `}`, `]` and white space. */
function endsScalar(code: number): boolean {
  return code === 0x2c || code === 0x7d || code === 0x5d || isSpace(code);
}

function byName(a: CanonicalMember, b: CanonicalMember): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** More digits of an exponent are compared as they are written. */
const maxExponentDigits = 15;

/**
 * A number as digits and exponent: `1`, `1.0` and `10e-1` are `1e0`. Not through a double, which would take numbers beyond
 * 2^53 for equal that are not.
 */
export function canonicalNumber(text: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)0*(\d*))?$/.exec(text);
  if (parts === null) return text;
  const [, sign = "", whole = "", fraction = "", exponentSign = "", exponentDigits = ""] = parts;
  const all = whole + fraction;
  let start = 0;
  while (start < all.length && all[start] === "0") start += 1;
  let end = all.length;
  while (end > start && all[end - 1] === "0") end -= 1;
  const digits = all.slice(start, end);
  if (digits === "") return "0e0";
  if (exponentDigits.length > maxExponentDigits) return text;
  const exponent = Number(`${exponentSign}${exponentDigits || "0"}`) - fraction.length + (all.length - end);
  return `${sign}${digits}e${exponent}`;
}
