import * as z from "zod";
import { exactlyOne } from "./combinators.ts";

/**
 * `{rules: [...]}` of the authorization policies. A rule is a CEL expression, or one under `allow`, `deny` or
 * `require`; written plainly it allows. Output: every rule with its `kind`.
 */
export function ruleSet<E extends z.ZodType>(expression: E) {
  const rule = z.union([
    exactlyOne({
      allow: expression.describe("Lets the request through when true."),
      deny: expression.describe("Refuses the request when true. An expression that fails does not refuse."),
      require: expression.describe("Refuses the request unless true."),
    }),
    expression.transform((allow) => ({ kind: "allow" as const, allow })),
  ]);
  return z.strictObject({
    rules: z
      .array(rule)
      .describe("CEL rules. A deny that holds or a require that does not hold refuses; otherwise one allow must hold, if there are any."),
  });
}
