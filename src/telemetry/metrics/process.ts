import { collectDefaultMetrics, Registry } from "prom-client";

/** Process and runtime metrics under their customary names: `process_*`, `nodejs_*` (event loop lag, heap, GC). */
export interface ProcessMetrics {
  /** All names, those left out included. */
  readonly names: ReadonlySet<string>;
  /** Their exposition. */
  render(): Promise<string>;
}

/**
 * Starts collecting; once per process, as the collectors cannot be stopped again.
 * @param remove full names of metrics to leave out
 */
export function collectProcessMetrics(remove: readonly string[]): ProcessMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const names = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  for (const name of remove) registry.removeSingleMetric(name);
  // prom-client writes `Nan` (a mean of nothing); the format's word is `NaN`
  return { names, render: async () => (await registry.metrics()).replace(/ Nan$/gm, " NaN") };
}
