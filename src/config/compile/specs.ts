import type { ListenerNames } from "../../contract/exchange.ts";
import type { Config } from "../schema/document.ts";
import type { GatewayPolicies, RoutePolicies } from "../schema/policies.ts";
import type { AttachedRoute, Route, RouteBackend, RouteMatch } from "../schema/routes.ts";
import type { LlmSection } from "../schema/llm.ts";
import type { ListenerTls } from "../schema/tls.ts";

/**
 * The shapes that every way of writing a configuration (binds, gateways and routes, mcp, llm) is brought to before it is
 * compiled. Each keeps the path where it was written, for messages and explain.
 */

export interface BindSpec {
  readonly key: string;
  readonly path: string;
  readonly port: number;
  readonly listeners: readonly ListenerSpec[];
}

export interface ListenerSpec {
  readonly path: string;
  readonly names: ListenerNames;
  readonly hostname: string | undefined;
  readonly tls: ListenerTls | undefined;
  readonly policies: GatewayPolicies | undefined;
  readonly routes: readonly RouteSpec[];
}

export interface RouteSpec {
  readonly path: string;
  /** `namespace/name`, the `route` label. */
  readonly name: string;
  readonly ruleName: string | undefined;
  readonly hostnames: readonly string[];
  readonly matches: readonly RouteMatch[];
  readonly policies: RoutePolicies | undefined;
  readonly target: RouteTarget;
}

export type RouteTarget =
  | { readonly kind: "backends"; readonly backends: readonly RouteBackend[] }
  | { readonly kind: "llm"; readonly llm: LlmSection };

const defaultMcpPort = 3000;
const defaultLlmPort = 4000;

/**
 * The gateway that everything in a file belongs to, `namespace/name`: the `gateway` label, and what `policies[].target.gateway`
 * names. An entry of `gateways` is a listener of it, as in the reference, where gateways of other names come from Kubernetes.
 */
export const processGateway = "default/default";

/** Every port of the configuration with what is served on it, in the order of the file. */
export function bindSpecs(config: Config): BindSpec[] {
  const attached = attachedRoutes(config);
  return [...config.binds.map(bindSpec), ...gatewaySpecs(config, attached), ...ownPorts(config)];
}

function bindSpec(bind: Config["binds"][number], index: number): BindSpec {
  const path = `binds[${index}]`;
  const port = bind.port ?? 0;
  const key = `bind/${port === 0 ? `${index}:0` : port}`;
  const listeners = bind.listeners.map((listener, at): ListenerSpec => {
    const listenerPath = `${path}.listeners[${at}]`;
    return {
      path: listenerPath,
      names: { bind: key, gateway: processGateway, listener: listener.name ?? `listener${at}` },
      hostname: listener.hostname,
      tls: listener.tls,
      policies: listener.policies,
      routes: (listener.routes ?? []).map((route, nth) => routeSpec(route, nth, `${listenerPath}.routes[${nth}]`)),
    };
  });
  return { key, path, port, listeners };
}

/** A route as written under a listener, a group or `routes`. */
export function routeSpec(route: Route | AttachedRoute, index: number, path: string): RouteSpec {
  return {
    path,
    name: `${route.namespace ?? "default"}/${route.name ?? `route${index}`}`,
    ruleName: route.ruleName,
    hostnames: route.hostnames,
    matches: route.matches,
    policies: route.policies,
    target: { kind: "backends", backends: route.backends },
  };
}

interface Attachment {
  readonly gateways: readonly string[];
  readonly route: RouteSpec;
}

/** Routes that go to gateways: those of `routes`, and mcp and llm where they have no port of their own. */
function attachedRoutes(config: Config): Attachment[] {
  const found: Attachment[] = config.routes.map((route, index) => ({
    gateways: route.gateways.length === 0 ? ["default"] : route.gateways,
    route: routeSpec(route, index, `routes[${index}]`),
  }));
  const gatewaysOf = (section: { gateways: string[]; port?: number | undefined }): string[] | undefined => {
    if (section.gateways.length > 0) return section.gateways;
    return section.port === undefined && config.gateways["default"] !== undefined ? ["default"] : undefined;
  };
  const mcpGateways = config.mcp === undefined ? undefined : gatewaysOf(config.mcp);
  if (mcpGateways !== undefined) found.push({ gateways: mcpGateways, route: mcpRoute(config, attachedMcpPaths) });
  const llmGateways = config.llm === undefined ? undefined : gatewaysOf(config.llm);
  if (llmGateways !== undefined) found.push({ gateways: llmGateways, route: llmRoute(config) });
  return found;
}

