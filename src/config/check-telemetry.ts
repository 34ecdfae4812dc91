import { createMetrics, labelName } from "../telemetry/metrics/index.ts";
import type { Path } from "./issues.ts";
import { find } from "./places.ts";
import type { Finding } from "./zod-issues.ts";

/** What is at odds in the settings of logs, traces and metrics. Works on the plain tree, as check.ts. */
export function checkTelemetry(tree: unknown): Finding[] {
  return [...olderForms(tree), ...metricLabels(tree)];
}

/** Keys that have a newer form, of which only one may be there: which would count is nothing to guess. */
const newerForms: readonly { readonly older: string; readonly newer: readonly string[] }[] = [
  { older: "config.tracing", newer: ["frontendPolicies.tracing"] },
  { older: "config.logging.filter", newer: ["frontendPolicies.accessLog", "frontendPolicies.logging"] },
  { older: "config.logging.fields", newer: ["frontendPolicies.accessLog", "frontendPolicies.logging"] },
];

function olderForms(tree: unknown): Finding[] {
  return newerForms.flatMap(({ older, newer }) => {
    const found = newer.find((pattern) => isThere(tree, pattern));
    if (found === undefined || !isThere(tree, older)) return [];
    return [conflict(older.split("."), `cannot stand beside \`${found}\`, which is its newer form`)];
  });
}

function isThere(tree: unknown, pattern: string): boolean {
  return find(tree, [pattern]).some(({ value }) => value !== undefined && value !== null);
}

/** An added label that a metric has already would make the exposition unreadable. */
function metricLabels(tree: unknown): Finding[] {
  return find(tree, ["config.metrics.fields.add"]).flatMap(({ path, value }) => {
    if (typeof value !== "object" || value === null) return [];
    return Object.keys(value).flatMap((name, index, names) => {
      const label = labelName(name);
      const isRepeated = names.slice(0, index).some((other) => labelName(other) === label);
      if (isRepeated) return [conflict([...path, name], `is the label \`${label}\`, as another entry is`)];
      return isTaken(label) ? [conflict([...path, name], `is a label that metrics have already (\`${label}\`); choose another name`)] : [];
    });
  });
}

const unused = { source: "", readsRequestBody: false, readsResponseBody: false, evaluate: () => undefined };

function isTaken(label: string): boolean {
  try {
    createMetrics({ version: "", remove: [], customLabels: [{ name: label, expression: unused }] });
    return false;
  } catch {
    return true;
  }
}

function conflict(path: Path, message: string): Finding {
  return { kind: "conflict", path, message };
}
