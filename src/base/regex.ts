import { RE2JS, RE2JSException } from "re2js";
import { analyseBacktracking } from "./regex-backtracking.ts";
import type { Backtracking } from "./regex-backtracking.ts";
import { expandReplacement, parseReplacement } from "./regex-replacement.ts";
import type { RegexMatch, Replacement } from "./regex-replacement.ts";

/** A pattern that cannot be used: bad syntax, lookaround, back references, or too large. */
export class RegexSyntaxError extends Error {
  override readonly name = "RegexSyntaxError";
}

/** A compiled pattern. No text makes any of its methods take more than time linear in the text (plus a small constant). */
export interface Regex {
  readonly pattern: string;
  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean;
  /** Whether the pattern matches the text from its first to its last character. */
  matchWhole(text: string): boolean;
  /** Replaces the leftmost match; `$1`, `${1}` and `${name}` stand for groups and `$$` for a dollar sign. */
  replaceFirst(text: string, replacement: string | Replacement): string;
  /** Replaces every match that does not overlap the one before. */
  replaceAll(text: string, replacement: string | Replacement): string;
}

/**
 * Past this many characters a pattern is refused. Compiling costs about 0.1 us a character, and no pattern written by
 * hand comes near it.
 */
const maxPatternLength = 16_384;
/** Steps of backtracking that a text of the worst kind may cause: about 0.5 ms. */
const maxBacktrackingSteps = 500_000;

/**
 * Compiles a pattern in RE2 syntax (https://github.com/google/re2/wiki/Syntax), which is also that of Rust's regex
 * crate: no lookaround and no back references. Matching never takes more than linear time. re2js, a linear engine, reads
 * every pattern; V8's engine, 5 to 25 times quicker, takes over where its backtracking is proven to be bounded.
 *
 * @throws RegexSyntaxError
 */
export function compileRegex(pattern: string): Regex {
  if (pattern.length > maxPatternLength) {
    throw new RegexSyntaxError(`the pattern has ${pattern.length} characters; the limit is ${maxPatternLength}`);
  }
  let linear: RE2JS;
  try {
    linear = RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new RegexSyntaxError(error.message.replace(/^error parsing regexp: /, ""));
  }
  return new TwoEngineRegex(pattern, linear);
}

class TwoEngineRegex implements Regex {
  readonly pattern: string;
  readonly #linear: RE2JS;
  readonly #search: RegExp | undefined;
  readonly #whole: RegExp | undefined;
  /** Longest text for which V8 stays within maxBacktrackingSteps. */
  readonly #searchLimit: number;
  readonly #wholeLimit: number;
  readonly #groupNames: Readonly<Record<string, number>>;

  constructor(pattern: string, linear: RE2JS) {
    this.pattern = pattern;
    this.#linear = linear;
    this.#groupNames = linear.namedGroups();
    const analysis = analyseBacktracking(pattern);
    this.#searchLimit = analysis === undefined ? -1 : longestText(analysis.search);
    this.#wholeLimit = analysis === undefined ? -1 : longestText(analysis.whole);
    this.#search = analysis === undefined ? undefined : new RegExp(analysis.source, `${analysis.flags}g`);
    this.#whole = analysis === undefined ? undefined : new RegExp(`^(?:${analysis.source})$`, analysis.flags);
  }

  test(text: string): boolean {
    if (text.length > this.#searchLimit) return this.#linear.test(text);
    const search = this.#search as RegExp;
    search.lastIndex = 0;
    return search.test(text);
  }

  matchWhole(text: string): boolean {
    return text.length <= this.#wholeLimit ? (this.#whole as RegExp).test(text) : this.#linear.testExact(text);
  }

  replaceFirst(text: string, replacement: string | Replacement): string {
    const match = this.#matcher(text)();
    if (match === undefined) return text;
    const template = typeof replacement === "string" ? parseReplacement(replacement) : replacement;
    return text.slice(0, match.start) + expandReplacement(template, match) + text.slice(match.end);
  }

  replaceAll(text: string, replacement: string | Replacement): string {
    const template = typeof replacement === "string" ? parseReplacement(replacement) : replacement;
    const next = this.#matcher(text);
    let result = "";
    let kept = 0;
    let previousEnd = -1;
    for (let match = next(); match !== undefined; match = next()) {
      // An empty match right behind a match is none: as in RE2 and Rust, unlike String.prototype.replace.
      if (match.start === match.end && match.start === previousEnd) continue;
      result += text.slice(kept, match.start) + expandReplacement(template, match);
      kept = match.end;
      previousEnd = match.end;
    }
    return kept === 0 && previousEnd < 0 ? text : result + text.slice(kept);
  }

  /** A function that gives one match after the other. */
  #matcher(text: string): () => RegexMatch | undefined {
    return text.length <= this.#searchLimit
      ? backtrackingMatches(this.#search as RegExp, text, this.#groupNames)
      : linearMatches(this.#linear, text);
  }
}

function longestText({ degree, factor }: Backtracking): number {
  if (degree <= 1) return factor <= 64 ? Number.POSITIVE_INFINITY : Math.floor(maxBacktrackingSteps / factor);
  return Math.floor((maxBacktrackingSteps / factor) ** (1 / degree));
}

function backtrackingMatches(search: RegExp, text: string, names: Readonly<Record<string, number>>): () => RegexMatch | undefined {
  let from = 0;
  return () => {
    search.lastIndex = from;
    const found = search.exec(text);
    if (found === null) return undefined;
    const start = found.index;
    const end = start + found[0].length;
    from = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
    return { start, end, group: (reference) => found[groupIndex(reference, names)] };
  };
}

function linearMatches(linear: RE2JS, text: string): () => RegexMatch | undefined {
  const matcher = linear.matcher(text);
  const names = linear.namedGroups();
  const groups = linear.groupCount();
  return () => {
    if (!matcher.find()) return undefined;
    const group = (reference: string): string | undefined => {
      const index = groupIndex(reference, names);
      return index <= groups ? (matcher.group(index) ?? undefined) : undefined;
    };
    return { start: matcher.start(), end: matcher.end(), group };
  };
}

/** The number of a group referred to by number or by name; an unknown name gives a number no group has. */
function groupIndex(reference: string, names: Readonly<Record<string, number>>): number {
  if (/^[0-9]+$/.test(reference)) return Number(reference);
  return Object.hasOwn(names, reference) ? (names[reference] as number) : Number.MAX_SAFE_INTEGER;
}
