import { compileHttpBackend } from "../../http/backend.ts";
import type { Config } from "../schema/document.ts";
import type { RouteBackend } from "../schema/routes.ts";
import { compileAi } from "./ai.ts";
import type { KindPlace, RouteBackendParts } from "./backend-parts.ts";
import { type Build, staticNames } from "./build.ts";
import { compileMcp } from "./mcp.ts";
import { layerOf, type PolicyLayer } from "./slots.ts";
import { targetedLayers } from "./targeted.ts";

export interface BackendPlace {
  /** Where the reference to the backend is written. */
  readonly path: string;
  /** Policies of the route, from the least specific: those about the backend go to every backend of the route. */
  readonly routeLayers: readonly PolicyLayer[];
}

/** Policies that may stand on a route although they are about its backends. */
const pushedDown = new Set(["backendTLS", "backendAuth", "backendTunnel", "mcpAuthorization", "mcpGuardrails", "a2a", "ai"]);

type Entry = Config["backends"][number];
type Inline = Exclude<RouteBackend, { kind: "routeGroup" }>;

/** Compiles what a route sends to, by reference or written in place. */
export function compileBackend(build: Build, backend: Inline, { path, routeLayers }: BackendPlace): RouteBackendParts {
  const own = layerOf(`${path}.policies`, backend.policies);
  const pushed = routeLayers.map(({ path, policies }) => ({
    path,
    policies: Object.fromEntries(Object.entries(policies).filter(([name]) => pushedDown.has(name))),
  }));
  if (backend.kind !== "backend") return compileKind(build, backend, { path, name: undefined, layers: [...own, ...pushed] });

  const name = backend.backend;
  const entry = build.entry(name);
  const layers = [
    ...targetedLayers(build.config, { phase: "route", backend: { name: `default/${name}`, section: undefined } }),
    ...build.entryLayers(name),
    ...own,
    ...pushed,
  ];
  return compileKind(build, entry, { path: `backends.${name}`, name, layers });
}

function compileKind(build: Build, backend: Exclude<Inline, { kind: "backend" }> | Entry, place: KindPlace): RouteBackendParts {
  switch (backend.kind) {
    case "host": {
      const names = staticNames(backend.host);
      const send = build.send(backend.host, place.layers);
      return compileHttpBackend({ names: place.name === undefined ? names : { ...names, name: place.name }, send, timeoutMs: 0 });
    }
    case "mcp":
      return compileMcp(build, backend.mcp, place);
    case "ai":
      return compileAi(build, backend.ai, place);
  }
}
