import type { Exchange } from "../contract/exchange.ts";
import type { McpRequest } from "../contract/mcp.ts";
import type { Accepts } from "./relay.ts";
import type { Session } from "./session.ts";

/** A request of a client, in its session. */
export interface Call {
  readonly exchange: Exchange;
  readonly session: Session;
  readonly request: McpRequest;
  readonly accepts: Accepts;
}
