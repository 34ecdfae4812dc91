import { environmentOf } from "../cel/environment.ts";
import { compileRules, type RuleOutcome, type RuleSet } from "../cel/rules.ts";
import { loadRuntime } from "../config/compile/load-runtime.ts";
import type { ConfigSource } from "../config/source.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { CompiledBind, CompiledRoute, PlacedPolicy, Runtime } from "../contract/runtime.ts";
import { type ExplainedRequest, imagineExchange } from "./imagined-exchange.ts";
import type { ProcessIo } from "./io.ts";
import { createProcessParts, type OwnedParts } from "./process-parts.ts";
import { reportConfigError } from "./report.ts";

/**
 * Says what would become of a request: which listener and route it meets, which policies in which order, and what each
 * rule gives. Sends nothing and opens no port; policies are listed, not run, so a token is stood in for by `--claims`.
 */
export async function explain(source: ConfigSource, request: ExplainedRequest, io: ProcessIo): Promise<number> {
  let parts: OwnedParts | undefined;
  try {
    parts = createProcessParts(source, io);
    const loaded = loadRuntime(source, parts);
    io.out(`${(await explainRequest(loaded.runtime, request)).join("\n")}\n`);
    await loaded.release();
    return 0;
  } catch (thrown) {
    return reportConfigError(thrown, io);
  } finally {
    await parts?.close();
  }
}

async function explainRequest(runtime: Runtime, request: ExplainedRequest): Promise<string[]> {
  const { exchange, port } = imagineExchange(request);
  const bind = bindOf(runtime, port);
  const lines = [
    line("request", `${exchange.request.method} ${exchange.request.path}${exchange.request.search} on ${exchange.request.authority}`),
  ];
  if (bind === undefined) return [...lines, line("bind", `none listens on port ${port}; there are ${portsOf(runtime)}`)];
  lines.push(line("bind", `${bind.key} (port ${bind.port})`));

  try {
    const listener = bind.pick(exchange.request.authority, undefined);
    lines.push(line("listener", `${listener.names.listener} (${listener.path})`), ...describePolicies(listener.policies, exchange));
    const route = listener.match(exchange);
    if (route === undefined) return [...lines, line("route", "none matches: 404 route not found")];
    lines.push(line("route", `${route.name} (${route.path}) by ${exchange.route?.pathPattern ?? "a regular expression"}`));
    lines.push(...(await describeRoute(route, exchange)));
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    lines.push(line("answer", `${thrown.status} ${thrown.message}`));
  }
  return lines;
}

async function describeRoute(route: CompiledRoute, exchange: Exchange): Promise<string[]> {
  const early = route.policies.filter(({ stage }) => stage === "admission");
  const lines = describePolicies(early, exchange);
  const failure = await decode(route, exchange);
  if (failure !== undefined) lines.push(line("decode", failure));
  if (exchange.llm !== undefined)
    lines.push(
      line("model", `${exchange.llm.clientModel} as ${exchange.llm.requestModel} of ${exchange.llm.provider || "no provider yet"}`),
    );
  if (exchange.mcp !== undefined)
    lines.push(line("mcp", [exchange.mcp.methodName, exchange.mcp.tool?.name, exchange.mcp.target].filter(Boolean).join(" ")));
  lines.push(
    ...describePolicies(
      route.policies.filter(({ stage }) => stage !== "admission"),
      exchange,
    ),
  );
  lines.push(
    line(
      "backend",
      nameOf(() => route.pick(exchange).name),
    ),
  );
  return lines;
}

/** Reads the body as the route would; undefined when it could, else why not. */
async function decode(route: CompiledRoute, exchange: Exchange): Promise<string | undefined> {
  try {
    await route.decode(exchange);
    return undefined;
  } catch (thrown) {
    return thrown instanceof GatewayError ? `${thrown.status} ${thrown.message}` : String(thrown);
  }
}

function nameOf(pick: () => string): string {
  try {
    return pick();
  } catch (thrown) {
    return thrown instanceof GatewayError ? `${thrown.status} ${thrown.message}` : String(thrown);
  }
}

function describePolicies(policies: readonly PlacedPolicy[], exchange: Exchange): string[] {
  return policies.flatMap(({ stage, name, path, config }) => [
    line("policy", `${stage.padEnd(9)} ${name} (${path})`),
    ...outcomesOf(config, exchange).map(({ kind, source, holds, error }) =>
      line("", `${kind} ${error === undefined ? String(holds) : `failed: ${error}`}  ${source}`),
    ),
  ]);
}

/** What the rules of a policy give for the exchange as it is now; none for policies without rules. */
function outcomesOf(config: unknown, exchange: Exchange): RuleOutcome[] {
  if (typeof config !== "object" || config === null || !("rules" in config) || !Array.isArray(config.rules)) return [];
  return compileRules([config as RuleSet]).explain(environmentOf(exchange));
}

/** The bind on a port; the only one when the URL names none that is open. */
function bindOf(runtime: Runtime, port: number): CompiledBind | undefined {
  const binds = [...runtime.binds.values()];
  return binds.find((bind) => bind.port === port);
}

function portsOf(runtime: Runtime): string {
  return [...runtime.binds.values()].map((bind) => `${bind.port} (${bind.key})`).join(", ") || "no ports";
}

function line(what: string, text: string): string {
  return `${what.padEnd(9)} ${text}`;
}
