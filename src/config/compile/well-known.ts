import type { PathMatch } from "../../pipeline/match.ts";
import type { RouteSpec } from "./specs.ts";

/** Where OAuth metadata of a resource is looked for: before its own path (RFC 9728 section 3.1, RFC 8414 section 3.1). */
const resourcePrefix = "/.well-known/oauth-protected-resource";
/** Below it are also the endpoints by which clients register and log in, where the policy offers some. */
const serverPrefix = "/.well-known/oauth-authorization-server";

/**
 * Lets routes that log MCP clients in answer for their metadata too: a refusal sends clients there, and a configuration
 * that names only the MCP endpoint itself would leave them with 404. A path that any of the routes names stays its own.
 */
export function withMetadataPaths(routes: readonly RouteSpec[]): RouteSpec[] {
  const named = new Set(routes.flatMap(({ matches }) => matches.map(({ path }) => keyOf(path))));
  return routes.map((route) => {
    if (route.policies?.mcpAuthentication === undefined) return route;
    const more = route.matches
      .flatMap(({ path }) => metadataPaths(path))
      .filter((path) => !named.has(keyOf(path)))
      .map((path) => ({ path, headers: [], query: [] }));
    return more.length === 0 ? route : { ...route, matches: [...route.matches, ...more] };
  });
}

/** None for a route of every path, which has them already, and for regular expressions. */
function metadataPaths(path: PathMatch): PathMatch[] {
  switch (path.kind) {
    case "exact":
      return [{ kind: "exact", exact: resourcePrefix + path.exact }, prefix(serverPrefix + path.exact)];
    case "pathPrefix":
      return path.pathPrefix === "/" ? [] : [prefix(resourcePrefix + path.pathPrefix), prefix(serverPrefix + path.pathPrefix)];
    case "regex":
      return [];
  }
}

function prefix(pathPrefix: string): PathMatch {
  return { kind: "pathPrefix", pathPrefix };
}

function keyOf(path: PathMatch): string {
  return JSON.stringify(path);
}
