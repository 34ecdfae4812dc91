import * as z from "zod";
import { hostnamePattern } from "../../contract/config/address.ts";
import { exactlyOne, maybe, notYet } from "../../contract/config/combinators.ts";
import { method } from "../../contract/config/http-names.ts";
import { headerMatch, textMatch } from "../../contract/config/matching.ts";
import { uint } from "../../contract/config/numbers.ts";
import { regexPattern } from "../../contract/config/pattern.ts";
import { backendTLSConfig } from "../../policies/backend-tls/config.ts";
import { backendKinds, networkBackendKinds } from "./backends.ts";
import { callPolicyKeys } from "./call-policies.ts";
import { gatewayReferences } from "./gateway-references.ts";
import { backendPolicies, routePolicies } from "./policies.ts";

const absolutePath = z.string().startsWith("/", "must start with /");

const pathMatch = exactlyOne({
  exact: absolutePath.describe("The whole path."),
  pathPrefix: absolutePath.describe("The path or what it starts with, in whole segments: `/a` takes `/a/b` and not `/ab`."),
  regex: regexPattern().describe("Regular expression (RE2) for the whole path."),
});

const anyPath = { pathPrefix: "/" };

const routeMatch = z
  .strictObject({
    path: pathMatch.prefault(anyPath).describe("Condition on the path."),
    method: method().optional().describe("The method, in capitals."),
    headers: z.array(headerMatch()).default([]).describe("Conditions on headers; all must hold."),
    query: z
      .array(
        z.strictObject({ name: z.string().describe("Name of the parameter."), value: textMatch().describe("What its value must be.") }),
      )
      .default([])
      .describe("Conditions on query parameters; all must hold."),
  })
  .meta({ id: "RouteMatch" });

const weight = uint().default(1).describe("Share of the requests, relative to the other backends; 0 is none.");

const routeBackend = exactlyOne(
  { ...backendKinds, routeGroup: z.string().describe("Go on with the routes of this entry of `routeGroups`.") },
  { weight, policies: maybe(backendPolicies).describe("Policies for this backend.") },
).meta({ id: "RouteBackend" });

const names = {
  name: maybe(z.string()).describe("Name, for logs, metrics and `policies[].target`."),
  namespace: maybe(z.string()).describe("Namespace of the name; `default` when absent."),
  ruleName: maybe(z.string()).describe("Name of the rule within the route."),
  hostnames: z
    .array(hostnamePattern())
    .default([])
    .describe("Host names the route is for, such as `api.example.com` or `*.example.com`; none: all."),
};

const routeKeys = {
  ...names,
  matches: z
    .array(routeMatch)
    .prefault([{ path: anyPath }])
    .describe("Conditions of which one must hold."),
  policies: maybe(routePolicies).describe("Policies of the route."),
  backends: z.array(routeBackend).default([]).describe("Where requests go; one is chosen by weight."),
};

export const route = z.strictObject(routeKeys).meta({ id: "Route" });

export const attachedRoute = z.strictObject({ gateways: gatewayReferences, ...routeKeys }).meta({ id: "AttachedRoute" });

export const routeGroup = z
  .strictObject({
    name: z.string().describe("Name to refer to."),
    routes: z.array(route).describe("The routes."),
  })
  .meta({ id: "RouteGroup" });

const tcpBackend = exactlyOne(networkBackendKinds, {
  weight,
  policies: maybe(z.strictObject({ backendTLS: callPolicyKeys.backendTLS, backendTunnel: callPolicyKeys.backendTunnel })),
});

const tcpRouteKeys = {
  ...names,
  policies: maybe(z.strictObject({ backendTLS: maybe(backendTLSConfig) })),
  backends: z.array(tcpBackend).default([]),
};

export const tcpRoute = notYet(z.strictObject(tcpRouteKeys), "TCP routes").meta({ id: "TcpRoute" });
export const attachedTcpRoute = notYet(z.strictObject({ gateways: gatewayReferences, ...tcpRouteKeys }), "TCP routes").meta({
  id: "AttachedTcpRoute",
});

export type RouteMatch = z.output<typeof routeMatch>;
export type RouteBackend = z.output<typeof routeBackend>;
export type Route = z.output<typeof route>;
export type AttachedRoute = z.output<typeof attachedRoute>;
