import type { NamedExpression } from "../../contract/expression.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { GatewayMetrics } from "../../contract/metrics.ts";
import { connectionMetrics } from "./connections.ts";
import { customValues, FinishedExchange, type MetricFamily } from "./finished.ts";
import { gatewayMetrics } from "./gateway.ts";
import { genAiFamily } from "./gen-ai.ts";
import { httpFamily } from "./http.ts";
import { mcpFamily } from "./mcp.ts";
import { processingFamily } from "./processing.ts";
import { type MetricDescription, MetricRegistry } from "./registry.ts";
import { toolIntegrityMetrics } from "./tool-integrity.ts";
import { upstreamMetrics } from "./upstream.ts";

/** Families that are made from finished exchanges, in the order of the exposition and of the reference page. */
const exchangeFamilies: readonly MetricFamily[] = [
  httpFamily, // every request
  processingFamily, // what the gateway itself adds to it
  mcpFamily, // usage by server and tool
  genAiFamily, // usage by model
];

export interface MetricsSettings {
  readonly version: string;
  /** `config.metrics.remove`. */
  readonly remove: readonly string[];
  /** `config.metrics.fields.add`; characters that no label may have become `_`. */
  readonly customLabels: readonly NamedExpression[];
  /** Label combinations kept per metric. */
  readonly seriesLimit?: number;
}

/** Enough for hundreds of routes with their statuses; a scrape of it is some megabytes. */
const defaultSeriesLimit = 2_000;

export interface Metrics {
  /** Counts a finished exchange. */
  readonly record: (exchange: Exchange) => void;
  readonly events: GatewayMetrics;
  readonly registry: MetricRegistry;
}

/**
 * All metrics of the gateway.
 * @throws Error when an added label has a name that cannot be added; the text names it
 */
export function createMetrics(settings: MetricsSettings): Metrics {
  const registry = new MetricRegistry({ remove: settings.remove, seriesLimit: settings.seriesLimit ?? defaultSeriesLimit });
  const { customLabels } = settings;
  const names = customLabels.map(({ name }) => labelName(name));
  const events = {
    ...gatewayMetrics(registry, settings.version),
    ...connectionMetrics(registry),
    ...upstreamMetrics(registry),
    ...toolIntegrityMetrics(registry),
  };
  const recorders = exchangeFamilies.map((family) => family.register(registry, names));
  checkLabels(registry);

  const record = (exchange: Exchange): void => {
    const finished = new FinishedExchange(exchange, customValues(exchange, customLabels));
    for (const recorder of recorders) recorder(finished);
  };
  return { record, events, registry };
}

/** The metrics reference: what docs/reference/metrics.md is made of. */
export function describeMetrics(): MetricDescription[] {
  return createMetrics({ version: "", remove: [], customLabels: [] }).registry.describe();
}

/** A name in Prometheus' grammar for labels: everything else than letters, digits and `_` becomes `_`. */
export function labelName(name: string): string {
  const replaced = name.replace(/[^a-zA-Z0-9_]/g, "_");
  return /^[0-9]/.test(replaced) ? `_${replaced}` : replaced;
}

function checkLabels(registry: MetricRegistry): void {
  for (const { name, labels, type } of registry.describe()) {
    const duplicate = labels.find((label, i) => labels.indexOf(label) !== i || (label === "le" && type === "histogram"));
    if (duplicate === undefined) continue;
    throw new Error(`config.metrics.fields.add: the label \`${duplicate}\` already exists on ${name}; choose another name`);
  }
}
