import { Lexer } from "yaml";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface ExpandedText {
  readonly text: string;
  /** Variables that are not set and have no default, each where it is used. Offsets into the original text. */
  readonly missing: readonly { readonly name: string; readonly offset: number }[];
  /** The offset in the original text for one in `text`; inside a replaced part, where that began. */
  readonly toOriginal: (offset: number) => number;
}

/** A stretch of the result that came from the original unchanged, or was put in the place of a variable. */
interface Segment {
  readonly start: number;
  readonly original: number;
  readonly replaced: boolean;
}

/** A use of a variable in the text. */
interface Reference {
  readonly name: string;
  readonly fallback: string | undefined;
  readonly end: number;
}

/**
 * Puts environment variables into the text, before it is read as YAML: `$NAME`, `${NAME}`, `${NAME:-default}`, and `$$`
 * for a dollar sign. Like the reference project, this knows nothing of YAML and can change the structure of the
 * document. Unlike there, comments are left alone, so that `# costs $5` needs no variable called 5.
 */
export function expandEnvironment(original: string, environment: Environment): ExpandedText {
  const segments: Segment[] = [{ start: 0, original: 0, replaced: false }];
  const missing: { name: string; offset: number }[] = [];
  const comments = commentRanges(original);
  const referenceAt = referenceReader(original);
  let text = "";
  let copied = 0;
  const replace = (at: number, end: number, value: string): void => {
    text += original.slice(copied, at);
    segments.push({ start: text.length, original: at, replaced: true });
    text += value;
    copied = end;
    segments.push({ start: text.length, original: end, replaced: false });
  };
  for (let at = original.indexOf("$"); at !== -1; at = original.indexOf("$", at)) {
    const commentEnd = endOfComment(comments, at);
    const reference = commentEnd === undefined ? referenceAt(at) : undefined;
    if (reference === undefined) {
      at = commentEnd ?? at + 1;
      continue;
    }
    const value = valueOf(reference, environment);
    if (value === undefined) missing.push({ name: reference.name, offset: at });
    else replace(at, reference.end, value);
    at = reference.end;
  }
  text += original.slice(copied);
  return { text, missing, toOriginal: (offset) => toOriginal(segments, offset) };
}

const bareName = /[\p{L}\p{N}_]+/uy;

/** Reads the reference at a `$`; undefined when it is only a dollar sign. Linear over all of the text. */
function referenceReader(text: string): (at: number) => Reference | undefined {
  let brace = -1;
  const closingAfter = (at: number): number => {
    // Looked for again only when passed: otherwise a text full of `${` would be searched to its end each time.
    if (brace !== Number.POSITIVE_INFINITY && brace < at) {
      const found = text.indexOf("}", at);
      brace = found === -1 ? Number.POSITIVE_INFINITY : found;
    }
    return brace;
  };
  return (at) => {
    if (text[at + 1] === "$") return { name: "$", fallback: undefined, end: at + 2 };
    if (text[at + 1] === "{") {
      const end = closingAfter(at + 2);
      return end === Number.POSITIVE_INFINITY ? undefined : { ...splitDefault(text.slice(at + 2, end)), end: end + 1 };
    }
    bareName.lastIndex = at + 1;
    const name = bareName.exec(text)?.[0];
    return name === undefined ? undefined : { name, fallback: undefined, end: at + 1 + name.length };
  };
}

function splitDefault(inside: string): Pick<Reference, "name" | "fallback"> {
  const split = inside.indexOf(":-");
  return split > 0 ? { name: inside.slice(0, split), fallback: inside.slice(split + 2) } : { name: inside, fallback: undefined };
}

/** What stands for the reference; undefined when the variable is not set and nothing else is given. */
function valueOf({ name, fallback }: Reference, environment: Environment): string | undefined {
  if (name === "$") return "$";
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  // As in the shell, `:-` also replaces a variable that is set to nothing.
  return fallback === undefined ? value : value || fallback;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Tokens of the lexer that stand for no text: start of document, end of a broken flow collection, "a scalar follows". */
const markers = new Set(["\u0002", "\u0018", "\u001f"]);

function commentRanges(text: string): Range[] {
  if (!text.includes("#")) return [];
  const ranges: Range[] = [];
  let offset = 0;
  let scalarFollows = false;
  for (const token of new Lexer().lex(text)) {
    if (!scalarFollows && markers.has(token)) {
      scalarFollows = token === "\u001f";
      continue;
    }
    if (!scalarFollows && token.startsWith("#")) ranges.push({ start: offset, end: offset + token.length });
    scalarFollows = false;
    offset += token.length;
  }
  return ranges;
}

/** Where the comment around `offset` ends; undefined outside of comments. */
function endOfComment(comments: readonly Range[], offset: number): number | undefined {
  const index = lastIndexUpTo(comments, offset, (range) => range.start);
  const range = comments[index];
  return range !== undefined && offset < range.end ? range.end : undefined;
}

function toOriginal(segments: readonly Segment[], offset: number): number {
  const segment = segments[lastIndexUpTo(segments, offset, (candidate) => candidate.start)];
  if (segment === undefined) return offset;
  return segment.replaced ? segment.original : segment.original + (offset - segment.start);
}

/** Index of the last item whose key is not above `limit`, in a list sorted by it; -1 when there is none. */
function lastIndexUpTo<T>(list: readonly T[], limit: number, key: (item: T) => number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key(list[middle]!) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
