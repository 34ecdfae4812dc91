import { parseRegexSubset, regexSource } from "./regex-subset.ts";
import type { RegexNode } from "./regex-subset.ts";

/** An upper bound on backtracking: at most `factor * n ** degree` steps on a text of n characters. */
export interface Backtracking {
  readonly degree: number;
  readonly factor: number;
}

export interface BacktrackingAnalysis {
  /** The pattern in V8's syntax, to be compiled with `flags`. */
  readonly source: string;
  readonly flags: string;
  /** Looking for the pattern anywhere in a text. */
  readonly search: Backtracking;
  /** Matching a whole text, as `^(?:source)$`. */
  readonly whole: Backtracking;
}

/**
 * Proves how much a backtracking engine can be made to work by a text of the worst kind. Conservative: repeats inside
 * repeats that could split a text in two ways, captures whose value would differ between the engines, and everything not
 * in the subset give undefined.
 *
 * The bound: a repeat that may stop at any of n places multiplies what comes after it by n, unless what must follow
 * cannot begin with a character of the repeat, so that only its longest run can succeed. Scanning that run costs n.
 */
export function analyseBacktracking(pattern: string): BacktrackingAnalysis | undefined {
  const subset = parseRegexSubset(pattern);
  if (subset === undefined || !enginesAgree(subset.root, false)) return undefined;
  const search = measure(subset.root, accept);
  const whole = measure(subset.root, textEnd);
  if (search === undefined || whole === undefined) return undefined;
  const starts = isAnchored(subset.root) ? 0 : 1;
  return {
    source: regexSource(subset.root),
    flags: subset.ignoreCase ? "iu" : "u",
    search: { degree: search.cost.degree + starts, factor: search.cost.factor },
    whole: whole.cost,
  };
}

/** What comes after a node: the characters it can begin with. */
interface Next {
  readonly chars: bigint;
  /** Nothing comes after: reaching this point is success, and no other way is ever tried. */
  readonly accepts: boolean;
}

/** A polynomial in the length of the text, by its leading term. */
type Growth = Backtracking;

interface Measure {
  /** In how many ways the node can match from one place. */
  readonly ways: Growth;
  /** Steps of trying all of them. */
  readonly cost: Growth;
  readonly first: bigint;
  readonly nullable: boolean;
}

const accept: Next = { chars: 0n, accepts: true };
/** The end of the text: no character can be there, so a repeat only succeeds with its longest run. */
const textEnd: Next = { chars: 0n, accepts: false };
const one: Growth = { degree: 0, factor: 1 };
const maxFactor = 100_000;

function measure(node: RegexNode, next: Next): Measure | undefined {
  switch (node.kind) {
    case "set":
      return { ways: one, cost: one, first: node.chars, nullable: false };
    case "assertion":
      return { ways: one, cost: one, first: 0n, nullable: true };
    case "group":
      return measure(node.body, next);
    case "sequence":
      return measureSequence(node.parts, next);
    case "choice":
      return measureChoice(node.options, next);
    case "repeat":
      return node.max === Number.POSITIVE_INFINITY ? measureEndless(node, next) : measureCounted(node, next);
  }
}

function measureSequence(parts: readonly RegexNode[], next: Next): Measure | undefined {
  const measures: Measure[] = [];
  let following = next;
  for (const part of parts.toReversed()) {
    const measured = measure(part, following);
    if (measured === undefined) return undefined;
    measures.unshift(measured);
    following = before(part, measured, following);
  }
  let ways = one;
  let cost = one;
  let first = 0n;
  let nullable = true;
  for (const [index, part] of measures.entries()) {
    const node = parts[index] as RegexNode;
    // What always succeeds and is the last thing to do is done once, however many ways lead to it.
    const once = next.accepts && index === parts.length - 1 && node.kind === "repeat" && node.min === 0;
    const own = node.kind === "set" ? runCost(parts, index) : part.cost;
    cost = plus(cost, once ? own : times(ways, own));
    ways = times(ways, part.ways);
    if (nullable) first |= part.first;
    nullable &&= part.nullable;
  }
  return bounded({ ways, cost, first, nullable });
}

/**
 * Cost of a character in a run of them. A run is compared up to its first difference, so that comparisons that start at
 * different places only overlap where the run's first character can stand inside of it; the whole run is charged to its
 * first character.
 */
function runCost(parts: readonly RegexNode[], index: number): Growth {
  if (index > 0 && parts[index - 1]?.kind === "set") return { degree: 0, factor: 0 };
  const run: bigint[] = [];
  for (let i = index; parts[i]?.kind === "set"; i++) run.push((parts[i] as Extract<RegexNode, { kind: "set" }>).chars);
  const overlaps = run.slice(1).filter((chars) => (chars & (run[0] as bigint)) !== 0n).length;
  return { degree: 0, factor: Math.min(run.length, overlaps + 2) };
}

/** What comes after the node before this one. */
function before(part: RegexNode, measured: Measure, following: Next): Next {
  if (part.kind === "assertion") return part.end ? textEnd : { ...following, accepts: false };
  if (!measured.nullable) return { chars: measured.first, accepts: false };
  return { chars: measured.first | following.chars, accepts: false };
}

