import { targetsWithoutLevel } from "../../telemetry/log/levels.ts";
import { staticCollector } from "../../telemetry/tracing/collector.ts";
import type { Config } from "../schema/document.ts";
import type { Build } from "./build.ts";

/** Refuses, or warns of, settings of logs and traces that nothing would come of. */
export function checkTelemetry(build: Build): void {
  const { config, frontendPolicies } = build.config;
  if (frontendPolicies.tracing?.kind === "backend") checkCollector(build, build.entry(frontendPolicies.tracing.backend));
  if (config?.tracing !== undefined && staticCollector(config.tracing, build.deps.environment) === undefined)
    build.warn("config.tracing", "has no effect: it names no `otlpEndpoint`, and no environment variable does (OTLP_ENDPOINT)");
  for (const target of targetsWithoutLevel(config?.logging?.level ?? ""))
    build.warn("config.logging.level", `the level of \`${target}\` has no effect: only \`request\` has one of its own`);
}

/** Spans go out through a library, not through the gateway's own connections. */
function checkCollector(build: Build, entry: Config["backends"][number]): void {
  const path = "frontendPolicies.tracing.backend";
  if (entry.kind !== "host") {
    build.problems.push({ path, message: "names a backend that is no HTTP server" });
    return;
  }
  const { backendTLS, ...others } = entry.policies ?? {};
  const written = Object.entries(others).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const tls = Object.entries(backendTLS ?? {}).flatMap(([name, value]) =>
    value === undefined || value === false ? [] : [`backendTLS.${name}`],
  );
  const unserved = [...written, ...tls];
  if (unserved.length === 0) return;
  const names = unserved.map((name) => `\`${name}\``).join(", ");
  build.problems.push({
    path,
    message: `names a backend with ${names}, which is not supported yet for traces: only \`backendTLS: {}\` is`,
  });
}
