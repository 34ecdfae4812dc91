import type { CompiledExpression } from "../cel/compile.ts";
import { environmentOf, environmentOfReply } from "../cel/environment.ts";
import { toJsonText } from "../cel/plain.ts";
import type { ReadSet } from "../cel/read-set.ts";
import { CelDouble, CelError, CelUint, type Value } from "../cel/value.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { RoutePolicy } from "../contract/policy.ts";
import type { Reply } from "../contract/reply.ts";
import { collectReply } from "../pipeline/collect-reply.ts";

/** How policies use CEL: an expression that fails gives nothing, and a condition that fails does not hold. */

/**
 * The policy, run once the exchange has what its expressions read of the request's body. Where they read none of it, which
 * is known at load, this is the policy itself, and bodies stream through untouched.
 */
export function afterBody(reads: ReadSet, policy: RoutePolicy): RoutePolicy {
  if (!readsRequestBody(reads)) return policy;
  return async (exchange, next) => {
    await keepRequestBody(exchange);
    return policy(exchange, next);
  };
}

export function readsRequestBody(reads: ReadSet): boolean {
  return reads.reads("request.body") || reads.reads("request.bodyPrefix");
}

/** Reads the body into memory. One over the listener's limit stays a stream, and expressions find none. */
async function keepRequestBody({ body, limits, upgrade }: Exchange): Promise<void> {
  if (body.collected !== undefined || upgrade !== undefined) return;
  try {
    await body.collect(limits.maxBufferSize);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.code !== "body_too_large") throw thrown;
  }
}

/** Lets expressions see a reply, and its body too where they read it and it is within the listener's limit. */
export async function showReply(exchange: Exchange, reply: Reply, reads: ReadSet): Promise<void> {
  if (reads.reads("response.body") || reads.reads("response.bodyPrefix")) await collectReply(reply, exchange.limits.maxBufferSize);
  environmentOfReply(exchange, reply);
}

/** The value of an expression; undefined when it fails. */
export function evaluate(expression: CompiledExpression, exchange: Exchange): Value | undefined {
  const value = expression.evaluate(environmentOf(exchange));
  return value instanceof CelError ? undefined : value;
}

/** A value as the text of a field: strings, numbers and bools, and bytes as they are; undefined for anything else. */
export function asText(value: Value | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
  return value instanceof CelDouble || value instanceof CelUint ? String(value.value) : undefined;
}

/** A value as a body: strings and bytes as they are, anything else as JSON; empty for a failure. */
export function asBody(value: Value | undefined): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const text = typeof value === "string" || value === undefined ? value : toJsonText(value);
  return Buffer.from(typeof text === "string" ? text : "");
}
