/** One combination of label values: a number under which every metric of the table keeps its value, and its text. */
export interface LabelRow {
  readonly id: number;
  readonly values: readonly string[];
  /** `name="value",...` ready for the exposition, without braces. */
  readonly text: string;
}

export interface LabelTableSettings {
  /** For the overflow counter: `http`, `gen_ai`, ... */
  readonly name: string;
  readonly labels: readonly string[];
  /** Those of `labels` whose values come from outside (models, tools, added labels) and can be any number. */
  readonly unbounded: readonly string[];
  /** Rows kept; beyond it, unbounded labels read `overflow`. */
  readonly limit: number;
  /** Called each time a combination is turned away. */
  readonly overflowed: (table: string) => void;
}

/** Stands between label values in a key; `labelValue` makes sure that no value holds it. */
export const keySeparator = "\u0000";

/** The label value of what is absent. */
export const unknown = "unknown";
const overflow = "overflow";

const maxValueLength = 200;

/** A label value from a text that a client or backend chose: bounded, and fit to be part of a key. */
export function labelValue(text: string | undefined): string {
  if (text === undefined || text === "") return unknown;
  // half a surrogate pair would become another character in UTF-8, and two series would look the same
  const bounded = (text.length > maxValueLength ? text.slice(0, maxValueLength) : text).toWellFormed();
  return bounded.includes(keySeparator) ? bounded.replaceAll(keySeparator, " ") : bounded;
}

/**
 * The label combinations that several metrics share, found by one joined key. A request then pays one look-up for all
 * metrics of the table, and each metric is an array access.
 *
 * The number of rows has a bound, as values chosen by clients would otherwise fill the memory: a combination beyond it
 * is counted with its unbounded labels replaced by `overflow`, and when even those are too many, with all of them.
 */
export class LabelTable {
  private readonly settings: LabelTableSettings;
  private readonly byKey = new Map<string, LabelRow>();
  private readonly list: LabelRow[] = [];

  constructor(settings: LabelTableSettings) {
    this.settings = settings;
  }

  get rows(): readonly LabelRow[] {
    return this.list;
  }

  get labels(): readonly string[] {
    return this.settings.labels;
  }

  /** @param key the values in the order of the labels, joined by `keySeparator` */
  find(key: string): LabelRow | undefined {
    return this.byKey.get(key);
  }

  /** The row of a combination that `find` does not know; possibly an overflow row. */
  admit(values: readonly string[]): LabelRow {
    const { labels, unbounded, limit, name } = this.settings;
    const key = values.join(keySeparator);
    if (this.list.length < limit) return this.byKey.get(key) ?? this.add(key, values);

    this.settings.overflowed(name);
    const folded = values.map((value, i) => (unbounded.includes(labels[i] as string) ? overflow : value));
    const foldedKey = folded.join(keySeparator);
    const known = this.byKey.get(foldedKey);
    if (known !== undefined) return known;
    if (this.list.length < 2 * limit) return this.add(foldedKey, folded);

    const all = labels.map(() => overflow);
    const allKey = all.join(keySeparator);
    return this.byKey.get(allKey) ?? this.add(allKey, all);
  }

  private add(key: string, values: readonly string[]): LabelRow {
    const text = this.settings.labels.map((label, i) => `${label}="${escapeValue(values[i] ?? unknown)}"`).join(",");
    const row = { id: this.list.length, values, text };
    this.list.push(row);
    this.byKey.set(key, row);
    return row;
  }
}

/** Prometheus text format 0.0.4: backslash, quote and line feed are escaped in label values. */
function escapeValue(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
