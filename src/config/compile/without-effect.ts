import type { RouteBackend } from "../schema/routes.ts";
import type { RouteLayers } from "./backend-parts.ts";
import type { Build } from "./build.ts";
import type { RouteSpec } from "./specs.ts";
import type { PolicyLayer, PolicySlot } from "./slots.ts";

/** Warnings for policies that stand where nothing can come of them: nothing that is written is silently ignored. */

type Kind = "host" | "mcp" | "ai";

/** Policies that mean something to one kind of backend only. */
const onlyFor: Readonly<Record<string, Kind>> = { mcpAuthorization: "mcp", mcpGuardrails: "mcp", ai: "ai" };
const kindNames: Readonly<Record<Kind, string>> = { host: "an HTTP server", mcp: "an MCP backend", ai: "an AI backend" };

/** Warns of policies written at a backend that its kind has no use for. */
export function warnOfStrangers(build: Build, kind: Kind, layers: readonly PolicyLayer[]): void {
  for (const { path, policies } of layers) {
    for (const name of Object.keys(policies)) {
      const wanted = onlyFor[name];
      if (wanted !== undefined && wanted !== kind)
        build.warn(`${path}.${name}`, `has no effect: this backend is ${kindNames[kind]}, not ${kindNames[wanted]}`);
    }
  }
}

/** Warns of policies on a route that none of its backends has a use for, and of those that do not reach a route group. */
export function warnOfUnused(build: Build, backends: readonly RouteBackend[], { inline }: RouteLayers): void {
  const kinds = new Set(backends.map((backend) => (backend.kind === "backend" ? build.entry(backend.backend).kind : backend.kind)));
  for (const { path, policies } of inline) {
    for (const name of Object.keys(policies)) {
      const wanted = onlyFor[name];
      if (kinds.has("routeGroup")) build.warn(`${path}.${name}`, "does not reach the routes of a route group; write it on those");
      else if (wanted !== undefined && !kinds.has(wanted))
        build.warn(`${path}.${name}`, `has no effect: the route has no backend that is ${kindNames[wanted]}`);
    }
  }
}

/** Warns of a prefix to be replaced on requests that match by something else: there is none to replace. */
export function warnOfPrefixes(build: Build, { path, matches, policies }: RouteSpec): void {
  const others = matches.flatMap((match, index) => (match.path.kind === "pathPrefix" ? [] : [`matches[${index}]`]));
  if (others.length === 0) return;
  for (const name of ["requestRedirect", "urlRewrite"] as const) {
    if (policies?.[name]?.path?.kind !== "prefix") continue;
    build.warn(`${path}.policies.${name}.path.prefix`, `fails on requests of ${others.join(", ")}, which do not match by \`pathPrefix\``);
  }
}

/** Warns of policies about HTTP requests around a target that is a child process. */
export function warnOfStdio(build: Build, target: string, layers: readonly PolicyLayer[]): void {
  for (const { path, policies } of layers) {
    for (const name of Object.keys(policies)) {
      if (onlyFor[name] === undefined)
        build.warn(`${path}.${name}`, `has no effect on the target \`${target}\`, which is a child process and gets no HTTP requests`);
    }
  }
}

/** Whether one of the policies finds out who the caller is. */
export function knowsCallers(slots: ReadonlyMap<string, PolicySlot>): boolean {
  return ["jwtAuth", "basicAuth", "apiKey"].some((slot) => slots.has(slot));
}

/** Warns of what anonymous callers have no use for, where all callers are. */
export function warnOfAnonymous(build: Build, places: readonly string[]): void {
  for (const place of places) {
    build.warn(place, "refuses every request: it needs callers with a name, and no policy of the route authenticates them");
  }
}
