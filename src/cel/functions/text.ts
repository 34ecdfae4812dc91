/** Texts in CEL are sequences of code points; JavaScript's are of UTF-16 units. They differ only where surrogates are. */
const surrogate = /[\ud800-\udfff]/;

/** The number of code points. */
export function codePointLength(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let length = 0;
  for (let at = 0; at < text.length; at = after(text, at)) length++;
  return length;
}

/** The UTF-16 index of a code point's number; the length of the text when there are fewer. */
export function unitIndex(text: string, codePoints: number): number {
  if (!surrogate.test(text)) return Math.min(codePoints, text.length);
  let at = 0;
  for (let i = 0; i < codePoints && at < text.length; i++) at = after(text, at);
  return at;
}

function after(text: string, at: number): number {
  return at + ((text.codePointAt(at) as number) > 0xffff ? 2 : 1);
}

/** Go's and CEL's white space: Unicode's White_Space, unlike JavaScript's without U+FEFF and with U+0085. */
const space = "\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const leadingSpace = new RegExp(`^[${space}]+`);
const isSpace = new RegExp(`[${space}]`);

export function trimSpace(text: string): string {
  const start = leadingSpace.exec(text)?.[0].length ?? 0;
  let end = text.length;
  while (end > start && isSpace.test(text[end - 1] as string)) end--;
  return text.slice(start, end);
}

const quoteEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** The text as a literal in double quotes. */
export function quoteText(text: string): string {
  return `"${Array.from(text.toWellFormed(), (char) => quoteEscapes[char] ?? char).join("")}"`;
}