function measureChoice(options: readonly RegexNode[], next: Next): Measure | undefined {
  let ways: Growth = { degree: 0, factor: 0 };
  let most = one;
  let cost = one;
  let first = 0n;
  let nullable = false;
  let disjoint = true;
  for (const option of options) {
    const measured = measure(option, next);
    if (measured === undefined) return undefined;
    if (measured.nullable || (first & measured.first) !== 0n) disjoint = false;
    ways = plus(ways, measured.ways);
    most = larger(most, measured.ways);
    cost = plus(cost, measured.cost);
    first |= measured.first;
    nullable ||= measured.nullable;
  }
  return bounded({ ways: disjoint ? most : ways, cost, first, nullable });
}

type Repeat = Extract<RegexNode, { kind: "repeat" }>;

function measureEndless(node: Repeat, next: Next): Measure | undefined {
  const body = measure(node.body, { chars: allowingRepeat(node, next), accepts: false });
  // A body that can match nothing, or the same text in two ways, makes the work exponential.
  if (body === undefined || body.nullable || body.ways.degree > 0 || body.ways.factor !== 1) return undefined;
  const single = stopsAtOnePlace(body.first, next);
  return bounded({
    ways: single ? one : { degree: 1, factor: 1 },
    cost: { degree: body.cost.degree + 1, factor: body.cost.factor * Math.max(1, node.min) },
    first: body.first,
    nullable: node.min === 0,
  });
}

function measureCounted(node: Repeat, next: Next): Measure | undefined {
  const { min, max } = node;
  if (max === 0) return { ways: one, cost: one, first: 0n, nullable: true };
  const body = measure(node.body, { chars: allowingRepeat(node, next), accepts: false });
  if (body === undefined) return undefined;
  const perRun: Growth = { degree: body.ways.degree * max, factor: body.ways.factor ** max };
  const single = !body.nullable && (min === max || stopsAtOnePlace(body.first, next));
  return bounded({
    ways: single ? perRun : { degree: perRun.degree, factor: perRun.factor * (max - min + 1) },
    cost: times(perRun, { degree: body.cost.degree, factor: body.cost.factor * max }),
    first: body.first,
    nullable: min === 0 || body.nullable,
  });
}

/** Inside a repeat, the next round may follow as well as what follows the repeat. */
function allowingRepeat(node: Repeat, next: Next): bigint {
  const first = measure(node.body, textEnd)?.first ?? 0n;
  return first | next.chars;
}

function stopsAtOnePlace(repeated: bigint, next: Next): boolean {
  return next.accepts || (repeated & next.chars) === 0n;
}

function bounded(measured: Measure): Measure | undefined {
  const { ways, cost } = measured;
  return ways.factor <= maxFactor && cost.factor <= maxFactor && ways.degree <= 4 && cost.degree <= 4 ? measured : undefined;
}

function plus(a: Growth, b: Growth): Growth {
  return { degree: Math.max(a.degree, b.degree), factor: a.factor + b.factor };
}

function times(a: Growth, b: Growth): Growth {
  return { degree: a.degree + b.degree, factor: a.factor * b.factor };
}

function larger(a: Growth, b: Growth): Growth {
  return { degree: Math.max(a.degree, b.degree), factor: Math.max(a.factor, b.factor) };
}

/** Whether a match can only begin at the start of the text. */
function isAnchored(node: RegexNode): boolean {
  switch (node.kind) {
    case "assertion":
      return node.start;
    case "group":
      return isAnchored(node.body);
    case "sequence":
      return node.parts.length > 0 && isAnchored(node.parts[0] as RegexNode);
    case "choice":
      return node.options.every(isAnchored);
    case "set":
    case "repeat":
      return false;
  }
}

/**
 * JavaScript refuses rounds of a repeat that match nothing, and forgets what groups inside a repeat caught when a new
 * round starts; RE2 does neither. They agree on repeats whose body cannot match nothing, and that run at most once, hold
 * no group, or are one: then the last round sets it.
 */
function enginesAgree(node: RegexNode, repeated: boolean): boolean {
  switch (node.kind) {
    case "set":
    case "assertion":
      return true;
    case "sequence":
      return node.parts.every((part) => enginesAgree(part, repeated));
    case "choice":
      return node.options.every((option) => enginesAgree(option, repeated));
    case "group":
      return !(repeated && node.captures) && enginesAgree(node.body, repeated);
    case "repeat": {
      const { body, max } = node;
      if (isNullable(body)) return false;
      if (max <= 1) return enginesAgree(body, repeated);
      if (body.kind !== "group" || repeated) return enginesAgree(body, true);
      return enginesAgree(body.body, true);
    }
  }
}

function isNullable(node: RegexNode): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "assertion":
      return true;
    case "sequence":
      return node.parts.every(isNullable);
    case "choice":
      return node.options.some(isNullable);
    case "group":
      return isNullable(node.body);
    case "repeat":
      return node.min === 0 || isNullable(node.body);
  }
}
