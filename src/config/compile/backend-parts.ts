import type { Exchange } from "../../contract/exchange.ts";
import type { CompiledBackend, PlacedPolicy } from "../../contract/runtime.ts";
import type { PolicyLayer } from "./slots.ts";

/** A backend, with what its route has to do before its policies run. */
export interface RouteBackendParts extends CompiledBackend {
  /** Reads the body and fills exchange.llm or exchange.mcp; undefined for plain HTTP. */
  readonly decode?: ((exchange: Exchange) => void | Promise<void>) | undefined;
  /** Policies that the backend itself applies, for explain. */
  readonly policies?: readonly PlacedPolicy[];
}

/** Where a backend of some kind stands in the configuration, and the policies around its requests. */
export interface KindPlace {
  readonly path: string;
  /** Name of the entry of `backends`; undefined for a backend written in place. */
  readonly name: string | undefined;
  /** Backend policies, from the least specific. @param section one MCP target or provider, for policies that name it */
  readonly layers: (section?: string) => readonly PolicyLayer[];
}

/** Policies that may stand on a route although they are about its backends: they go to all of those. */
export const pushedDown: ReadonlySet<string> = new Set(["backendTLS", "backendAuth", "mcpAuthorization", "mcpGuardrails", "ai"]);

/** Policies of a route that are about its backends, by where they were written. */
export interface RouteLayers {
  /** For its listener, by `policies`. */
  readonly listener: readonly PolicyLayer[];
  /** For the route, by `policies`. */
  readonly targeted: readonly PolicyLayer[];
  /** On the route itself. */
  readonly inline: readonly PolicyLayer[];
}
