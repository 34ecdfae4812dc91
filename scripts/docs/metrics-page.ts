import { describeMetrics } from "../../src/telemetry/metrics/index.ts";
import type { MetricDescription } from "../../src/telemetry/metrics/registry.ts";
import { cell, table } from "./markdown.ts";

/** docs/reference/metrics.md */
export function metricsPage(): string {
  const metrics = describeMetrics();
  return [
    "# Metrics",
    "",
    "At `/metrics` of the stats address (`config.statsAddr`, port 15020), in Prometheus' text format. Names, labels and buckets are the",
    "reference project's, so that its dashboards work. `config.metrics.remove` leaves metrics out; `config.metrics.fields.add` adds labels to those",
    "of requests and models. Labels whose values come from outside have a limit of series; what is beyond it is counted as `overflow`.",
    "This page is generated.",
    "",
    table(["Metric", "Kind", "Counts", "Labels", "Buckets"], metrics.map(row)),
    "",
    "Histograms also have `_bucket` (with the label `le`), `_sum` and `_count`. Buckets:",
    "",
    ...bucketLists(metrics).map(([letter, bounds]) => `- **${letter}**: ${bounds}`),
    "",
    "Besides these there are the process's own under their customary names: `process_*` (CPU, memory, open files) and `nodejs_*` (event loop",
    "lag, heap, garbage collection).",
    "",
  ].join("\n");

  function row({ name, type, help, labels, buckets }: MetricDescription): string {
    const listed = labels.map((label) => `\`${label}\``).join(", ");
    const letter = buckets === undefined ? "" : bucketLists(metrics).find(([, bounds]) => bounds === boundsOf(buckets))?.[0];
    return `| \`${name}\` | ${type} | ${cell(help)} | ${listed} | ${letter ?? ""} |`;
  }
}

/** Each list of bucket bounds once, with a letter to refer to it. */
function bucketLists(metrics: readonly MetricDescription[]): [letter: string, bounds: string][] {
  const distinct = new Set(metrics.flatMap(({ buckets }) => (buckets === undefined ? [] : [boundsOf(buckets)])));
  return [...distinct].map((bounds, index) => [String.fromCharCode("A".charCodeAt(0) + index), bounds]);
}

function boundsOf(buckets: readonly number[]): string {
  return buckets.map(String).join(", ");
}
