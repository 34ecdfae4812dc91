import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { Next, RoutePolicy } from "../contract/policy.ts";
import { Reply } from "../contract/reply.ts";
import type { Chain } from "../contract/runtime.ts";

/**
 * Composes policies into one function, at load. Per request each policy costs one call and one closure; a policy that
 * only passes on (`return next()`) costs no promise of its own.
 *
 * The invariant every policy relies on: `next()` never rejects. A throw anywhere below becomes a reply here, at the
 * nearest policy boundary, so that the policies above (CORS, transformations, audit) see error replies like any other.
 */
export function compose(policies: readonly RoutePolicy[]): Chain {
  return policies.reduceRight<Chain>((rest, policy) => before(policy, rest), passOn);
}

const passOn: Chain = (exchange, next) => guarded(exchange, next);

function before(policy: RoutePolicy, rest: Chain): Chain {
  return (exchange, next) => {
    let below: Promise<Reply> | undefined;
    try {
      const reply = policy(exchange, () => (below = rest(exchange, next)));
      if (reply === below && below !== undefined) return below; // passed on as it is: already safe
      if (reply instanceof Promise) return reply.catch((thrown: unknown) => toReply(exchange, thrown));
      return Promise.resolve(reply);
    } catch (thrown) {
      return Promise.resolve(toReply(exchange, thrown));
    }
  };
}

function guarded(exchange: Exchange, next: Next): Promise<Reply> {
  try {
    return next().catch((thrown: unknown) => toReply(exchange, thrown));
  } catch (thrown) {
    return Promise.resolve(toReply(exchange, thrown));
  }
}

/** The reply for a failure; notes it on the exchange for telemetry. Callers never see a stack or an internal message. */
export function toReply(exchange: Exchange, thrown: unknown): Reply {
  const error = thrown instanceof GatewayError ? thrown : new GatewayError("internal", { cause: thrown });
  exchange.error = error;
  const { body, headers } = error.details;
  const reply = Reply.text(error.status, error.message);
  if (body !== undefined) {
    reply.headers.set("content-type", body.contentType);
    reply.body = body.text;
  }
  if (headers !== undefined) for (const name in headers) reply.headers.set(name, headers[name] as string);
  return reply;
}
