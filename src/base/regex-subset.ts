/**
 * The part of RE2's syntax that means the same to V8, read into a tree. Whatever is not understood to the last character
 * makes the whole pattern "not in the subset", which is always safe: such a pattern runs on the linear engine.
 */
export type RegexNode =
  | { readonly kind: "set"; readonly chars: bigint; readonly source: string }
  | {
      readonly kind: "assertion";
      readonly source: string;
      readonly end: boolean;
      readonly start: boolean;
    }
  | { readonly kind: "sequence"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexNode[] }
  | { readonly kind: "group"; readonly captures: boolean; readonly body: RegexNode }
  | {
      readonly kind: "repeat";
      readonly body: RegexNode;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

export interface RegexSubset {
  readonly root: RegexNode;
  readonly ignoreCase: boolean;
}

/** A set of characters as bits: one each for ASCII, and one for everything else together. */
const otherChars = 1n << 128n;
const allChars = (otherChars << 1n) - 1n;
const digits = range(0x30, 0x39);
const words = digits | range(0x41, 0x5a) | range(0x61, 0x7a) | bit(0x5f);
/** RE2's \s, which is narrower than JavaScript's. */
const spaces = bit(9) | bit(10) | bit(12) | bit(13) | bit(32);

const perlClasses: Readonly<Record<string, { chars: bigint; inner: string; negated: boolean }>> = {
  d: { chars: digits, inner: "0-9", negated: false },
  D: { chars: allChars & ~digits, inner: "0-9", negated: true },
  w: { chars: words, inner: "0-9A-Za-z_", negated: false },
  W: { chars: allChars & ~words, inner: "0-9A-Za-z_", negated: true },
  s: { chars: spaces, inner: "\\t\\n\\f\\r ", negated: false },
  S: { chars: allChars & ~spaces, inner: "\\t\\n\\f\\r ", negated: true },
};
const controlEscapes: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const maxDepth = 50;

/** @returns undefined when the pattern uses anything outside the subset. */
export function parseRegexSubset(pattern: string): RegexSubset | undefined {
  const flags = /^\(\?([is]{1,2})\)/.exec(pattern);
  const parser = new SubsetParser(pattern, flags?.[1] ?? "");
  parser.at = flags === null ? 0 : flags[0].length;
  try {
    const root = parser.choice(0);
    return parser.at === pattern.length ? { root, ignoreCase: parser.ignoreCase } : undefined;
  } catch (error) {
    if (error === outsideSubset) return undefined;
    throw error;
  }
}

/** Thrown as it is, without a stack: leaving the subset is common and no failure. */
const outsideSubset = Symbol("outside the subset");

class SubsetParser {
  at = 0;
  readonly ignoreCase: boolean;
  readonly #dotAll: boolean;
  readonly #text: string;

  constructor(text: string, flags: string) {
    this.#text = text;
    this.ignoreCase = flags.includes("i");
    this.#dotAll = flags.includes("s");
  }

  choice(depth: number): RegexNode {
    if (depth > maxDepth) throw outsideSubset;
    const options = [this.#sequence(depth)];
    while (this.#take("|")) options.push(this.#sequence(depth));
    return options.length === 1 ? (options[0] as RegexNode) : { kind: "choice", options };
  }

  #sequence(depth: number): RegexNode {
    const parts: RegexNode[] = [];
    while (this.at < this.#text.length && !/[|)]/.test(this.#text[this.at] as string)) {
      const atom = this.#atom(depth);
      parts.push(this.#repeated(atom));
    }
    return parts.length === 1 ? (parts[0] as RegexNode) : { kind: "sequence", parts };
  }

  #repeated(body: RegexNode): RegexNode {
    const rest = this.#text.slice(this.at, this.at + 16);
    const found = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)/.exec(rest);
    if (found === null) {
      if (rest.startsWith("{")) throw outsideSubset;
      return body;
    }
    if (body.kind === "assertion") throw outsideSubset;
    this.at += found[0].length;
    const [, sign, low, comma, high, lazy] = found;
    const min = sign === undefined ? Number(low) : sign === "+" ? 1 : 0;
    const max = sign === "?" ? 1 : sign !== undefined || high === "" ? Number.POSITIVE_INFINITY : Number(comma === undefined ? low : high);
    if (/^[*+?{]/.test(this.#text.slice(this.at))) throw outsideSubset;
    return { kind: "repeat", body, min, max, lazy: lazy === "?" };
  }

  #atom(depth: number): RegexNode {
    const char = this.#char();
    switch (char) {
      case "(":
        return this.#group(depth);
      case "[":
        return this.#class();
      case "\\":
        return this.#escape();
      case ".":
        return this.#dotAll
          ? { kind: "set", chars: allChars, source: "[^]" }
          : { kind: "set", chars: allChars & ~bit(10), source: "[^\\n]" };
      case "^":
        return { kind: "assertion", source: "^", start: true, end: false };
      case "$":
        return { kind: "assertion", source: "$", start: false, end: true };
      case "*":
      case "+":
      case "?":
      case "{":
        throw outsideSubset;
      default:
        return this.#literal(char);
    }
  }

  #group(depth: number): RegexNode {
    let captures = true;
    if (this.#take("?")) {
      // Flags for a part of the pattern and lookaround are left to the linear engine.
      if (this.#take(":")) captures = false;
      else this.#groupName();
    }
    const body = this.choice(depth + 1);
    if (!this.#take(")")) throw outsideSubset;
    return { kind: "group", captures, body };
  }

  #groupName(): void {
    const name = /^P?<[A-Za-z0-9_]+>/.exec(this.#text.slice(this.at, this.at + 64));
    if (name === null) throw outsideSubset;
    this.at += name[0].length;
  }

  #escape(): RegexNode {
    const char = this.#char();
    const perl = perlClasses[char];
    if (perl !== undefined) {
      if (this.ignoreCase && /[wW]/.test(char)) throw outsideSubset;
      return {
        kind: "set",
        chars: perl.chars,
        source: `[${perl.negated ? "^" : ""}${perl.inner}]`,
      };
    }
    if (char === "b" || char === "B") {
      if (this.ignoreCase) throw outsideSubset;
      return { kind: "assertion", source: `\\${char}`, start: false, end: false };
    }
    if (char === "A") return { kind: "assertion", source: "^", start: true, end: false };
    if (char === "z") return { kind: "assertion", source: "$", start: false, end: true };
    return this.#literal(this.#escapedChar(char));
  }

  #escapedChar(char: string): string {
    const control = controlEscapes[char];
    if (control !== undefined) return String.fromCharCode(control);
    if (!/^[!-/:-@[-`{-~]$/.test(char)) throw outsideSubset;
    return char;
  }

  #literal(char: string): RegexNode {
    return { kind: "set", chars: this.#bits(char), source: escapeForSource(char) };
  }

  #class(): RegexNode {
    const negated = this.#take("^");
    let chars = 0n;
    let inner = "";
    do {
      const low = this.#classItem();
      chars |= low.chars;
      if (!this.#text.startsWith("-", this.at) || this.#text[this.at + 1] === "]") inner += low.source;
      else {
        this.at++;
        const high = this.#classItem();
        const [first, last] = [low.char?.codePointAt(0), high.char?.codePointAt(0)];
        if (first === undefined || last === undefined || last < first) throw outsideSubset;
        for (let code = first; code <= Math.min(last, 0x7f); code++) chars |= this.#bits(String.fromCharCode(code));
        if (last > 0x7f) chars |= otherChars;
        inner += `${low.source}-${high.source}`;
      }
    } while (!this.#take("]"));
    // With case folding, the complement may still hold other spellings of an excluded letter: assume it does.
    const complement = this.ignoreCase ? allChars : allChars & ~(chars & ~otherChars);
    return {
      kind: "set",
      chars: negated ? complement : chars,
      source: `[${negated ? "^" : ""}${inner}]`,
    };
  }

  #classItem(): { chars: bigint; source: string; char?: string } {
    let char = this.#char();
    if (char === "[" || char === "]") throw outsideSubset;
    if (char === "\\") {
      const escaped = this.#char();
      const perl = perlClasses[escaped];
      if (perl !== undefined) {
        if (perl.negated || (this.ignoreCase && escaped === "w")) throw outsideSubset;
        return { chars: perl.chars, source: perl.inner };
      }
      char = this.#escapedChar(escaped);
    }
    return { chars: this.#bits(char), source: escapeForSource(char), char };
  }

  #bits(char: string): bigint {
    const code = char.codePointAt(0) as number;
    if (code > 0x7f) {
      // Folding reaches from beyond ASCII into it (the Kelvin sign is a "k").
      if (this.ignoreCase) throw outsideSubset;
      return otherChars;
    }
    if (!this.ignoreCase || !/[A-Za-z]/.test(char)) return bit(code);
    return bit(char.toLowerCase().charCodeAt(0)) | bit(char.toUpperCase().charCodeAt(0)) | otherChars;
  }

  #char(): string {
    const code = this.#text.codePointAt(this.at);
    if (code === undefined || (code >= 0xd800 && code <= 0xdfff)) throw outsideSubset;
    const char = String.fromCodePoint(code);
    this.at += char.length;
    return char;
  }

  #take(char: string): boolean {
    if (this.#text[this.at] !== char) return false;
    this.at++;
    return true;
  }
}

/** Group names are dropped: groups are numbered alike, and references by name go through the linear engine's table. */
export function regexSource(node: RegexNode): string {
  switch (node.kind) {
    case "set":
    case "assertion":
      return node.source;
    case "sequence":
      return node.parts.map(regexSource).join("");
    case "choice":
      return node.options.map(regexSource).join("|");
    case "group":
      return `(${node.captures ? "" : "?:"}${regexSource(node.body)})`;
    case "repeat": {
      const { min, max, lazy } = node;
      const body = node.body.kind === "group" || node.body.kind === "set" ? regexSource(node.body) : `(?:${regexSource(node.body)})`;
      return `${body}{${min},${Number.isFinite(max) ? max : ""}}${lazy ? "?" : ""}`;
    }
  }
}

function escapeForSource(char: string): string {
  if (/^[A-Za-z0-9_]$/.test(char)) return char;
  const code = char.codePointAt(0) as number;
  return `\\u{${code.toString(16)}}`;
}

function bit(code: number): bigint {
  return 1n << BigInt(code);
}

function range(first: number, last: number): bigint {
  let bits = 0n;
  for (let code = first; code <= last; code++) bits |= bit(code);
  return bits;
}
