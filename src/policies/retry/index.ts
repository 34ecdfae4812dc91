import { holds } from "../../cel/environment.ts";
import { ReadSet } from "../../cel/read-set.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { definePolicy, type Next } from "../../contract/policy.ts";
import { isReplyStream, isUpgraded, type Reply } from "../../contract/reply.ts";
import { afterBody, showReply } from "../expressions.ts";
import { pause } from "../pause.ts";
import { type RetryConfig, retryConfig } from "./config.ts";

/** A body must be sent again, so it must be in memory: up to this many bytes. Requests with a larger one get one attempt. */
const maxReplayed = 65_536;

/**
 * Tries again when the backend fails: it cannot be reached, breaks off or is silent for too long before its headers, or
 * answers with one of the codes. Once a reply has been handed on nothing is tried again. `attempts` are further ones, as
 * in the reference: 1 means two calls.
 */
export const retry = definePolicy<RetryConfig>({
  name: "retry",
  config: retryConfig,
  compile(config) {
    const { attempts, precondition, condition } = config;
    const backoff = config.backoff ?? 0;
    const codes = new Set(config.codes);

    const wanted = async (exchange: Exchange, reply: Reply): Promise<boolean> => {
      if (exchange.aborted !== undefined) return false;
      if (codes.has(reply.status) || failedOnTheWay(exchange)) return true;
      if (condition === undefined) return false;
      await showReply(exchange, reply, condition.reads);
      return holds(condition, exchange);
    };

    const attempt = async (exchange: Exchange, next: Next): Promise<Reply> => {
      if (!(await canReplay(exchange))) return next();
      for (let retries = 0; ;) {
        const reply = await next();
        if (retries === attempts || isUpgraded(reply.body) || !(await wanted(exchange, reply))) return reply;
        if (isReplyStream(reply.body)) reply.body.cancel(new GatewayError("client_closed"));
        if (backoff > 0 && !(await pause(exchange, backoff))) throw new GatewayError("client_closed");
        retries += 1;
        exchange.editHeaders().set("x-retry-attempt", String(retries));
      }
    };

    return afterBody(precondition?.reads ?? ReadSet.union([]), (exchange, next) => {
      return precondition === undefined || holds(precondition, exchange) ? attempt(exchange, next) : next();
    });
  },
});

/** The gateway itself made the reply, because no attempt at a connection got as far as headers. */
function failedOnTheWay({ error }: Exchange): boolean {
  return error?.code === "upstream_failed" || error?.code === "upstream_timeout";
}

async function canReplay({ body, upgrade }: Exchange): Promise<boolean> {
  if (upgrade !== undefined || body.length === 0) return true;
  if (body.collected !== undefined) return body.collected.length <= maxReplayed;
  if (body.length !== undefined && body.length > maxReplayed) return false;
  try {
    await body.collect(maxReplayed);
    return true;
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.code === "body_too_large") return false;
    throw thrown;
  }
}
