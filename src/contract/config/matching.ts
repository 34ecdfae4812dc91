import * as z from "zod";
import { exactlyOne } from "./combinators.ts";
import { headerOrPseudoName } from "./http-names.ts";
import { regexPattern } from "./pattern.ts";

/** A text that must be equal, or a pattern that must match in whole. */
export function textMatch() {
  return exactlyOne({
    exact: z.string().describe("The value, to the letter."),
    regex: regexPattern().describe("Regular expression (RE2) for the whole value."),
  });
}

/** A condition on one header. */
export function headerMatch() {
  return z.strictObject({
    name: headerOrPseudoName().describe("Name of the header; `:method`, `:authority`, `:path` and `:scheme` work too."),
    value: textMatch().describe("What its value must be."),
  });
}
