import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { definePolicy } from "../../contract/policy.ts";
import { isReplyStream, isUpgraded, type Reply } from "../../contract/reply.ts";
import { maxTimerMs } from "../pause.ts";
import { type TimeoutConfig, timeoutConfig } from "./config.ts";

/**
 * Two deadlines, both for the reply's headers: a stream that has begun may take as long as it likes.
 *
 * `requestTimeout` counts from the arrival of the request, but stops only what lies below this policy: the backend with
 * its retries and pauses. `backendRequestTimeout` is left on the exchange for whoever calls the backend, once per call.
 */
export const timeout = definePolicy<TimeoutConfig>({
  name: "timeout",
  config: timeoutConfig,
  compile(config, { clock }) {
    const total = config.requestTimeout ?? 0;
    const perCall = config.backendRequestTimeout ?? 0;
    return (exchange, next) => {
      if (perCall > 0) exchange.backendTimeoutMs = perCall;
      if (total === 0) return next();
      const left = exchange.startedMonotonic + total - clock.monotonic();
      return left <= 0 ? expire(exchange) : within(exchange, left, next);
    };
  },
});

function expire(exchange: Exchange): never {
  const error = new GatewayError("request_timeout");
  exchange.abort(error);
  throw error;
}

/** Whichever is first. A reply that comes too late after all is let go of, or its connection would never be. */
function within(exchange: Exchange, milliseconds: number, next: () => Promise<Reply>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let expired = false;
    const timer = setTimeout(
      () => {
        expired = true;
        const error = new GatewayError("request_timeout");
        reject(error);
        exchange.abort(error);
      },
      Math.min(milliseconds, maxTimerMs),
    );
    void next().then((reply) => {
      clearTimeout(timer);
      if (expired) letGo(reply);
      else resolve(reply);
    });
  });
}

function letGo({ body }: Reply): void {
  if (isReplyStream(body)) body.cancel(new GatewayError("request_timeout"));
  else if (isUpgraded(body)) body.socket.destroy();
}
