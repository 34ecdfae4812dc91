import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { TurnpikeConfig } from "./turnpike.ts";

/** Turnpike's configurations, one for each kind of work. */

/** nginx writes no access log either; the governed case does. */
const quiet = { logging: { filter: "false" } };

export function passThrough(port: number, [upstream]: readonly number[]): TurnpikeConfig {
  return { config: quiet, binds: [bindTo(port, { backends: [{ host: `127.0.0.1:${upstream}` }] })] };
}

/** A token and the configuration that accepts it: login, two rules, a metric label, the access log. */
export interface Governed {
  readonly token: string;
  readonly configure: (port: number, upstreamPorts: readonly number[]) => TurnpikeConfig;
}

const issuer = "https://issuer.bench.test";
const audience = "bench";

export async function governed(): Promise<Governed> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const kid = "bench-key";
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" }] });
  const token = await new SignJWT({ team: "platform", roles: ["reader", "caller"] })
    .setProtectedHeader({ alg: "RS256", kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject("bench-user")
    .setIssuedAt()
    .setExpirationTime("30d")
    .sign(privateKey);
  const policies = {
    jwtAuth: { mode: "strict", issuer, audiences: [audience], jwks },
    authorization: {
      rules: [
        { require: 'jwt.sub == "bench-user" && "caller" in jwt.roles' },
        { allow: 'request.method == "POST" && request.path.startsWith("/v1/")' },
      ],
    },
  };
  return {
    token,
    configure: (port, [upstream]) => ({
      config: { metrics: { fields: { add: { team: "jwt.team" } } } },
      binds: [bindTo(port, { policies, backends: [{ host: `127.0.0.1:${upstream}` }] })],
    }),
  };
}

export function chat(port: number, [upstream]: readonly number[]): TurnpikeConfig {
  const params = { apiKey: "sk-bench", baseUrl: `http://127.0.0.1:${upstream}/v1` };
  return { config: quiet, llm: { port, models: [{ name: "*", provider: "openAI", params }] } };
}

/** The MCP servers of a case. */
export interface McpServers {
  readonly count: 1 | 4;
  /** Which kind of server, see upstream/server.ts. */
  readonly path: "/mcp/json" | "/mcp/sse" | "/mcp/list";
}

/** Target names are `a`, `b`, `c` and `d`, in that order. */
export function mcpTargets(
  { count, path }: McpServers,
  upstreamPorts: readonly number[],
): { readonly name: string; readonly url: string }[] {
  return targetNames
    .slice(0, count)
    .map((name, i) => ({ name, url: `http://127.0.0.1:${upstreamPorts[i % upstreamPorts.length]}${path}` }));
}

export function mcp(servers: McpServers): (port: number, upstreamPorts: readonly number[]) => TurnpikeConfig {
  return (port, upstreamPorts) => ({
    config: quiet,
    mcp: { port, targets: mcpTargets(servers, upstreamPorts).map(({ name, url }) => ({ name, mcp: { host: url } })) },
  });
}

export const targetNames = ["a", "b", "c", "d"] as const;

function bindTo(port: number, route: object): object {
  return { port, listeners: [{ routes: [route] }] };
}
