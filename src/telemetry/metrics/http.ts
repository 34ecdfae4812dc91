import { protocolOf, reasonOf } from "../reading.ts";
import { requestBuckets } from "./buckets.ts";
import { type MetricFamily, routeLabels } from "./finished.ts";
import { keySeparator as _, unknown } from "./label-table.ts";

/** Every request, whatever it is for. */
export const httpFamily: MetricFamily = {
  register(registry, customLabels) {
    const labels = ["backend", "protocol", "method", "status", "reason", ...routeLabels, ...customLabels];
    const table = registry.table("http", labels, customLabels);
    const requests = registry.counter(table, { name: "requests_total", help: "The total number of HTTP requests sent" });
    const bytes = registry.counter(table, { name: "response_bytes_total", help: "Total HTTP response bytes received" });
    const duration = registry.histogram(table, requestBuckets, {
      name: "request_duration_seconds",
      help: "Duration of HTTP requests (seconds)",
    });
    const retries = registry.counter(table, { name: "retries_total", help: "The total number of request retries" });

    return (finished) => {
      const { exchange, routeKey, customKey } = finished;
      const { attempts } = exchange;
      const backend = attempts.at(-1)?.backend ?? unknown;
      const protocol = protocolOf(exchange) ?? unknown;
      const { method } = exchange.incoming;
      const status = exchange.status === 0 ? unknown : String(exchange.status);
      const reason = reasonOf(exchange);
      const row =
        table.find(backend + _ + protocol + _ + method + _ + status + _ + reason + _ + routeKey + customKey) ??
        table.admit([backend, protocol, method, status, reason, ...finished.routeValues(), ...finished.custom]);

      requests.add(row, 1);
      duration.observe(row, finished.durationSeconds);
      if (exchange.responseBytes > 0) bytes.add(row, exchange.responseBytes);
      if (attempts.length > 1) retries.add(row, attempts.length - 1);
    };
  },
};
