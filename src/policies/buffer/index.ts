import { GatewayError } from "../../contract/errors.ts";
import { definePolicy, type RoutePolicy } from "../../contract/policy.ts";
import { isReplyStream, isUpgraded } from "../../contract/reply.ts";
import { collectReply } from "../../pipeline/collect-reply.ts";
import { type BufferConfig, bufferConfig } from "./config.ts";

const passOn: RoutePolicy = (_exchange, next) => next();
/** Unlike other policies, the first place that sets it counts, from the gateway to the route: a route cannot lift a limit. */
const merge = (less: BufferConfig): BufferConfig => less;

/**
 * Reads request bodies in whole before anything below sees the request. An upgraded connection has no body to read.
 * The two halves of the `buffer` key stand at different places of the order, hence two policies.
 */
export const bufferRequest = definePolicy<BufferConfig>({
  name: "buffer",
  config: bufferConfig,
  merge,
  compile({ request }) {
    if (request === undefined) return passOn;
    const { maxBytes, failureMode } = request;
    return async (exchange, next) => {
      if (exchange.upgrade !== undefined) return next();
      try {
        await exchange.body.collect(maxBytes ?? exchange.limits.maxBufferSize);
      } catch (thrown) {
        const tooLarge = thrown instanceof GatewayError && thrown.code === "body_too_large";
        if (!tooLarge || failureMode === "failClosed") throw thrown;
      }
      return next();
    };
  },
});

/** Reads reply bodies in whole before anything of them is sent. */
export const bufferResponse = definePolicy<BufferConfig>({
  name: "buffer",
  config: bufferConfig,
  merge,
  compile({ response }) {
    if (response === undefined) return passOn;
    const { maxBytes, failureMode } = response;
    return async (exchange, next) => {
      const reply = await next();
      const whole = await collectReply(reply, maxBytes ?? exchange.limits.maxBufferSize);
      if (whole || failureMode === "failOpen" || isUpgraded(reply.body)) return reply;
      const error = new GatewayError("response_too_large");
      if (isReplyStream(reply.body)) reply.body.cancel(error);
      throw error;
    };
  },
});
