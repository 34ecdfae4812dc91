import { setImmediate as nextTurn } from "node:timers/promises";
import { keySeparator, type LabelRow, LabelTable } from "./label-table.ts";
import { Histogram, type Metric, type MetricDefinition, type MetricType, Value } from "./metric.ts";

/** Every metric's name begins with it: the reference project's, so that its dashboards work. */
const metricPrefix = "agentgateway_";

export interface RegistrySettings {
  /** Names of metrics to leave out, with or without prefix, unit and `_total`. */
  readonly remove: readonly string[];
  /** Label combinations kept per table. */
  readonly seriesLimit: number;
}

/** One row of the metrics reference page. */
export interface MetricDescription {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets: readonly number[] | undefined;
}

/** Rows written per turn of the event loop: a scrape of thousands of series must not hold up requests. */
const rowsPerTurn = 100;

/**
 * All metrics of the gateway and their text form (Prometheus text format 0.0.4). Not prom-client's: there, a bound child
 * hashes its labels anew at each record, and a scrape formats each label of each line in one go of the event loop.
 */
export class MetricRegistry {
  private readonly metrics: Metric[] = [];
  /** Names as configured, by their bare form. */
  private readonly removed: ReadonlyMap<string, string>;
  private readonly matched = new Set<string>();
  private readonly seriesLimit: number;
  private readonly readers: (() => void)[] = [];
  private readonly overflowTable: LabelTable;
  private readonly overflows: Value;

  constructor(settings: RegistrySettings) {
    this.seriesLimit = settings.seriesLimit;
    this.removed = new Map(settings.remove.map((name) => [bareName(name), name]));
    this.overflowTable = new LabelTable({ name: "overflow", labels: ["family"], unbounded: [], limit: 100, overflowed: () => {} });
    const help = "Records whose labels exceeded the limit of series and were counted as `overflow`";
    this.overflows = this.counter(this.overflowTable, { name: "metric_label_overflow_total", help });
  }

  /** @param unbounded the labels whose values come from outside */
  table(name: string, labels: readonly string[], unbounded: readonly string[] = []): LabelTable {
    const overflowed = (table: string) => this.overflows.add(rowOf(this.overflowTable, [table]), 1);
    return new LabelTable({ name, labels, unbounded, limit: this.seriesLimit, overflowed });
  }

  counter(table: LabelTable, definition: MetricDefinition): Value {
    return this.register(new Value(definition, "counter", table, this.keeps(definition.name)));
  }

  gauge(table: LabelTable, definition: MetricDefinition): Value {
    return this.register(new Value(definition, "gauge", table, this.keeps(definition.name)));
  }

  histogram(table: LabelTable, buckets: readonly number[], definition: MetricDefinition): Histogram {
    return this.register(new Histogram(definition, buckets, table, this.keeps(definition.name)));
  }

  /** Runs `read` before each scrape: for gauges whose value somebody else holds. */
  beforeScrape(read: () => void): void {
    this.readers.push(read);
  }

  /** Names in `remove` that no metric has, as far as metrics are registered. */
  unknownRemovals(): string[] {
    return [...this.removed].filter(([bare]) => !this.matched.has(bare)).map(([, name]) => name);
  }

  describe(): MetricDescription[] {
    return this.metrics.map(({ definition, type, table, buckets }) => ({
      name: metricPrefix + definition.name,
      type,
      help: definition.help,
      labels: table.labels,
      buckets,
    }));
  }

  /** The exposition of all metrics that have a value. */
  async render(): Promise<string> {
    for (const read of this.readers) read();
    const parts: string[] = [];
    for (const metric of this.metrics) {
      if (!this.keeps(metric.definition.name)) continue;
      const name = metricPrefix + metric.definition.name;
      const rows = [...metric.table.rows];
      const lines: string[] = [];
      for (let i = 0; i < rows.length; i++) {
        lines.push(metric.lines(name, rows[i] as LabelRow));
        if (i % rowsPerTurn === rowsPerTurn - 1) await nextTurn();
      }
      const samples = lines.join("");
      if (samples === "") continue;
      parts.push(`# HELP ${name} ${escapeHelp(metric.definition.help)}\n# TYPE ${name} ${metric.type}\n${samples}`);
    }
    return parts.join("");
  }

  private keeps(name: string): boolean {
    const bare = bareName(name);
    if (!this.removed.has(bare)) return true;
    this.matched.add(bare);
    return false;
  }

  private register<M extends Metric>(metric: M): M {
    const { name } = metric.definition;
    if (this.metrics.some((other) => other.definition.name === name)) throw new Error(`two metrics are named ${name}`);
    this.metrics.push(metric);
    return metric;
  }
}

/** The row for these values, for places that are not on the request path. */
export function rowOf(table: LabelTable, values: readonly string[]): LabelRow {
  return table.find(values.join(keySeparator)) ?? table.admit(values);
}

/** `agentgateway_request_duration_seconds` and `request_duration` are the same metric to `metrics.remove`. */
function bareName(name: string): string {
  const start = name.startsWith(metricPrefix) ? metricPrefix.length : 0;
  return name
    .slice(start)
    .replace(/_(?:total|info)$/, "")
    .replace(/_(?:seconds|bytes)$/, "");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
