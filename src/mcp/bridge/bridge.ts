import type { Delivery } from "../delivery.ts";
import type { Connect } from "../session.ts";
import type { McpContext, McpLimits } from "../settings.ts";
import type { Target } from "../upstream/target.ts";
import type { BridgedCall } from "./bridged-call.ts";
import { Era } from "./era.ts";
import { LeasedConnection } from "./leased-connection.ts";
import { ParkedCalls } from "./parked-calls.ts";
import type { BridgeParts } from "./parts.ts";
import { RequestConnection } from "./request-connection.ts";
import { SessionConnection } from "./session-connection.ts";
import { SharedSessions } from "./shared-sessions.ts";

export interface BridgeSettings {
  readonly backend: string;
  readonly targets: readonly Target[];
  readonly delivery: Delivery;
  readonly limits: McpLimits;
}

/** What outlives a reload: sessions at servers, and the calls that wait in them. */
interface Kept {
  readonly shared: SharedSessions;
  readonly parked: ParkedCalls<BridgedCall>;
}

/**
 * How clients of one era reach servers of the other. There are two: with sessions (until 2025-11-25), and without
 * (2026-07-28). A server that speaks the client's gets its messages as they are; else they are translated.
 */
export class Bridge {
  private readonly parts: BridgeParts;

  constructor({ backend, targets, delivery, limits }: BridgeSettings, context: Pick<McpContext, "clock" | "resources" | "version">) {
    const { clock, resources, version } = context;
    const { shared, parked } = resources.acquire<Kept>(
      `mcp bridge ${backend}`,
      () => ({ shared: new SharedSessions(limits), parked: new ParkedCalls(limits) }),
      (kept) => {
        kept.parked.close();
        kept.shared.close();
      },
    );
    const eras = new Map(targets.map((target) => [target, resources.acquire(`mcp era ${target.fingerprint}`, () => new Era(clock))]));
    const eraOf = (target: Target): Era => eras.get(target) ?? new Era(clock);
    this.parts = { delivery, limits, shared, parked, eraOf, version };
  }

  /** For one request of a client without sessions. */
  readonly forRequest: Connect = (target) => new RequestConnection(this.parts, target);

  /** For one call of a client that could have a session, where the gateway offers none. */
  readonly forCall: Connect = (target, client) =>
    target.shares === true ? target.connect("call") : new LeasedConnection(this.parts, target, client);

  /** For an `initialize` where the gateway offers no session: servers hear the client's own. */
  readonly forGreeting: Connect = (target, client) =>
    target.shares === true ? target.connect("call") : SessionConnection.to(this.parts, target, { client, previous: undefined });

  /** For a client's session. */
  readonly forSession: Connect = (target, client, previous) => SessionConnection.to(this.parts, target, { client, previous });
}
