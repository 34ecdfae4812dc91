import { collectDefaultMetrics, Registry } from "prom-client";

/** Process and runtime metrics under their customary names: `process_*`, `nodejs_*` (event loop lag, heap, GC). */
export interface ProcessMetrics {
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
  for (const name of remove) registry.removeSingleMetric(name);
  return { render: () => registry.metrics() };
}
