import { CelSyntaxError } from "./syntax-error.ts";

/** What a token is; punctuation and keywords are their own kind. */
export type TokenKind = "name" | "quotedName" | "number" | "string" | "punctuation" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; for a quoted name without its quotes. */
  readonly text: string;
  readonly offset: number;
}

/** Sticky, so that each is tried exactly where the lexer stands. None can backtrack more than linearly. */
const blank = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y;
const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const quotedName = /`([A-Za-z0-9_./ -]+)`/y;
const number = /0[xX][0-9a-fA-F]+[uU]?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?:[uU])?/y;
const quoteStart = /(?:[rR][bB]?|[bB][rR]?)?("""|'''|"|')/y;
const punctuation = /&&|\|\||[<>=!]=|[-+*/%!<>?:.,()[\]{}]/y;

/** Cuts the text of an expression into tokens, one at a time. */
export class Lexer {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** @throws CelSyntaxError */
  next(): Token {
    this.#match(blank);
    const offset = this.#at;
    if (offset >= this.#source.length) return { kind: "end", text: "", offset };
    const quote = this.#peek(quoteStart);
    if (quote !== undefined) return { kind: "string", text: this.#quoted(quote[0], quote[1] as string), offset };
    const word = this.#match(name);
    if (word !== undefined) return { kind: "name", text: word[0], offset };
    const digits = this.#match(number);
    if (digits !== undefined) return this.#number(digits[0], offset);
    const sign = this.#match(punctuation);
    if (sign !== undefined) return { kind: "punctuation", text: sign[0], offset };
    const quoted = this.#match(quotedName);
    if (quoted !== undefined) return { kind: "quotedName", text: quoted[1] as string, offset };
    const found = String.fromCodePoint(this.#source.codePointAt(offset) as number);
    throw this.#error(offset, unexpectedCharacter(found));
  }

  #number(text: string, offset: number): Token {
    const isDouble = !/^0[xX]/.test(text) && /[.eE]/.test(text);
    const after = this.#peek(name);
    if (after !== undefined) throw this.#error(offset, `a number cannot be followed by ${JSON.stringify(after[0])}`);
    if (isDouble && /[uU]$/.test(text)) throw this.#error(offset, "an unsigned number has no decimals");
    return { kind: "number", text, offset };
  }

  #quoted(opening: string, quote: string): string {
    const start = this.#at;
    const raw = /^[rRbB]*[rR]/.test(opening);
    let at = start + opening.length;
    for (; at < this.#source.length; at++) {
      const char = this.#source[at];
      if (char === "\\" && !raw) at++;
      else if (quote.length === 1 && (char === "\n" || char === "\r")) break;
      else if (char === quote[0] && this.#source.startsWith(quote, at)) {
        this.#at = at + quote.length;
        return this.#source.slice(start, this.#at);
      }
    }
    throw this.#error(start, `the string is not closed: ${quote} is missing`);
  }

  #peek(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#source) ?? undefined;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    const found = this.#peek(pattern);
    if (found !== undefined) this.#at = pattern.lastIndex;
    return found;
  }

  #error(offset: number, detail: string): CelSyntaxError {
    return new CelSyntaxError(this.#source, offset, detail);
  }
}

/** Names the signs of other languages that operators reach for. */
function unexpectedCharacter(found: string): string {
  const hints: Readonly<Record<string, string>> = {
    "=": 'unexpected "="; comparing is "=="',
    "&": 'unexpected "&"; and is "&&"',
    "|": 'unexpected "|"; or is "||"',
  };
  return hints[found] ?? `unexpected character ${JSON.stringify(found)}`;
}
