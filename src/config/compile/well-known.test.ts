import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../load.ts";
import { bindSpecs } from "./specs.ts";
import { withMetadataPaths } from "./well-known.ts";

/** The paths that the routes of a listener match, route by route. @param routes as YAML flow */
function pathsOf(routes: string): string[][] {
  const { config } = loadConfig(`binds: [{port: 1, listeners: [{routes: ${routes}}]}]`, { file: "c.yaml", environment: {} });
  const specs = bindSpecs(config)[0]?.listeners[0]?.routes ?? [];
  return withMetadataPaths(specs).map(({ matches }) =>
    matches.map(({ path }) => (path.kind === "exact" ? path.exact : path.kind === "pathPrefix" ? `${path.pathPrefix}*` : path.regex)),
  );
}

const login = "policies: {mcpAuthentication: {issuer: 'https://i.test', audiences: [a], resourceMetadata: {}}}";

test("a route that logs MCP clients in answers for the metadata of its path", () => {
  assert.deepEqual(pathsOf(`[{${login}, matches: [{path: {exact: /mcp}, method: POST}]}]`), [
    ["/mcp", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server/mcp*"],
  ]);
  assert.deepEqual(pathsOf(`[{${login}, matches: [{path: {pathPrefix: /tools}}]}]`), [
    ["/tools*", "/.well-known/oauth-protected-resource/tools*", "/.well-known/oauth-authorization-server/tools*"],
  ]);
});

test("where it has them already, or cannot be told, nothing is added", () => {
  assert.deepEqual(pathsOf(`[{${login}}]`), [["/*"]]);
  assert.deepEqual(pathsOf(`[{${login}, matches: [{path: {pathPrefix: /}}]}, {${login}, matches: [{path: {regex: "/m.*"}}]}]`), [
    ["/*"],
    ["/m.*"],
  ]);
  assert.deepEqual(pathsOf("[{matches: [{path: {exact: /mcp}}]}]"), [["/mcp"]]);
});

test("a path that another route names stays with that one", () => {
  const other = "{matches: [{path: {exact: /.well-known/oauth-protected-resource/mcp}}]}";
  assert.deepEqual(pathsOf(`[{${login}, matches: [{path: {exact: /mcp}}]}, ${other}]`), [
    ["/mcp", "/.well-known/oauth-authorization-server/mcp*"],
    ["/.well-known/oauth-protected-resource/mcp"],
  ]);
});
