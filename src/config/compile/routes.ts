import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { CompiledBackend, CompiledListener, CompiledRoute } from "../../contract/runtime.ts";
import { compose } from "../../pipeline/compose.ts";
import { compileMatcher } from "../../pipeline/match.ts";
import { throughRouteOf } from "../../pipeline/pipeline.ts";
import { admissionPolicies, gatewayPolicies, routePolicies } from "../../policies/index.ts";
import { pushedDown } from "./backend-parts.ts";
import type { Build } from "./build.ts";
import type { RouteBackendParts } from "./backend-parts.ts";
import { compileBackend } from "./backends.ts";
import { compileLlmRoute } from "./llm.ts";
import { compilePolicies } from "./policies.ts";
import { layerOf, mergeLayers, type PolicyLayer } from "./slots.ts";
import { type ListenerSpec, type RouteSpec, routeSpec } from "./specs.ts";
import { targetedLayers } from "./targeted.ts";
import { withMetadataPaths } from "./well-known.ts";
import { browserPages } from "./browser-pages.ts";
import { knowsCallers, warnOfAnonymous, warnOfPrefixes, warnOfUnused } from "./without-effect.ts";

/** A route group may lead to another; past this depth they go in a circle. */
const maxDelegations = 8;

/** Compiles a listener: its gateway-phase policies and the look-up of its routes. */
export function compileListener(build: Build, spec: ListenerSpec): CompiledListener {
  const place = { kind: "listener", names: spec.names } as const;
  const layers = [...targetedLayers(build.config, "gateway", place), ...layerOf(policiesPath(spec), spec.policies)];
  const slots = mergeLayers(layers, gatewayPolicies);
  const inherited = targetedLayers(build.config, "route", place);
  const match = compileRoutes(build, spec.routes, { inherited, knowsCallers: knowsCallers(slots) });
  const policies = compilePolicies(build, slots, { stage: "gateway", registry: gatewayPolicies });
  const chain = compose([browserPages(build.pages), ...policies.compiled]);
  return { names: spec.names, path: spec.path, policies: policies.placed, chain, match };
}

/** What applies to routes from outside. */
interface Surroundings {
  /** Policies for the listener that are about routes. */
  readonly inherited: readonly PolicyLayer[];
  /** Callers may have said who they are before the route was known. */
  readonly knowsCallers: boolean;
}

type RouteLookup = (exchange: Exchange) => CompiledRoute | undefined;

/** Compiles routes into one look-up that notes on the exchange what matched. */
function compileRoutes(build: Build, specs: readonly RouteSpec[], around: Surroundings): RouteLookup {
  const find = compileMatcher(
    withMetadataPaths(specs).map((spec) => ({
      hostnames: spec.hostnames,
      rules: spec.matches,
      value: { spec, compiled: compileRoute(build, spec, around) },
    })),
  );
  return (exchange) => {
    const found = find(exchange.request);
    if (found === undefined) return undefined;
    const { spec, compiled } = found.value;
    exchange.route = { route: spec.name, routeRule: spec.ruleName, pathPattern: found.pathPattern, matchedPrefix: found.matchedPrefix };
    return compiled;
  };
}

