import * as z from "zod";
import { duration } from "../../contract/config/duration.ts";
import { maxUint32, uint } from "../../contract/config/numbers.ts";

/** TCP keepalive of one kind of connection. */
export const keepalives = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Whether to probe idle connections."),
    time: duration().prefault("3m0s").describe("Idle time before the first probe."),
    interval: duration().prefault("3m0s").describe("Time between probes."),
    retries: uint(maxUint32).default(9).describe("Unanswered probes after which the connection counts as dead."),
  })
  .meta({ id: "Keepalives" });
