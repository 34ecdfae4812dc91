import * as z from "zod";
import { compileRegex, RegexSyntaxError } from "../../base/regex.ts";

/** A regular expression in RE2 syntax: linear time, no look-around and no back-references. Output: as written. */
export function regexPattern() {
  // The text of the error quotes the pattern, and that may hold a secret.
  return z
    .string()
    .refine(compiles, "expected a regular expression in RE2 syntax; look-around and back references are not part of it")
    .meta({ format: "re2" });
}

function compiles(pattern: string): boolean {
  try {
    compileRegex(pattern);
    return true;
  } catch (error) {
    if (error instanceof RegexSyntaxError) return false;
    throw error;
  }
}
