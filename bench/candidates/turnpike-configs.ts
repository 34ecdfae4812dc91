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

/** Target names are `a`, `b`, `c` and `d`, in that order. */
export function mcp(targets: 1 | 4, form: "json" | "sse"): (port: number, upstreamPorts: readonly number[]) => TurnpikeConfig {
  return (port, upstreamPorts) => ({
    config: quiet,
    mcp: {
      port,
      targets: targetNames
        .slice(0, targets)
        .map((name, i) => ({ name, mcp: { host: `http://127.0.0.1:${upstreamPorts[i % upstreamPorts.length]}/mcp/${form}` } })),
    },
  });
}

export const targetNames = ["a", "b", "c", "d"] as const;

function bindTo(port: number, route: object): object {
  return { port, listeners: [{ routes: [route] }] };
}
