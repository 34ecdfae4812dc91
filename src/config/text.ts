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

const reference = /\$(?:\$|\{([^}]*)\}|([\p{L}\p{N}_]+))/uy;

/**
 * Puts environment variables into the text, before it is read as YAML: `$NAME`, `${NAME}`, `${NAME:-default}`, and `$$`
 * for a dollar sign. Like the reference project, this knows nothing of YAML and can change the structure of the
 * document. Unlike there, comments are left alone, so that `# costs $5` needs no variable called 5.
 */
export function expandEnvironment(original: string, environment: Environment): ExpandedText {
  const segments: Segment[] = [{ start: 0, original: 0, replaced: false }];
  const missing: { name: string; offset: number }[] = [];
  const comments = commentRanges(original);
  let text = "";
  let copied = 0;
  for (let at = original.indexOf("$"); at !== -1; at = original.indexOf("$", at)) {
    const commentEnd = endOfComment(comments, at);
    const match = commentEnd === undefined ? matchAt(original, at) : null;
    if (match === null) {
      at = commentEnd ?? at + 1;
      continue;
    }
    const value = valueOf(match, environment);
    if (value === undefined) missing.push({ name: nameOf(match), offset: at });
    text += original.slice(copied, at);
    segments.push({ start: text.length, original: at, replaced: true });
    text += value ?? match[0];
    at += match[0].length;
    copied = at;
    segments.push({ start: text.length, original: at, replaced: false });
  }
  text += original.slice(copied);
  return { text, missing, toOriginal: (offset) => toOriginal(segments, offset) };
}

function matchAt(text: string, at: number): RegExpExecArray | null {
  reference.lastIndex = at;
  return reference.exec(text);
}

/** What stands for the match; undefined when the variable is not set and nothing else is given. */
function valueOf(match: RegExpExecArray, environment: Environment): string | undefined {
  if (match[0] === "$$") return "$";
  const fallback = defaultOf(match);
  const value = Object.hasOwn(environment, nameOf(match)) ? environment[nameOf(match)] : undefined;
  // As in the shell, `:-` also replaces a variable that is set to nothing.
  return fallback === undefined ? value : value || fallback;
}

function nameOf(match: RegExpExecArray): string {
  const braced = match[1];
  if (braced === undefined) return match[2] ?? "";
  const split = braced.indexOf(":-");
  return split > 0 ? braced.slice(0, split) : braced;
}

function defaultOf(match: RegExpExecArray): string | undefined {
  const split = match[1]?.indexOf(":-") ?? -1;
  return split > 0 ? match[1]?.slice(split + 2) : undefined;
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
