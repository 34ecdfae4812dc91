import type { ZodType } from "zod";
import type { Exchange } from "./exchange.ts";
import type { Outgoing, Send } from "./outgoing.ts";
import type { Next, Reply } from "./reply.ts";
import type { CompileContext } from "./runtime.ts";

export type { Next };

/**
 * A policy at the gateway or on a route. It may answer by itself, change the exchange and call `next`, or change the
 * reply that `next` gives. A GatewayError that it throws becomes the reply.
 */
export type RoutePolicy = (exchange: Exchange, next: Next) => Reply | Promise<Reply>;

/** A policy around each request to a backend. It may change `outgoing` and the reply, or refuse by throwing. */
export type BackendPolicy = (outgoing: Outgoing, next: Send) => Promise<Reply>;

/**
 * A policy owns its configuration, what is done with it at load and what runs per request. Registered by one line in
 * policies/index.ts, which gives it its place.
 */
export interface PolicyDefinition<Config> {
  /** Its key in the configuration. */
  readonly name: string;
  /** The slot it takes, where that is not its own: of two policies of one slot only the more specific is in effect. */
  readonly slot?: string;
  readonly config: ZodType<Config>;
  /** As a gateway or route policy; undefined where it only makes sense around backend calls. Runs at load. */
  readonly compile?: (config: Config, context: CompileContext) => RoutePolicy;
  /** Around each request to a backend. Runs at load. */
  readonly compileBackend?: (config: Config, context: CompileContext) => BackendPolicy;
  /**
   * How several configs of one slot become one where the reference accumulates (authorization: rules add up).
   * Without it the more specific one replaces the other whole.
   */
  readonly merge?: (lessSpecific: Config, moreSpecific: Config) => Config;
}

/** Keeps a definition's config type while it is written down. */
export function definePolicy<Config>(definition: PolicyDefinition<Config>): PolicyDefinition<Config> {
  return definition;
}
