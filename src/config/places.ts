import type { Path } from "./issues.ts";

/**
 * Where in a document a thing can stand. Patterns are keys with dots between; `*` is every entry of a list or map.
 * They work on the plain tree, whether or not it fits the schema.
 */

const routes = ["binds.*.listeners.*.routes.*", "routes.*", "routeGroups.*.routes.*"];

/** Objects with route policies. */
const routePolicies = [...routes.map((place) => `${place}.policies`), "mcp.policies", "policies.*.policy"];

const gatewayPolicies = ["binds.*.listeners.*.policies", "gateways.*", "gateways.*.listeners.*"];

const routeBackends = routes.map((place) => `${place}.backends.*`);

const mcpBackends = ["mcp", "backends.*.mcp", ...routeBackends.map((place) => `${place}.mcp`)];
const mcpTargets = mcpBackends.map((place) => `${place}.targets.*`);

const backendPolicies = [
  "backends.*",
  "backends.*.ai",
  ...routeBackends,
  ...routeBackends.map((place) => `${place}.ai`),
  ...mcpTargets,
].map((place) => `${place}.policies`);

const llmEntries = ["llm.models.*", "llm.providers.*.defaults"];

export const places = {
  routes,
  routePolicies,
  gatewayPolicies,
  routeBackends,
  mcpBackends,
  mcpTargets,
  backendPolicies,
  llmEntries,
  /** Every place with policies. */
  policies: [...routePolicies, ...gatewayPolicies, ...backendPolicies, "llm.policies", "ui.policies"],
} as const;

export interface Found {
  readonly path: Path;
  readonly value: unknown;
}

/** Everything in `tree` that stands in one of the places. */
export function find(tree: unknown, patterns: readonly string[]): Found[] {
  return patterns.flatMap((pattern) => descend([{ path: [], value: tree }], pattern.split(".")));
}

function descend(found: readonly Found[], steps: readonly string[]): Found[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [...found];
  return descend(
    found.flatMap((parent) => children(parent, step)),
    rest,
  );
}

function children({ path, value }: Found, step: string): Found[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return step === "*" ? value.map((child: unknown, index) => ({ path: [...path, index], value: child })) : [];
  const entries = step === "*" ? Object.entries(value) : Object.entries(value).filter(([key]) => key === step);
  return entries.map(([key, child]: [string, unknown]) => ({ path: [...path, key], value: child }));
}
