import { RecentMap } from "../../base/recent-map.ts";
import { RegexSyntaxError, compileRegex } from "../../base/regex.ts";
import type { Regex } from "../../base/regex.ts";
import { parseReplacement } from "../../base/regex-replacement.ts";
import { maxStringLength } from "../program.ts";
import { CelError, noOverload } from "../value.ts";
import type { Value } from "../value.ts";
import type { FunctionDefinition, Operation } from "./definition.ts";

/** Patterns that come from the request rather than the configuration: the ones used last. */
const recent = new RecentMap<string, Regex | CelError>(256);
/** A pattern from a request is no longer than this: compiling costs more than matching. */
const maxDynamicPattern = 1_024;

function compiled(pattern: string): Regex | CelError {
  try {
    return compileRegex(pattern);
  } catch (error) {
    if (!(error instanceof RegexSyntaxError)) throw error;
    return new CelError(`invalid pattern: ${error.message}`);
  }
}

function recentlyCompiled(pattern: string): Regex | CelError {
  const known = recent.get(pattern);
  if (known !== undefined) return known;
  const regex = pattern.length > maxDynamicPattern ? invalidPattern() : compiled(pattern);
  recent.set(pattern, regex);
  return regex;
}

/** Without the reason, which quotes the pattern: that comes from the request. */
function invalidPattern(): CelError {
  return new CelError(`the computed pattern is invalid, or has more than ${maxDynamicPattern} characters`);
}

function matches(text: Value, pattern: Value): Value {
  if (typeof text !== "string" || typeof pattern !== "string") return noOverload("matches", text, pattern);
  const regex = recentlyCompiled(pattern);
  return regex instanceof CelError ? invalidPattern() : regex.test(text);
}

function prepareMatches([, pattern]: readonly (Value | undefined)[]): Operation | CelError | undefined {
  if (typeof pattern !== "string") return undefined;
  const regex = compiled(pattern);
  if (regex instanceof CelError) return regex;
  return (text) => (typeof text === "string" ? regex.test(text) : noOverload("matches", text, pattern));
}

function regexReplace(text: Value, pattern: Value, replacement: Value): Value {
  if (typeof text !== "string" || typeof pattern !== "string" || typeof replacement !== "string") {
    return noOverload("regexReplace", text, pattern, replacement);
  }
  const regex = recentlyCompiled(pattern);
  return regex instanceof CelError ? invalidPattern() : limited(regex.replaceFirst(text, replacement));
}

function prepareReplace([, pattern, replacement]: readonly (Value | undefined)[]): Operation | CelError | undefined {
  if (typeof pattern !== "string") return undefined;
  const regex = compiled(pattern);
  if (regex instanceof CelError) return regex;
  if (typeof replacement !== "string") {
    return (text, _pattern, by) =>
      typeof text === "string" && typeof by === "string"
        ? limited(regex.replaceFirst(text, by))
        : noOverload("regexReplace", text, pattern, by);
  }
  const template = parseReplacement(replacement);
  return (text) => (typeof text === "string" ? limited(regex.replaceFirst(text, template)) : noOverload("regexReplace", text, pattern));
}

function limited(text: string): Value {
  return text.length > maxStringLength ? new CelError("the string becomes too long") : text;
}

export const patternFunctions: readonly FunctionDefinition[] = [
  {
    name: "matches",
    style: "both",
    operands: [2, 2],
    signature: "string.matches(pattern) -> bool",
    summary: "Whether a regular expression (RE2 syntax) matches somewhere in the text; anchor it with ^ and $ for the whole.",
    run: matches,
    prepare: prepareMatches,
  },
  {
    name: "regexReplace",
    style: "method",
    operands: [3, 3],
    signature: "string.regexReplace(pattern, replacement) -> string",
    summary: "The text with the first match replaced; $1, ${1} and ${name} stand for groups.",
    run: regexReplace,
    prepare: prepareReplace,
  },
];
