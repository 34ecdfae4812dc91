import type { Clock } from "../../base/clock.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { BackendNames, Send } from "../../contract/outgoing.ts";
import type { Log } from "../../contract/runtime.ts";
import type { MethodPhases } from "./patterns.ts";

/** An external policy server that looks at MCP messages, as the configuration describes it. */
export interface GuardrailSettings {
  /** For the log, the metric and the client: what the configuration calls it, no address. */
  readonly name: string;
  readonly backend: BackendNames;
  readonly methods: MethodPhases;
  readonly failureMode: "failClosed" | "failOpen";
  /** The values that go along with every question; undefined = none are configured. Never throws. */
  readonly metadata: ((exchange: Exchange) => JsonObject) | undefined;
  /** Whether it sees a header field of the client, or a pseudo header field such as `:path`. Names in lower case. */
  readonly showsHeader: (name: string) => boolean;
  /** One gRPC call: path, message and metadata in, message out, as `createGrpcUpstream` has it. */
  readonly send: Send;
  /** Counts a message for which there was no usable answer. */
  readonly onFailed: (skipped: boolean) => void;
  readonly clock: Clock;
  readonly log: Log;
}
