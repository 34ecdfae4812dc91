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
  /** Backend policies, from the least specific. */
  readonly layers: readonly PolicyLayer[];
}
