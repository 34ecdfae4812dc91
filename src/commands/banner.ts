import { type BindSpec, bindSpecs, type RouteSpec } from "../config/compile/specs.ts";
import type { Config } from "../config/schema/document.ts";

/**
 * What is served where, and lines to paste to try it: the first thing that a newcomer sees.
 * @param ports open ports by the key of their bind
 * @param stats address of the metrics, as it can be asked; undefined = switched off
 */
export function banner(config: Config, ports: ReadonlyMap<string, number>, stats: string | undefined): string {
  const lines: string[] = [];
  for (const spec of bindSpecs(config)) {
    const port = ports.get(spec.key);
    if (port !== undefined) lines.push(...describeBind(spec, port));
  }
  if (stats !== undefined) lines.push("", `Metrics      ${stats.startsWith("unix:") ? stats : `http://${reachable(stats)}/metrics`}`);
  return `\n${lines.join("\n")}\n\n`;
}

/** An address that listens on everything is asked as localhost. */
function reachable(address: string): string {
  return address.replace(/^(?:\[::\]|0\.0\.0\.0):/, "localhost:");
}

function describeBind(spec: BindSpec, port: number): string[] {
  return spec.listeners.flatMap((listener) => {
    const scheme = listener.tls === undefined ? "http" : "https";
    const host = listener.hostname === undefined || listener.hostname.startsWith("*") ? "localhost" : listener.hostname;
    return listener.routes.flatMap((route) => describeRoute(route, `${scheme}://${host}:${port}`));
  });
}

function describeRoute(route: RouteSpec, base: string): string[] {
  const { target } = route;
  if (target.kind === "llm") return describeLlm(base, target.llm.models);
  const servers = target.backends.flatMap((backend) => (backend.kind === "mcp" ? backend.mcp.targets : []));
  if (servers.length > 0) return describeMcp(`${base}${pathOf(route)}`, servers);
  return [`HTTP         ${base}${pathOf(route)}  (route ${route.name})`];
}

function describeMcp(url: string, servers: readonly { readonly name: string }[]): string[] {
  return [
    `MCP servers  ${url}  (${servers.map(({ name }) => name).join(", ")})`,
    `  list tools:   npx @modelcontextprotocol/inspector --cli ${url} --method tools/list`,
    `  Claude Code:  claude mcp add --transport http turnpike ${url}`,
  ];
}

function describeLlm(base: string, models: readonly { readonly name: string }[]): string[] {
  const model = models.find(({ name }) => !name.includes("*"))?.name ?? "MODEL";
  return [
    `Models       ${base}/v1  (${models.map(({ name }) => name).join(", ")})`,
    `  chat:         curl -s ${base}/v1/chat/completions -H 'content-type: application/json' -d '${JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] })}'`,
    `  OpenAI SDKs:  OPENAI_BASE_URL=${base}/v1`,
  ];
}

/** The path to show for a route: that of its first match; an MCP route that takes any path is shown at /mcp. */
function pathOf(route: RouteSpec): string {
  const path = route.matches[0]?.path;
  if (path === undefined || path.kind === "regex") return "/";
  const text = path.kind === "exact" ? path.exact : path.pathPrefix;
  return text === "/" && route.target.kind === "backends" && route.target.backends.some(({ kind }) => kind === "mcp") ? "/mcp" : text;
}
