import { GatewayError } from "../../contract/errors.ts";
import { definePolicy, type Next } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import type { Bucket, RateLimitDecision } from "../../contract/stores.ts";
import { compileChoice } from "../conditional.ts";
import { afterBody } from "../expressions.ts";
import { type LocalRateLimitBranch, type LocalRateLimitConfig, localRateLimitConfig } from "./config.ts";

interface Limit {
  readonly key: string;
  readonly bucket: Bucket;
}

/**
 * Token buckets that requests take one token of. They belong to the place in the configuration, so everybody who comes
 * through it shares them, and a reload does not fill them. With several limits the later ones are asked only when the
 * earlier ones had a token, and the fields tell of the last one asked.
 */
export const localRateLimit = definePolicy<LocalRateLimitConfig>({
  name: "localRateLimit",
  config: localRateLimitConfig,
  compile(config, { stores, path }) {
    const choice = compileChoice(
      config.map((branch, i) => ({ condition: branch.condition, value: compileLimits(branch, `${path}[${i}]`) })),
    );
    const { rateLimits } = stores;

    const check = async (limits: readonly Limit[], next: Next): Promise<Reply> => {
      let fields: Readonly<Record<string, string>> = {};
      for (const { key, bucket } of limits) {
        const taken = rateLimits.take(key, bucket, 1);
        const decision = taken instanceof Promise ? await taken : taken;
        fields = fieldsOf(bucket, decision);
        if (!decision.allowed) throw new GatewayError("rate_limited", { headers: fields });
      }
      const reply = await next();
      for (const name in fields) reply.headers.set(name, fields[name]!);
      return reply;
    };

    return afterBody(choice.reads, (exchange, next) => {
      const limits = choice.pick(exchange);
      return limits === undefined || limits.length === 0 ? next() : check(limits, next);
    });
  },
});

/** What is left, and in how many whole seconds there is more. */
function fieldsOf({ maxTokens }: Bucket, { remaining, resetMs }: RateLimitDecision): Readonly<Record<string, string>> {
  return {
    "x-ratelimit-limit": String(maxTokens),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(Math.floor(resetMs / 1000)),
  };
}

function compileLimits({ limits }: LocalRateLimitBranch, path: string): Limit[] {
  return limits.map(({ maxTokens, tokensPerFill, fillInterval }, i) => {
    if (tokensPerFill > maxTokens) throw new Error("`tokensPerFill` is more than the bucket holds (`maxTokens`)");
    return { key: `${path}[${i}]`, bucket: { maxTokens, tokensPerFill, fillIntervalMs: fillInterval } };
  });
}
