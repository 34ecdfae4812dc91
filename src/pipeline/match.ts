import { compileRegex } from "../base/regex.ts";
import type { RequestHead } from "../contract/exchange.ts";

/** A text that must be equal, or an RE2 pattern for the whole of it. */
export type TextMatch = { readonly kind: "exact"; readonly exact: string } | { readonly kind: "regex"; readonly regex: string };

export type PathMatch =
  | { readonly kind: "exact"; readonly exact: string }
  | { readonly kind: "pathPrefix"; readonly pathPrefix: string }
  | { readonly kind: "regex"; readonly regex: string };

/** One way for a request to match a route; all of its parts must hold. */
export interface MatchRule {
  readonly path: PathMatch;
  readonly method?: string | undefined;
  readonly headers: readonly { readonly name: string; readonly value: TextMatch }[];
  readonly query: readonly { readonly name: string; readonly value: TextMatch }[];
}

/** What is matched against: a route of the configuration with where it stands in it. */
export interface MatchEntry<T> {
  /** Exact names or `*.suffix`, lower case; empty = every host. */
  readonly hostnames: readonly string[];
  /** Or-ed; empty = every path. */
  readonly rules: readonly MatchRule[];
  readonly value: T;
}

export interface Matched<T> {
  readonly value: T;
  /** The path as configured, for span names and urlRewrite; undefined for a regular expression. */
  readonly pathPattern: string | undefined;
  readonly matchedPrefix: string | undefined;
}

type Matcher<T> = (head: RequestHead) => Matched<T> | undefined;

const everyPath: MatchRule = { path: { kind: "pathPrefix", pathPrefix: "/" }, headers: [], query: [] };

/**
 * Compiles routes into one look-up. Precedence is the reference's (and the Kubernetes Gateway API's): exact host name,
 * then wildcards from the longest, then routes without a host name, each tier falling through to the next; inside a tier
 * an exact path, the longer prefix, a regular expression, a method, more headers, more query parameters, then the order
 * of the file.
 */
export function compileMatcher<T>(entries: readonly MatchEntry<T>[]): Matcher<T> {
  const exact = new Map<string, Candidate<T>[]>();
  const suffixes = new Map<string, Candidate<T>[]>();
  const anyHost: Candidate<T>[] = [];
  for (const entry of entries) {
    const candidates = (entry.rules.length === 0 ? [everyPath] : entry.rules).map((rule) => compileRule(rule, entry.value));
    if (entry.hostnames.length === 0) anyHost.push(...candidates);
    for (const hostname of entry.hostnames) {
      if (hostname === "*") anyHost.push(...candidates);
      else if (hostname.startsWith("*.")) addTo(suffixes, hostname.slice(1), candidates);
      else addTo(exact, hostname, candidates);
    }
  }
  for (const tier of [...exact.values(), ...suffixes.values(), anyHost]) tier.sort(bySpecificity);
  const wildcards = [...suffixes].sort(([one], [other]) => other.length - one.length);

  if (exact.size === 0 && wildcards.length === 0) return (head) => firstOf(anyHost, head);
  return (head) => {
    const host = hostOf(head.authority);
    const named = exact.get(host);
    if (named !== undefined) {
      const found = firstOf(named, head);
      if (found !== undefined) return found;
    }
    for (const [suffix, tier] of wildcards) {
      if (!host.endsWith(suffix) || host.length === suffix.length) continue;
      const found = firstOf(tier, head);
      if (found !== undefined) return found;
    }
    return firstOf(anyHost, head);
  };
}

/** The host of an authority, without its port, in lower case. */
export function hostOf(authority: string): string {
  const end = authority.startsWith("[") ? authority.indexOf("]") + 1 : authority.indexOf(":");
  return end <= 0 ? authority : authority.slice(0, end);
}

interface Candidate<T> {
  readonly matches: (head: RequestHead) => boolean;
  readonly matched: Matched<T>;
  /** Compared member by member, larger first. */
  readonly rank: readonly number[];
}

