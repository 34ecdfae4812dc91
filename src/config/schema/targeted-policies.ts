import * as z from "zod";
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
      gatewayName: z.string().describe("Name of the gateway: `default`, as everything in a file belongs to one."),
      gatewayNamespace: z.string().describe("Its namespace: `default`."),
      listenerName: maybe(z.string()).describe("One listener of it: a name of `gateways`, or of a listener of `binds`; `mcp`, `llm`."),
      port: maybe(port()).describe("The listeners on this port."),
    })
    .describe("All listeners, or some."),
  route: z
    .strictObject({
      ...named,
      ruleName: maybe(z.string()).describe("The routes of that name that have this `ruleName`."),
      kind: maybe(z.string()).describe("Kind of route: `HTTPRoute`."),
    })
    .describe("A route."),
  backend: exactlyOne({
    backend: z
      .strictObject({
        name: z.string().describe("Its name."),
        namespace: z.string().describe("Empty or `default`: backends have none."),
        section: section.describe("One MCP target or provider of it."),
      })
      .describe("An entry of `backends`."),
    service: notYet(z.strictObject({ hostname: z.string(), namespace: z.string(), port: maybe(port()) }), "routing to `services`"),
  }).describe("A backend."),
  listenerSet: notYet(z.strictObject({ ...named, section }), "listener sets"),
}).meta({ id: "PolicyTarget" });

export const targetedPolicy = z
  .strictObject({
    name: z.strictObject(named).describe("Name of the policy; no two may have the same."),
    target: target.describe("What it is for."),
    phase: z.enum(["route", "gateway"]).default("route").describe("Whether it runs after a route is chosen, or before."),
    policy: routePolicies.describe("The policy."),
  })
  .meta({ id: "TargetedPolicy" });

export type TargetedPolicy = z.output<typeof targetedPolicy>;
export type PolicyTarget = z.output<typeof target>;
