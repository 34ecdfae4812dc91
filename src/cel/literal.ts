import { toDouble, toInt, toUint } from "./numbers.ts";
import { CelError } from "./value.ts";
import type { Value } from "./value.ts";

/** A literal that is not one: what is wrong, and how far into its text. */
export interface LiteralProblem {
  readonly problem: string;
  readonly at: number;
}

/** Whether reading a literal failed. */
export function isProblem(result: Value | LiteralProblem): result is LiteralProblem {
  return typeof result === "object" && result !== null && "problem" in result;
}

/**
 * The value of a number as written: `12`, `0x1F`, `12u`, `1.5e3`. A minus sign is no part of it, except that `negative`
 * allows the smallest int, whose magnitude no int has.
 */
export function readNumber(text: string, negative: boolean): Value | LiteralProblem {
  if (!/^0[xX]/.test(text) && /[.eE]/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? toDouble(negative ? -value : value) : { problem: "number out of range", at: 0 };
  }
  const unsigned = /[uU]$/.test(text);
  const magnitude = BigInt(unsigned ? text.slice(0, -1) : text);
  const value = unsigned ? toUint(magnitude) : toInt(negative ? -magnitude : magnitude);
  if (value instanceof CelError) return { problem: `${unsigned ? "unsigned " : ""}integer out of range`, at: 0 };
  return value;
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
};

/** The value of a string or bytes literal, quotes and prefix included in `text`. */
export function readQuoted(text: string): Value | LiteralProblem {
  const [, prefix = "", quote = ""] = /^([rRbB]*)("""|'''|"|')/.exec(text) ?? [];
  const start = prefix.length + quote.length;
  const body = text.slice(start, text.length - quote.length);
  const raw = /r/i.test(prefix);
  const bytes = /b/i.test(prefix);
  if (raw || !body.includes("\\")) return bytes ? Buffer.from(body, "utf8") : body;
  return bytes ? readBytesEscapes(body, start) : readStringEscapes(body, start);
}

function readStringEscapes(body: string, start: number): string | LiteralProblem {
  let result = "";
  let at = 0;
  while (at < body.length) {
    const slash = body.indexOf("\\", at);
    if (slash < 0) break;
    result += body.slice(at, slash);
    const escape = readEscape(body, slash);
    if (escape === undefined) return { problem: "invalid escape sequence", at: start + slash };
    if (escape.code > 0x10ffff || (escape.code >= 0xd800 && escape.code <= 0xdfff)) {
      return { problem: "escape sequence for no Unicode character", at: start + slash };
    }
    result += String.fromCodePoint(escape.code);
    at = escape.end;
  }
  return result + body.slice(at);
}

function readBytesEscapes(body: string, start: number): Uint8Array | LiteralProblem {
  const chunks: Uint8Array[] = [];
  let at = 0;
  while (at < body.length) {
    const slash = body.indexOf("\\", at);
    if (slash < 0) break;
    chunks.push(Buffer.from(body.slice(at, slash), "utf8"));
    const escape = readEscape(body, slash);
    if (escape === undefined) return { problem: "invalid escape sequence", at: start + slash };
    if (escape.unicode) return { problem: "\\u and \\U are not allowed in bytes", at: start + slash };
    chunks.push(Uint8Array.of(escape.code));
    at = escape.end;
  }
  chunks.push(Buffer.from(body.slice(at), "utf8"));
  return Buffer.concat(chunks);
}

/** One escape sequence: the character or byte it stands for, and where it ends. */
function readEscape(body: string, slash: number): { code: number; end: number; unicode: boolean } | undefined {
  const letter = body[slash + 1] ?? "";
  const simple = simpleEscapes[letter];
  if (simple !== undefined) return { code: simple.charCodeAt(0), end: slash + 2, unicode: false };
  const found = /^(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/.exec(body.slice(slash + 1, slash + 10));
  if (found === null) return undefined;
  const [whole, byte, short, long, octal] = found;
  const code = octal === undefined ? Number.parseInt((byte ?? short ?? long) as string, 16) : Number.parseInt(octal, 8);
  return { code, end: slash + 1 + whole.length, unicode: short !== undefined || long !== undefined };
}