function firstOf<T>(candidates: readonly Candidate<T>[], head: RequestHead): Matched<T> | undefined {
  for (const candidate of candidates) if (candidate.matches(head)) return candidate.matched;
  return undefined;
}

function addTo<T>(tiers: Map<string, Candidate<T>[]>, key: string, candidates: readonly Candidate<T>[]): void {
  const tier = tiers.get(key);
  if (tier === undefined) tiers.set(key, [...candidates]);
  else tier.push(...candidates);
}

function bySpecificity<T>(one: Candidate<T>, other: Candidate<T>): number {
  for (const [index, rank] of one.rank.entries()) {
    const difference = (other.rank[index] as number) - rank;
    if (difference !== 0) return difference;
  }
  return 0; // Array.prototype.sort is stable: the file's order decides
}

function compileRule<T>(rule: MatchRule, value: T): Candidate<T> {
  const path = compilePath(rule.path);
  const conditions = [path.test, ...conditionsOf(rule)];
  const [first] = conditions;
  return {
    matches: conditions.length === 1 ? (first as Condition) : (head) => conditions.every((condition) => condition(head)),
    matched: { value, pathPattern: path.pattern, matchedPrefix: path.prefix },
    rank: [path.kind, path.length, rule.method === undefined ? 0 : 1, rule.headers.length, rule.query.length],
  };
}

type Condition = (head: RequestHead) => boolean;

interface CompiledPath {
  readonly test: Condition;
  /** 2 exact, 1 prefix, 0 regular expression. */
  readonly kind: number;
  readonly length: number;
  readonly pattern: string | undefined;
  readonly prefix: string | undefined;
}

function compilePath(path: PathMatch): CompiledPath {
  switch (path.kind) {
    case "exact":
      return { test: (head) => head.path === path.exact, kind: 2, length: path.exact.length, pattern: path.exact, prefix: undefined };
    case "pathPrefix": {
      // "/foo" matches "/foo", "/foo/" and "/foo/x", never "/foobar"
      const prefix = path.pathPrefix.endsWith("/") ? path.pathPrefix.slice(0, -1) : path.pathPrefix;
      const test: Condition =
        prefix === ""
          ? () => true
          : (head) => head.path.startsWith(prefix) && (head.path.length === prefix.length || head.path[prefix.length] === "/");
      return { test, kind: 1, length: prefix.length, pattern: path.pathPrefix, prefix };
    }
    case "regex": {
      const regex = compileRegex(path.regex);
      return { test: (head) => regex.matchWhole(head.path), kind: 0, length: path.regex.length, pattern: undefined, prefix: undefined };
    }
  }
}

function conditionsOf(rule: MatchRule): Condition[] {
  const conditions: Condition[] = [];
  if (rule.method !== undefined) conditions.push((head) => head.method === rule.method);
  for (const { name, value } of rule.headers) {
    const test = compileText(value);
    const read = headerReader(name.toLowerCase());
    conditions.push((head) => {
      const text = read(head);
      return text !== undefined && test(text);
    });
  }
  for (const { name, value } of rule.query) {
    const test = compileText(value);
    conditions.push((head) => {
      const text = new URLSearchParams(head.search).getAll(name).at(-1); // of a repeated key the last counts
      return text !== undefined && test(text);
    });
  }
  return conditions;
}

function compileText(match: TextMatch): (text: string) => boolean {
  if (match.kind === "exact") return (text) => text === match.exact;
  const regex = compileRegex(match.regex);
  return (text) => regex.matchWhole(text);
}

/** Reads a header or a pseudo header (`:method`, ...); several values of one field are joined as RFC 9110 section 5.3 allows. */
function headerReader(name: string): (head: RequestHead) => string | undefined {
  switch (name) {
    case ":method":
      return (head) => head.method;
    case ":authority":
      return (head) => head.authority;
    case ":path":
      return (head) => head.path + head.search;
    case ":scheme":
      return (head) => head.scheme;
    default:
      return (head) => {
        const values = head.headers.getAll(name);
        return values.length === 0 ? undefined : values.join(", ");
      };
  }
}
