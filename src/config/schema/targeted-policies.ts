import { z } from "zod";
import { exactlyOne, maybe, notYet } from "../../contract/config/combinators.ts";
import { port } from "../../contract/config/numbers.ts";
import { routePolicies } from "./policies.ts";

/** Policies that stand apart and name what they are for. */

const named = {
  name: z.string().describe("Its name."),
  namespace: z.string().describe("Its namespace."),
};

const section = maybe(z.string());

const target = exactlyOne({
  gateway: z
    .strictObject({
      gatewayName: z.string().describe("Name of the gateway."),
      gatewayNamespace: z.string().describe("Its namespace."),
      listenerName: maybe(z.string()).describe("One listener of it."),
      port: maybe(port()).describe("The listeners on this port of it."),
    })
    .describe("A gateway, or a listener of it."),
  route: z
    .strictObject({
      ...named,
      ruleName: maybe(z.string()).describe("One rule of it."),
      kind: maybe(z.string()).describe("Kind of route."),
    })
    .describe("A route."),
  backend: exactlyOne({
    backend: z.strictObject({ ...named, section: section.describe("One target or provider of it.") }).describe("An entry of `backends`."),
    service: notYet(z.strictObject({ hostname: z.string(), namespace: z.string(), port: maybe(port()) }), "routing to `services`"),
  }).describe("A backend."),
  listenerSet: notYet(z.strictObject({ ...named, section }), "listener sets"),
}).meta({ id: "PolicyTarget" });

export const targetedPolicy = z
  .strictObject({
    name: z.strictObject(named).describe("Name of the policy, for logs and explain."),
    target: target.describe("What it is for."),
    phase: z.enum(["route", "gateway"]).default("route").describe("Whether it runs after a route is chosen, or before."),
    policy: routePolicies.describe("The policy."),
  })
  .meta({ id: "TargetedPolicy" });

export type TargetedPolicy = z.output<typeof targetedPolicy>;
export type PolicyTarget = z.output<typeof target>;
