import type { GatewayMetrics } from "../../contract/metrics.ts";
import { connectBuckets, requestBuckets } from "./buckets.ts";
import { keySeparator } from "./label-table.ts";
import { type MetricRegistry, rowOf } from "./registry.ts";

/** Connections and calls to backends. */
export function upstreamMetrics(registry: MetricRegistry): Pick<GatewayMetrics, "upstreamConnected" | "upstreamCalled"> {
  const transports = registry.table("upstream_connect", ["transport"]);
  const connects = registry.histogram(transports, connectBuckets, {
    name: "upstream_connect_duration_seconds",
    help: "Duration to establish upstream connection (seconds)",
  });
  const purposes = registry.table("upstream_call", ["kind", "subtype"]);
  const calls = registry.histogram(purposes, requestBuckets, {
    name: "upstream_call_duration_seconds",
    help: "Duration of outbound calls made by agentgateway (seconds)",
  });

  return {
    upstreamConnected: (transport, durationMs) => connects.observe(rowOf(transports, [transport]), durationMs / 1000),
    upstreamCalled({ kind, subtype }, durationMs) {
      const row = purposes.find(kind + keySeparator + subtype) ?? purposes.admit([kind, subtype]);
      calls.observe(row, durationMs / 1000);
    },
  };
}
