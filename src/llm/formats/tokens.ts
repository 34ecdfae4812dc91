import type { JsonObject } from "../../base/json.ts";
import type { LlmParams, LlmUsage } from "../../contract/llm.ts";

type Counts = Exclude<keyof LlmUsage, "serviceTier">;
type Numbers = Exclude<keyof LlmParams, "encoding_format">;

/** Notes a token count if it is one: a negative or broken number from a provider must not reach a bill. */
export function noteCount(usage: LlmUsage, name: Counts, value: unknown): void {
  if (isCount(value)) usage[name] = value;
}

export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The sum of those counts that are there; undefined when none is. */
export function sumOf(...values: readonly unknown[]): number | undefined {
  let sum: number | undefined;
  for (const value of values) if (isCount(value)) sum = (sum ?? 0) + value;
  return sum;
}

export function noteServiceTier(usage: LlmUsage, value: unknown): void {
  if (typeof value === "string") usage.serviceTier = value;
}

/** Copies sampling parameters that are numbers. @param names ours to the wire's */
export function readNumbers(source: { get(name: string): unknown }, names: Readonly<Partial<Record<Numbers, string>>>): LlmParams {
  const params: LlmParams = {};
  for (const name in names) {
    const value = source.get(names[name as Numbers] as string);
    if (typeof value === "number") params[name as Numbers] = value;
  }
  return params;
}

/** A plain object with the reading half of RequestEdits. */
export function reader(object: JsonObject): { get(name: string): unknown } {
  return { get: (name) => object[name] };
}
