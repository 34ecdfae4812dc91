/**
 * Characters that people do not see and models read: tag characters that spell text, zero-width characters, controls that
 * turn the direction of writing, selectors in runs, control characters. Where writing needs such a character (emoji
 * sequences, Persian and Indic joiners, marks in right-to-left text) it is none of them.
 */

/** Invisible by Unicode's own account (Default_Ignorable_Code_Point), and what is left: annotation marks, controls, the blank Braille cell. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const invisible = /[\p{Default_Ignorable_Code_Point}\u{fff9}-\u{fffb}\u{2800}\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{7f}-\u{84}\u{86}-\u{9f}]/u;
/** A cheaper look, which most texts do not go beyond: letters, digits and punctuation of ASCII hide nothing. */
const special = /[^\t\n\r -~]/;
const everyInvisible = new RegExp(invisible, "gu");

/** The flags of England, Scotland and Wales are a black flag and letters in tag characters (Unicode's RGI set has no others). */
const flags =
  /\u{1f3f4}\u{e0067}\u{e0062}(?:\u{e0065}\u{e006e}\u{e0067}|\u{e0073}\u{e0063}\u{e0074}|\u{e0077}\u{e006c}\u{e0073})\u{e007f}/gu;

/** What a text hides, in words: `24 tag characters that spell "..."`; undefined when it hides nothing. @param strict no exceptions: names */
export function hiddenIn(given: string, strict = false): string | undefined {
  if (!special.test(given) || !invisible.test(given)) return undefined;
  const text = strict ? given : given.replace(flags, "\u{1f3f4}");
  const counts = new Map<string, number>();
  let spelled = "";
  let looked = 0;
  for (const { 0: point, index } of text.matchAll(everyInvisible)) {
    if (++looked > maxLooked) break;
    if (!strict && isWriting(text, index, point)) continue;
    const kind = kindOf(point);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (kind === "tag character" && spelled.length < maxSpelled) spelled += spelledBy(point);
  }
  if (counts.size === 0) return undefined;
  const more = looked > maxLooked ? "at least " : "";
  const parts = Array.from(counts, ([kind, count]) => `${more}${count} ${kind}${count === 1 ? "" : "s"}`);
  return `${parts.join(", ")}${spelled === "" ? "" : `; the tags spell ${JSON.stringify(spelled)}`}`;
}

const maxSpelled = 80;
/** Invisible characters of one text that are looked at; writing that needs them has fewer in a description. */
const maxLooked = 1_000;

/** A text with what is invisible in it written out, `\u{200b}`, for people. */
export function visible(text: string): string {
  return special.test(text) && invisible.test(text)
    ? text.replace(everyInvisible, (point) => `\\u{${(point.codePointAt(0) ?? 0).toString(16)}}`)
    : text;
}

function kindOf(point: string): string {
  const code = point.codePointAt(0) ?? 0;
  if (code >= 0xe0000 && code <= 0xe007f) return "tag character";
  if (isSelector(point)) return "variation selector";
  if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || directionMark.test(point)) return "direction control";
  if (code < 0xa0) return "control character";
  if (code === 0x200b || code === 0x200c || code === 0x200d || code === 0x2060 || code === 0xfeff) return "zero-width character";
  return "invisible character";
}

/** The letter that a tag character stands for. */
function spelledBy(point: string): string {
  const code = (point.codePointAt(0) ?? 0) - 0xe0000;
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "";
}

function isSelector(point: string): boolean {
  return /^[\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}\u{180b}-\u{180d}\u{180f}]$/u.test(point);
}

const directionMark = /^[\u{200e}\u{200f}\u{61c}]$/u;
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const letter = /^[\p{L}\p{M}]$/u;
/** Scripts that have no use for joiners. */
const unjoined = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}]$/u;
const emoji = /^\p{Extended_Pictographic}$/u;
const emojiModifier = /^[\p{Emoji_Modifier}\u{fe0f}]$/u;
const braille = /[\u{2801}-\u{28ff}]/u;

/** Whether an invisible character is part of how something is written. */
function isWriting(text: string, index: number, point: string): boolean {
  const [before, after] = [pointBefore(text, index), pointAt(text, index + point.length)];
  if (isSelector(point)) return before !== "" && !/^[A-Za-z\s]$/.test(before) && !invisible.test(before);
  if (directionMark.test(point)) return rightToLeft.test(text) && !invisible.test(before);
  switch (point) {
    case "\u{200d}":
      return joinsEmoji(text, index, after) || (joins(before) && !invisible.test(after));
    case "\u{200c}":
      return joins(before) && !invisible.test(after); // at the end of a word too
    case "\u{ad}": // a soft hyphen
      return letter.test(before) && letter.test(after);
    case "\u{2800}":
      return braille.test(text);
    default:
      return false;
  }
}

function pointAt(text: string, index: number): string {
  const code = text.codePointAt(index);
  return code === undefined ? "" : String.fromCodePoint(code);
}

/** The character that ends where another begins. */
function pointBefore(text: string, index: number): string {
  const last = text.charCodeAt(index - 1);
  const isLowSurrogate = last >= 0xdc00 && last <= 0xdfff;
  return index === 0 ? "" : isLowSurrogate ? pointAt(text, index - 2) : text.charAt(index - 1);
}

function joins(point: string): boolean {
  return letter.test(point) && !unjoined.test(point);
}

function joinsEmoji(text: string, index: number, after: string): boolean {
  let at = index;
  let before = pointBefore(text, at);
  for (let skipped = 0; skipped < 2 && emojiModifier.test(before); skipped++) {
    at -= before.length;
    before = pointBefore(text, at);
  }
  return emoji.test(before) && emoji.test(after);
}
