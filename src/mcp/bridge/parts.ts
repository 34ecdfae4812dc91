import type { Delivery } from "../delivery.ts";
import type { McpLimits } from "../settings.ts";
import type { Target } from "../upstream/target.ts";
import type { BridgedCall } from "./bridged-call.ts";
import type { Era } from "./era.ts";
import type { ParkedCalls } from "./parked-calls.ts";
import type { SharedSessions } from "./shared-sessions.ts";

/** What connections between the eras have in common. */
export interface BridgeParts {
  readonly delivery: Delivery;
  readonly limits: McpLimits;
  readonly shared: SharedSessions;
  readonly parked: ParkedCalls<BridgedCall>;
  readonly eraOf: (target: Target) => Era;
  /** The gateway's version, for its own `clientInfo` and `serverInfo`. */
  readonly version: string;
}
