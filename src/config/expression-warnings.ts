import { isPlainObject } from "../contract/config/combinators.ts";
import type { Path } from "./issues.ts";

/** What the compiler of expressions found remarkable, brought to the places where the expressions were written. */

interface ExpressionWarning {
  readonly path: Path;
  readonly message: string;
}

/**
 * @param parsed what the schema made of the document, where expressions are compiled
 * @param tree the document, where they are text and stand where they were written
 */
export function expressionWarnings(parsed: unknown, tree: unknown): ExpressionWarning[] {
  const bySource = new Map<string, readonly string[]>();
  collect(parsed, bySource, new Set());
  return bySource.size === 0 ? [] : placesOf(tree, [], bySource);
}

function collect(value: unknown, found: Map<string, readonly string[]>, seen: Set<object>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (isExpression(value)) {
    if (value.warnings.length > 0) found.set(value.source, value.warnings);
    return;
  }
  for (const member of Object.values(value)) collect(member, found, seen);
}

function isExpression(value: object): value is { readonly source: string; readonly warnings: readonly string[] } {
  return "evaluateBoolean" in value && "source" in value && "warnings" in value;
}

function placesOf(value: unknown, path: Path, bySource: ReadonlyMap<string, readonly string[]>): ExpressionWarning[] {
  if (typeof value === "string") {
    const warnings = bySource.get(value) ?? [];
    return warnings.map((warning) => ({ path, message: `CEL ${warning}; what reads it can only fail` }));
  }
  if (Array.isArray(value)) return value.flatMap((entry, index) => placesOf(entry, [...path, index], bySource));
  if (!isPlainObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => placesOf(member, [...path, key], bySource));
}