function compileRoute(build: Build, spec: RouteSpec, { inherited, knowsCallers: known }: Surroundings): CompiledRoute {
  const needed = build.needCallers.length;
  const registry = [...admissionPolicies, ...routePolicies];
  const targeted = targetedLayers(build.config, "route", { kind: "route", name: spec.name, ruleName: spec.ruleName });
  const inline = layerOf(`${spec.path}.policies`, spec.policies);
  const slots = mergeLayers([...inherited, ...targeted, ...inline], registry);
  const pushed = { listener: aboutBackends(inherited), targeted: aboutBackends(targeted), inline: aboutBackends(inline) };
  const admission = compilePolicies(build, slots, { stage: "admission", registry: admissionPolicies });
  const onward = compilePolicies(build, slots, { stage: "route", registry: routePolicies });
  const route = {
    name: spec.name,
    path: spec.path,
    policies: [...admission.placed, ...onward.placed],
    admission: compose(admission.compiled),
    chain: compose(onward.compiled),
  };
  warnOfPrefixes(build, spec);
  const { target } = spec;
  if (target.kind === "llm") {
    const router = build.attempt(spec.path, () => compileLlmRoute(build, target.llm, { path: spec.path, route: pushed }));
    return { ...route, decode: router?.decode ?? (() => {}), pick: router?.pick ?? weightedPick([]) };
  }
  warnOfUnused(build, target.backends, pushed);
  const compiled = target.backends.flatMap((backend, index) => {
    const path = `${spec.path}.backends[${index}]`;
    const parts = build.attempt(path, () =>
      backend.kind === "routeGroup"
        ? compileDelegation(build, backend.routeGroup)
        : compileBackend(build, backend, { path, route: pushed }),
    );
    return parts === undefined ? [] : [{ weight: backend.weight, backend: parts }];
  });
  const [only] = compiled;
  if (!known && !knowsCallers(slots)) warnOfAnonymous(build, build.needCallers.slice(needed));
  return {
    ...route,
    policies: [...route.policies, ...compiled.flatMap(({ backend }) => backend.policies ?? [])],
    // a route that has one backend can have it read the body before the route's policies see it
    decode: compiled.length === 1 && only?.backend.decode !== undefined ? only.backend.decode : () => {},
    pick: weightedPick(compiled),
  };
}

/** The part of the layers that goes to the route's backends. */
function aboutBackends(layers: readonly PolicyLayer[]): PolicyLayer[] {
  return layers.flatMap(({ path, policies }) =>
    layerOf(path, Object.fromEntries(Object.entries(policies).filter(([name]) => pushedDown.has(name)))),
  );
}

/** An entry of `gateways`, and a listener of one, has its policies beside its other keys. */
function policiesPath({ path }: ListenerSpec): string {
  return path.startsWith("gateways.") ? path : `${path}.policies`;
}

/** Chooses by weight, at random. */
function weightedPick(
  choices: readonly { readonly weight: number; readonly backend: CompiledBackend }[],
): (exchange: Exchange) => CompiledBackend {
  const usable = choices.filter(({ weight }) => weight > 0);
  const total = usable.reduce((sum, { weight }) => sum + weight, 0);
  const [only] = usable;
  if (only === undefined) {
    return () => {
      throw new GatewayError("no_valid_backends");
    };
  }
  if (usable.length === 1) return () => only.backend;
  return () => {
    let left = Math.random() * total;
    for (const { weight, backend } of usable) {
      left -= weight;
      if (left < 0) return backend;
    }
    return only.backend;
  };
}

/** A backend that goes on with the routes of a group. Groups may refer to one another, so each is compiled once and looked up. */
function compileDelegation(build: Build, name: string): RouteBackendParts {
  const group = groupOf(build, name);
  return {
    name,
    call(exchange) {
      exchange.delegations += 1;
      if (exchange.delegations > maxDelegations)
        throw new GatewayError("internal", { cause: new Error(`route groups go in a circle at ${name}`) });
      const route = group.match?.(exchange);
      if (route === undefined) throw new GatewayError("route_not_found");
      return throughRouteOf(route, exchange);
    },
  };
}

interface CompiledGroup {
  /** Undefined only while the group itself is being compiled. */
  match: RouteLookup | undefined;
}

function groupOf(build: Build, name: string): CompiledGroup {
  const known = build.memo.get(`group ${name}`) as CompiledGroup | undefined;
  if (known !== undefined) return known;
  const group: CompiledGroup = { match: undefined };
  build.memo.set(`group ${name}`, group);
  const index = build.config.routeGroups.findIndex((one) => one.name === name);
  const routes = build.config.routeGroups[index]?.routes ?? [];
  group.match = compileRoutes(
    build,
    routes.map((route, nth) => routeSpec(route, nth, `routeGroups[${index}].routes[${nth}]`)),
    { inherited: [], knowsCallers: true }, // that is up to the routes that lead here
  );
  return group;
}
