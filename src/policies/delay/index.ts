import { CelDuration } from "../../cel/time.ts";
import type { Value } from "../../cel/value.ts";
import { CelDouble, CelUint } from "../../cel/value.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { definePolicy, type Next, type RoutePolicy } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import { afterBody, evaluate } from "../expressions.ts";
import { pause } from "../pause.ts";
import { type DelayConfig, delayConfig } from "./config.ts";

/** Makes requests wait before they go on to the backend: fault injection. */
export const delay = definePolicy<DelayConfig>({
  name: "delay",
  config: delayConfig,
  compile({ duration }): RoutePolicy {
    if (duration.kind === "fixed") {
      const { milliseconds } = duration;
      return (exchange, next) => (milliseconds > 0 ? wait(exchange, milliseconds, next) : next());
    }
    const { expression } = duration;
    return afterBody(expression.reads, (exchange, next) => {
      const milliseconds = asMilliseconds(evaluate(expression, exchange));
      return milliseconds > 0 ? wait(exchange, milliseconds, next) : next();
    });
  },
});

async function wait(exchange: Exchange, milliseconds: number, next: Next): Promise<Reply> {
  if (!(await pause(exchange, milliseconds))) throw new GatewayError("client_closed");
  return next();
}

/** A duration, or a number of milliseconds; anything else, a failure too, is no delay. */
function asMilliseconds(value: Value | undefined): number {
  if (value instanceof CelDuration) return value.milliseconds;
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  return value instanceof CelDouble || value instanceof CelUint ? Number(value.value) : 0;
}
