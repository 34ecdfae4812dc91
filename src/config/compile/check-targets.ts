import { admissionPolicies, backendPolicies, gatewayPolicies, routePolicies } from "../../policies/index.ts";
import type { Config } from "../schema/document.ts";
import { pushedDown } from "./backend-parts.ts";
import type { Build } from "./build.ts";
import { type BindSpec, processGateway, routeSpec } from "./specs.ts";
import { rankOf, type TargetedPlace, type TargetedPolicy } from "./targeted.ts";

/**
 * Refuses entries of `policies` that nothing would come of: for a place that does not exist, or of a kind that does not
 * run there. Such an entry may be all that should keep people out, so that a warning would not do.
 */
export function checkTargets(build: Build, binds: readonly BindSpec[]): void {
  const places = placesOf(build.config, binds);
  for (const [index, { target, phase, policy }] of build.config.policies.entries()) {
    const path = `policies[${index}]`;
    const names = Object.entries(policy).flatMap(([name, config]) => (config === undefined ? [] : [name]));
    if (names.length === 0) build.problems.push({ path: `${path}.policy`, message: "holds no policy" });
    if (phase === "gateway" && target.kind !== "gateway") {
      build.problems.push({
        path: `${path}.phase`,
        message: `a ${target.kind} is not known yet in the phase \`gateway\`; leave \`phase\` out`,
      });
    } else if (!places.some((place) => rankOf(target, place) !== undefined)) {
      build.problems.push({ path: `${path}.target.${target.kind}`, message: `is nowhere in this configuration; ${known(target, places)}` });
    }
    for (const name of names) {
      const message = misplaced(name, target, phase);
      if (message !== undefined) build.problems.push({ path: `${path}.policy.${name}`, message });
    }
  }
}

/** Everything that a policy can be for. */
function placesOf(config: Config, binds: readonly BindSpec[]): TargetedPlace[] {
  const listeners = binds.flatMap((bind) => bind.listeners);
  const grouped = config.routeGroups.flatMap(({ routes }) => routes.map((route, index) => routeSpec(route, index, "")));
  const routes = [...listeners.flatMap((listener) => listener.routes), ...grouped];
  return [
    ...listeners.map(({ names }): TargetedPlace => ({ kind: "listener", names })),
    ...routes.map(({ name, ruleName }): TargetedPlace => ({ kind: "route", name, ruleName })),
    ...config.backends.flatMap((backend): TargetedPlace[] => {
      const { name } = backend;
      const sections =
        backend.kind === "mcp" ? backend.mcp.targets.map((target) => target.name) : backend.kind === "ai" ? [backend.ai.name] : [];
      return [undefined, ...sections].map((section) => ({ kind: "backend", name, section }));
    }),
  ];
}

const onRoutes = namesOf([...admissionPolicies, ...routePolicies]);
const beforeRoutes = namesOf(gatewayPolicies);
const onBackends = new Set([...namesOf(backendPolicies), ...pushedDown]);

function namesOf(registry: readonly { readonly name: string }[]): ReadonlySet<string> {
  return new Set(registry.map(({ name }) => name));
}

/** Why a policy does not run where it is meant to; undefined when it does. */
function misplaced(name: string, target: TargetedPolicy["target"], phase: TargetedPolicy["phase"]): string | undefined {
  if (phase === "gateway") return beforeRoutes.has(name) ? undefined : "runs only after a route is chosen; leave `phase` out";
  if (target.kind !== "backend") return onRoutes.has(name) || pushedDown.has(name) ? undefined : "runs at backends only";
  if (!onBackends.has(name)) return "does not run at backends; name a route or a gateway as its target";
  const isPart = target.backend.kind === "backend" && target.backend.backend.section !== undefined;
  return isPart && aboutAllTargets.has(name) ? "is about all targets together; leave `section` out" : undefined;
}

/** Policies of an MCP backend as a whole. */
const aboutAllTargets: ReadonlySet<string> = new Set(["mcpAuthorization", "mcpGuardrails"]);

/** Names listed at most, so that the message stays readable. */
const maxListed = 8;

function known(target: TargetedPolicy["target"], places: readonly TargetedPlace[]): string {
  if (target.kind === "gateway") {
    const listeners = places.flatMap((place) => (place.kind === "listener" ? [place.names.listener] : []));
    const [namespace, name] = processGateway.split("/");
    return `all of it belongs to gatewayName \`${name}\` and gatewayNamespace \`${namespace}\`, with ${list("listenerName", listeners)}`;
  }
  if (target.kind === "route")
    return `there are ${list(
      "routes",
      places.flatMap((place) => (place.kind === "route" ? [place.name] : [])),
    )} (namespace/name)`;
  return `there are ${list(
    "backends",
    places.flatMap((place) =>
      place.kind === "backend" ? [place.section === undefined ? place.name : `${place.name} with section ${place.section}`] : [],
    ),
  )}`;
}

function list(what: string, names: readonly string[]): string {
  if (names.length === 0) return `no ${what}`;
  const distinct = [...new Set(names)];
  const shown = distinct.slice(0, maxListed).map((name) => `\`${name}\``);
  return `${what} ${shown.join(", ")}${distinct.length > maxListed ? ", ..." : ""}`;
}
