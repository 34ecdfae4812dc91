import { compileHttpBackend } from "../../http/backend.ts";
import type { Config } from "../schema/document.ts";
import type { RouteBackend } from "../schema/routes.ts";
import { compileAi } from "./ai.ts";
import type { KindPlace, RouteBackendParts, RouteLayers } from "./backend-parts.ts";
import { type Build, staticNames } from "./build.ts";
import { compileMcp } from "./mcp.ts";
import { layerOf, type PolicyLayer } from "./slots.ts";
import { warnOfStrangers } from "./without-effect.ts";

export interface BackendPlace {
  /** Where the reference to the backend is written. */
  readonly path: string;
  readonly route: RouteLayers;
}

type Entry = Config["backends"][number];
type Inline = Exclude<RouteBackend, { kind: "routeGroup" }>;

/**
 * Compiles what a route sends to, by reference or written in place. The policies around its requests, from the least
 * specific: for the listener, for the backend and for the route by `policies`; on the entry of `backends`; on the reference
 * to it; on the route.
 */
export function compileBackend(build: Build, backend: Inline, { path, route }: BackendPlace): RouteBackendParts {
  const own = layerOf(`${path}.policies`, backend.policies);
  const name = backend.kind === "backend" ? backend.backend : undefined;
  const entry = name === undefined ? [] : build.entryLayers(name);
  const layers = (section?: string): PolicyLayer[] => [
    ...route.listener,
    ...(name === undefined ? [] : build.layersFor(name, section)),
    ...route.targeted,
    ...entry,
    ...own,
    ...route.inline,
  ];
  const target = backend.kind === "backend" ? build.entry(backend.backend) : backend;
  warnOfStrangers(build, target.kind, [...entry, ...own]);
  return compileKind(build, target, { path: name === undefined ? path : build.entryPath(name), name, layers });
}

function compileKind(build: Build, backend: Exclude<Inline, { kind: "backend" }> | Entry, place: KindPlace): RouteBackendParts {
  switch (backend.kind) {
    case "host": {
      const names = staticNames(backend.host);
      const send = build.send(backend.host, place.layers());
      return compileHttpBackend({ names: place.name === undefined ? names : { ...names, name: place.name }, send });
    }
    case "mcp":
      return compileMcp(build, backend.mcp, place);
    case "ai":
      return compileAi(build, backend.ai, place);
  }
}
