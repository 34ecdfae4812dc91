import * as z from "zod";
import { parseDuration } from "../../contract/config/duration.ts";
import { celExpression } from "../../cel/config-type.ts";

const fixed = z
  .string()
  .refine((text) => parseDuration(text) !== undefined)
  .transform((text) => ({ kind: "fixed" as const, milliseconds: parseDuration(text) ?? 0 }));
const computed = celExpression().transform((expression) => ({ kind: "computed" as const, expression }));

/** Makes requests wait, to see how clients take it. */
export const delayConfig = z.strictObject({
  duration: z.union([fixed, computed]).describe("A duration, or CEL that gives a duration or a number of milliseconds."),
});

export type DelayConfig = z.output<typeof delayConfig>;