function gatewaySpecs(config: Config, attached: readonly Attachment[]): BindSpec[] {
  return Object.entries(config.gateways).map(([name, gateway]): BindSpec => {
    const path = `gateways.${name}`;
    const key = `gateway/${name}`;
    const { port = 0, listeners, protocol: _protocol, tls, ...policies } = gateway;
    const written = listeners ?? [{ name: undefined, hostname: undefined, tls, ...policies }];
    return {
      key,
      path,
      port,
      listeners: written.map((listener, index): ListenerSpec => {
        const { name: listenerName = `listener${index}`, hostname, tls: listenerTls, ...listenerPolicies } = listener;
        const means = (reference: string): boolean => reference === name || reference === `${name}/${listenerName}`;
        return {
          path: listeners === undefined ? path : `${path}.listeners[${index}]`,
          names: { bind: `bind/${port}`, gateway: processGateway, listener: listeners === undefined ? name : `${name}/${listenerName}` },
          hostname,
          tls: listenerTls,
          policies: listenerPolicies,
          routes: attached.filter(({ gateways }) => gateways.some(means)).map(({ route }) => route),
        };
      }),
    };
  });
}

/** mcp and llm with a port of their own. */
function ownPorts(config: Config): BindSpec[] {
  const found: BindSpec[] = [];
  const hasDefault = config.gateways["default"] !== undefined;
  const { mcp, llm } = config;
  if (mcp !== undefined && mcp.gateways.length === 0 && (mcp.port !== undefined || !hasDefault)) {
    found.push(ownPort("mcp", mcp.port ?? defaultMcpPort, { routes: [mcpRoute(config, anyPath)], tls: undefined }));
  }
  if (llm !== undefined && llm.gateways.length === 0 && (llm.port !== undefined || !hasDefault)) {
    found.push(ownPort("llm", llm.port ?? defaultLlmPort, { routes: [llmRoute(config)], tls: llm.tls }));
  }
  return found;
}

function ownPort(name: string, port: number, listener: Pick<ListenerSpec, "routes" | "tls">): BindSpec {
  const names = { bind: `bind/${port}`, gateway: processGateway, listener: name };
  return { key: name, path: name, port, listeners: [{ path: name, names, hostname: undefined, policies: undefined, ...listener }] };
}

const anyPath: RouteMatch[] = [prefix("/")];
const attachedMcpPaths: RouteMatch[] = ["/mcp", "/sse", "/.well-known"].map(prefix);

function prefix(path: string): RouteMatch {
  return { path: { kind: "pathPrefix", pathPrefix: path }, headers: [], query: [] };
}

function mcpRoute(config: Config, matches: readonly RouteMatch[]): RouteSpec {
  const { gateways: _gateways, port: _port, policies, ...mcp } = config.mcp as NonNullable<Config["mcp"]>;
  const backend: RouteBackend = { kind: "mcp", mcp, weight: 1, policies: undefined };
  return {
    path: "mcp",
    name: "mcp:default",
    ruleName: undefined,
    hostnames: [],
    matches,
    policies,
    target: { kind: "backends", backends: [backend] },
  };
}

function llmRoute(config: Config): RouteSpec {
  const llm = config.llm as NonNullable<Config["llm"]>;
  // a list without entries is "no limit", not an empty policy
  const localRateLimit =
    llm.policies === undefined || llm.policies.localRateLimit.length === 0 ? undefined : [{ limits: llm.policies.localRateLimit }];
  const policies = llm.policies === undefined ? undefined : ({ ...llm.policies, localRateLimit } as RoutePolicies);
  return { path: "llm", name: "llm:default", ruleName: undefined, hostnames: [], matches: anyPath, policies, target: { kind: "llm", llm } };
}
