import * as z from "zod";
import { maybe, notYet } from "../../contract/config/combinators.ts";
import { jsonObject } from "../../contract/config/http-names.ts";
import { namedBackend } from "./backends.ts";
import { bind } from "./binds.ts";
import { configSection } from "./config-section.ts";
import { frontendPolicies } from "./frontend.ts";
import { gateway } from "./gateways.ts";
import { llmSection } from "./llm.ts";
import { mcpSection } from "./mcp.ts";
import { attachedRoute, attachedTcpRoute, routeGroup } from "./routes.ts";
import { targetedPolicy } from "./targeted-policies.ts";
import { uiSection } from "./ui.ts";

/** The whole configuration. Every key is optional. */
export const document = z.strictObject({
  config: maybe(configSection).describe("Settings of the process itself, read at the start."),
  binds: z.array(bind).default([]).describe("Ports with all that is on them; the older form of `gateways` and `routes`."),
  gateways: z.record(z.string(), gateway).default({}).describe("Ports by name, for `routes`, `llm`, `mcp` and `ui` to attach to."),
  routes: z.array(attachedRoute).default([]).describe("HTTP routes on gateways."),
  tcpRoutes: z.array(attachedTcpRoute).default([]).describe("TCP routes on gateways."),
  backends: z.array(namedBackend).default([]).describe("Backends by name, for use in several places."),
  policies: z.array(targetedPolicy).default([]).describe("Policies that name what they are for."),
  routeGroups: z.array(routeGroup).default([]).describe("Lists of routes, for use as a backend."),
  frontendPolicies: frontendPolicies.prefault({}).describe("Settings for every connection and every request."),
  mcp: maybe(mcpSection).describe("MCP servers, joined into one."),
  llm: maybe(llmSection).describe("Models, behind one address."),
  ui: maybe(uiSection).describe("The admin UI through a gateway."),
  workloads: z.array(notYet(jsonObject(), "`workloads`")).default([]).describe("Instances of `services`."),
  services: z.array(notYet(jsonObject(), "`services`")).default([]).describe("Services as a control plane sees them."),
});

/** The configuration as read: defaults filled in, one spelling, durations in milliseconds. */
export type Config = z.output<typeof document>;
