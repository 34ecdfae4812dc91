import type { GatewayMetrics } from "../../contract/metrics.ts";
import { type MetricRegistry, rowOf } from "./registry.ts";

/** The gateway itself: which build, whether its configuration is in effect, what it holds. */
export function gatewayMetrics(
  registry: MetricRegistry,
  version: string,
): Pick<GatewayMetrics, "configSynchronized" | "ruleFailed" | "guardrailFailed" | "countSessions"> {
  const builds = registry.table("build", ["tag"]);
  const build = registry.gauge(builds, { name: "build_info", help: "Agentgateway build information" });
  build.set(rowOf(builds, [version]), 1);

  const plain = registry.table("gateway", []);
  const row = rowOf(plain, []);
  const synchronized = registry.gauge(plain, {
    name: "config_synchronized",
    help: "Whether the last configuration load or reload succeeded, so that what runs is what is on disk",
  });
  const sessions = registry.gauge(plain, { name: "mcp_sessions", help: "MCP sessions held at the moment" });
  let readSessions: (() => number) | undefined;
  registry.beforeScrape(() => {
    if (readSessions !== undefined) sessions.set(row, readSessions());
  });

  const places = registry.table("rules", ["place"]);
  const failed = registry.counter(places, {
    name: "rule_errors_total",
    help: "CEL rules that failed to evaluate, by the kind of rule",
  });

  const processors = registry.table("guardrails", ["processor", "outcome"]);
  const unanswered = registry.counter(processors, {
    name: "mcp_guardrail_failures_total",
    help: "MCP messages for which a guardrail processor gave no usable answer, by whether they passed or were refused",
  });

  return {
    configSynchronized: (is) => synchronized.set(row, is ? 1 : 0),
    ruleFailed: (place) => failed.add(rowOf(places, [place]), 1),
    guardrailFailed: (processor, skipped) => unanswered.add(rowOf(processors, [processor, skipped ? "passed" : "refused"]), 1),
    countSessions(read) {
      readSessions = read;
    },
  };
}
