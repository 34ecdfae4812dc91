import * as z from "zod";
import { compileRegex, RegexSyntaxError } from "../../base/regex.ts";

/** A regular expression in RE2 syntax: linear time, no look-around and no back-references. Output: as written. */
export function regexPattern() {
  return z
    .string()
    .superRefine((pattern, context) => {
      const problem = problemOf(pattern);
      if (problem !== undefined) context.addIssue({ code: "custom", message: `expected a regular expression in RE2 syntax; ${problem}` });
    })
    .meta({ format: "re2" });
}

function problemOf(pattern: string): string | undefined {
  try {
    compileRegex(pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof RegexSyntaxError)) throw error;
    // What follows quotes the pattern, and that may hold a secret.
    const [problem = ""] = error.message.split(":", 1);
    return explanations[problem] ?? problem;
  }
}

/** Where the parser's own words leave open what to do. */
const explanations: Readonly<Record<string, string>> = {
  "invalid or unsupported Perl syntax": "look-around and back references are not part of it",
  "invalid escape sequence": "it has an escape sequence that is not part of it; back references are not either",
  "missing argument to repetition operator": "there is nothing in front of a `*`, `+` or `?` that could be repeated; any text is `.*`",
  "missing closing ]": "a `[` is not closed; a literal one is `\\[`",
  "missing closing )": "a `(` is not closed; a literal one is `\\(`",
  "unexpected )": "a `)` closes nothing; a literal one is `\\)`",
};
