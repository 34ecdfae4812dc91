import { RE2JS } from "re2js";
import { z } from "zod";

/** A regular expression in RE2 syntax: linear time, no look-around and no back-references. Output: as written. */
export function regexPattern() {
  return z
    .string()
    .superRefine((pattern, context) => {
      const problem = re2Problem(pattern);
      if (problem !== undefined) context.addIssue({ code: "custom", message: `expected a regular expression (RE2): ${problem}` });
    })
    .meta({ format: "re2" });
}

function re2Problem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch {
    // The library's text quotes the pattern, and that may hold a secret.
    return "this one does not parse";
  }
}
