import * as z from "zod";
import { conditionalEntries, notYetValues } from "../../contract/config/combinators.ts";
import { positiveDuration } from "../../contract/config/duration.ts";
import { celExpression } from "../../cel/config-type.ts";
import { uint } from "../../contract/config/numbers.ts";

const limitKeys = {
  maxTokens: uint().default(0).describe("How much the bucket holds, which is how large a burst may be."),
  tokensPerFill: uint().default(0).describe("How much is added each time."),
  fillInterval: positiveDuration().describe("How often it is added."),
  type: notYetValues(z.enum(["requests", "tokens"]).default("requests"), ["tokens"], "a limit on LLM tokens").describe(
    "What is counted: `requests`, or LLM `tokens`.",
  ),
};

/** One token bucket, in this process. */
export const rateLimit = z.strictObject(limitKeys);

const entries = conditionalEntries(celExpression(), (extra) => z.strictObject({ ...limitKeys, ...extra }));

/**
 * Token buckets. Output: branches of which the first whose condition holds applies, with all its limits. A plain list
 * is one branch; under `conditional` every entry is a branch with one limit.
 */
export const localRateLimitConfig = z.union([
  z.array(rateLimit).transform((limits): LocalRateLimitBranch[] => [{ limits }]),
  entries.transform((branches) => branches.map(({ condition, ...limit }): LocalRateLimitBranch => ({ condition, limits: [limit] }))),
]);

export interface LocalRateLimitBranch {
  readonly condition?: z.output<ReturnType<typeof celExpression>> | undefined;
  readonly limits: readonly z.output<typeof rateLimit>[];
}

export type LocalRateLimitConfig = z.output<typeof localRateLimitConfig>;
