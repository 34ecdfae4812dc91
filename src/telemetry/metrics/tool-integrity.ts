import type { GatewayMetrics, PendingTools } from "../../contract/metrics.ts";
import { type MetricRegistry, rowOf } from "./registry.ts";

/** Pinned definitions of MCP tools: what changed, what is suspicious, what waits for a decision. */
export function toolIntegrityMetrics(registry: MetricRegistry): Pick<GatewayMetrics, "toolChanged" | "countPendingTools"> {
  const kinds = registry.table("tool_integrity", ["backend", "target", "kind"]);
  const changes = registry.counter(kinds, {
    name: "tool_integrity_changes_total",
    help: "Definitions of MCP tools and prompts that changed, or in which something is suspicious, by kind",
  });
  const targets = registry.table("tool_integrity_pending", ["backend", "target"]);
  const pending = registry.gauge(targets, {
    name: "tool_integrity_pending",
    help: "Definitions of MCP tools and prompts that wait for approval or rejection",
  });
  let read: (() => readonly PendingTools[]) | undefined;
  registry.beforeScrape(() => {
    if (read === undefined) return;
    for (const row of targets.rows) pending.set(row, 0); // also those that are gone
    for (const { backend, target, count } of read()) pending.set(rowOf(targets, [backend, target]), count);
  });
  return {
    toolChanged: (backend, target, kind) => changes.add(rowOf(kinds, [backend, target, kind]), 1),
    countPendingTools(reader) {
      read = reader;
    },
  };
}
