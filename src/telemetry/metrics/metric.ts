import type { LabelRow, LabelTable } from "./label-table.ts";

/** What a metric is, for the exposition and for the reference page. */
export interface MetricDefinition {
  /** Without the prefix; a counter's name ends in `_total`. */
  readonly name: string;
  readonly help: string;
}

export type MetricType = "counter" | "gauge" | "histogram";

export interface Metric {
  readonly definition: MetricDefinition;
  readonly type: MetricType;
  readonly table: LabelTable;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets: readonly number[] | undefined;
  /** The sample lines of one row, each ending in a line feed; "" when nothing was recorded for it. */
  lines(name: string, row: LabelRow): string;
}

/** A value per row: counters and gauges. `kept` is false for a metric that the configuration removes. */
export class Value implements Metric {
  readonly definition: MetricDefinition;
  readonly type: MetricType;
  readonly table: LabelTable;
  readonly buckets = undefined;
  private readonly kept: boolean;
  private readonly values: (number | undefined)[] = [];

  constructor(definition: MetricDefinition, type: "counter" | "gauge", table: LabelTable, kept: boolean) {
    this.definition = definition;
    this.type = type;
    this.table = table;
    this.kept = kept;
  }

  add(row: LabelRow, amount: number): void {
    if (this.kept) this.values[row.id] = (this.values[row.id] ?? 0) + amount;
  }

  set(row: LabelRow, value: number): void {
    if (this.kept) this.values[row.id] = value;
  }

  lines(name: string, row: LabelRow): string {
    const value = this.values[row.id];
    if (value === undefined) return "";
    return row.text === "" ? `${name} ${value}\n` : `${name}{${row.text}} ${value}\n`;
  }
}

/** How often each bucket, and nothing smaller, was hit; the last is beyond every bound. */
interface Distribution {
  readonly counts: Float64Array;
  sum: number;
}

export class Histogram implements Metric {
  readonly definition: MetricDefinition;
  readonly type = "histogram";
  readonly table: LabelTable;
  readonly buckets: readonly number[];
  private readonly kept: boolean;
  private readonly bounds: Float64Array;
  private readonly bucketEnds: readonly string[];
  private readonly distributions: (Distribution | undefined)[] = [];

  constructor(definition: MetricDefinition, buckets: readonly number[], table: LabelTable, kept: boolean) {
    this.definition = definition;
    this.buckets = buckets;
    this.table = table;
    this.kept = kept;
    this.bounds = Float64Array.from(buckets);
    this.bucketEnds = [...buckets.map(String), "+Inf"].map((bound) => `le="${bound}"} `);
  }

  observe(row: LabelRow, value: number): void {
    if (!this.kept) return;
    const { bounds } = this;
    const distribution = (this.distributions[row.id] ??= { counts: new Float64Array(bounds.length + 1), sum: 0 });
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    distribution.counts[bucket] = (distribution.counts[bucket] as number) + 1;
    distribution.sum += value;
  }

  lines(name: string, row: LabelRow): string {
    const distribution = this.distributions[row.id];
    if (distribution === undefined) return "";
    const start = row.text === "" ? `${name}_bucket{` : `${name}_bucket{${row.text},`;
    const labels = row.text === "" ? "" : `{${row.text}}`;
    let text = "";
    let total = 0;
    for (let i = 0; i < this.bucketEnds.length; i++) {
      total += distribution.counts[i] as number;
      text += `${start}${this.bucketEnds[i] as string}${total}\n`;
    }
    return `${text}${name}_sum${labels} ${distribution.sum}\n${name}_count${labels} ${total}\n`;
  }
}
