import { processingBuckets } from "./buckets.ts";
import { type MetricFamily, routeLabels } from "./finished.ts";
import { keySeparator, unknown } from "./label-table.ts";

/** The gateway's own time, before and after the backend had the request. */
export const processingFamily: MetricFamily = {
  register(registry) {
    const table = registry.table("processing", ["backend", ...routeLabels]);
    const before = registry.histogram(table, processingBuckets, {
      name: "request_processing_seconds",
      help: "Duration from receiving an HTTP request to sending the primary outbound call (seconds)",
    });
    const after = registry.histogram(table, processingBuckets, {
      name: "response_processing_seconds",
      help: "Duration from receiving the primary outbound response to sending the HTTP response (seconds)",
    });

    return (finished) => {
      const { startedMonotonic, upstreamStartedAt, upstreamHeadersAt, repliedAt, attempts } = finished.exchange;
      if (upstreamStartedAt === 0) return;
      const backend = attempts.at(-1)?.backend ?? unknown;
      const row = table.find(backend + keySeparator + finished.routeKey) ?? table.admit([backend, ...finished.routeValues()]);

      before.observe(row, Math.max(0, upstreamStartedAt - startedMonotonic) / 1000);
      if (upstreamHeadersAt !== 0 && repliedAt !== 0) after.observe(row, Math.max(0, repliedAt - upstreamHeadersAt) / 1000);
    };
  },
};
