/**
 * A strict reader of the Prometheus text format 0.0.4, as a judge of what the gateway writes:
 * https://prometheus.io/docs/instrumenting/exposition_formats/. Everything that a scraper could stumble over throws.
 */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const nameGrammar = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelGrammar = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** @throws Error naming the line that is wrong */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line must end in a line feed");
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current: { name: string; help: string } | undefined;
  let family: Family | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    const help = /^# HELP (\S+) (.*)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (help !== null) {
      current = { name: help[1] as string, help: help[2] as string };
      family = undefined;
    } else if (type !== null) {
      const name = type[1] as string;
      if (current?.name !== name) throw new Error(`TYPE without its HELP before it: ${line}`);
      if (families.has(name)) throw new Error(`a second group of ${name}`);
      family = { name, help: current.help, type: type[2] as string, samples: [] };
      families.set(name, family);
    } else {
      if (family === undefined) throw new Error(`a sample outside of a group: ${line}`);
      const sample = parseSample(line);
      if (!belongs(sample.name, family)) throw new Error(`${sample.name} in the group of ${family.name}`);
      const identity = `${sample.name} ${identityOf(sample.labels)}`;
      if (seen.has(identity)) throw new Error(`the same series twice: ${line}`);
      seen.add(identity);
      family.samples.push(sample);
    }
  }
  for (const one of families.values()) if (one.type === "histogram") checkHistogram(one);
  return families;
}

/** Label order does not matter to a scraper. */
function identityOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function belongs(sample: string, { name, type }: Family): boolean {
  if (type !== "histogram") return sample === name;
  return sample === `${name}_bucket` || sample === `${name}_sum` || sample === `${name}_count`;
}

function parseSample(line: string): Sample {
  const name = /^[^{ ]+/.exec(line)?.[0] ?? "";
  if (!nameGrammar.test(name)) throw new Error(`bad metric name: ${line}`);
  let at = name.length;
  const labels: Record<string, string> = {};
  if (line[at] === "{") {
    at++;
    while (line[at] !== "}") {
      const end = line.indexOf("=", at);
      const label = line.slice(at, end);
      if (end === -1 || !labelGrammar.test(label)) throw new Error(`bad label name at ${at}: ${line}`);
      if (label in labels) throw new Error(`label ${label} twice: ${line}`);
      const [value, next] = parseQuoted(line, end + 1);
      labels[label] = value;
      at = next;
      if (line[at] === ",") at++;
      else if (line[at] !== "}") throw new Error(`expected , or } at ${at}: ${line}`);
    }
    at++;
  }
  if (line[at] !== " ") throw new Error(`expected a space before the value: ${line}`);
  const text = line.slice(at + 1);
  if (!/^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]?Inf)$/.test(text)) throw new Error(`bad value: ${line}`);
  return { name, labels, value: Number(text.replace("Inf", "Infinity")) };
}

function parseQuoted(line: string, start: number): [value: string, next: number] {
  if (line[start] !== '"') throw new Error(`expected a quote at ${start}: ${line}`);
  let value = "";
  for (let at = start + 1; at < line.length; at++) {
    const character = line[at] as string;
    if (character === '"') return [value, at + 1];
    if (character !== "\\") {
      value += character;
      continue;
    }
    const escaped = { "\\": "\\", n: "\n", '"': '"' }[line[++at] ?? ""];
    if (escaped === undefined) throw new Error(`bad escape at ${at}: ${line}`);
    value += escaped;
  }
  throw new Error(`unfinished label value: ${line}`);
}

function checkHistogram(family: Family): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of family.samples) {
    const { le: _bound, ...rest } = sample.labels;
    const key = identityOf(rest);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, samples] of groups) {
    const buckets = samples.filter(({ name }) => name.endsWith("_bucket"));
    const bounds = buckets.map(({ labels }) => Number((labels["le"] ?? "").replace("Inf", "Infinity")));
    const counts = buckets.map(({ value }) => value);
    if (bounds.at(-1) !== Infinity) throw new Error(`${family.name}${key} has no +Inf bucket`);
    if (bounds.some((bound, i) => i > 0 && !(bound > (bounds[i - 1] as number))))
      throw new Error(`${family.name}${key}: bounds do not rise`);
    if (counts.some((count, i) => i > 0 && count < (counts[i - 1] as number))) throw new Error(`${family.name}${key}: counts fall`);
    const count = samples.find(({ name }) => name.endsWith("_count"))?.value;
    const sum = samples.find(({ name }) => name.endsWith("_sum"))?.value;
    if (count !== counts.at(-1)) throw new Error(`${family.name}${key}: count is not the +Inf bucket`);
    if (sum === undefined) throw new Error(`${family.name}${key} has no sum`);
  }
}
