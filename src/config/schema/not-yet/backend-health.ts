import * as z from "zod";
import { backendReference } from "../../../contract/config/backend-reference.ts";
import { maybe } from "../../../contract/config/combinators.ts";
import { duration } from "../../../contract/config/duration.ts";
import { celExpression } from "../../../cel/config-type.ts";

/** Policies that choose among several instances of a backend. */

export const health = z.strictObject({
  unhealthyExpression: maybe(celExpression()).describe("CEL that tells a failed reply."),
  eviction: maybe(
    z.strictObject({
      duration: maybe(duration()),
      restoreHealth: maybe(z.number()),
      consecutiveFailures: maybe(z.int32()),
      healthThreshold: maybe(z.number()),
    }),
  ).describe("When an instance is left out, and for how long."),
});

export const inferenceRouting = z.strictObject({
  endpointPicker: backendReference(),
  destinationMode: z.enum(["validated", "passthrough"]).optional(),
});

export const sessionAffinity = z.strictObject({ source: celExpression() });
