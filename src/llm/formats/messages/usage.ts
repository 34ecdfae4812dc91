import type { JsonObject } from "../../../base/json.ts";
import type { LlmUsage } from "../../../contract/llm.ts";
import { noteCount, noteServiceTier, sumOf } from "../tokens.ts";

/**
 * Anthropic's usage (https://docs.anthropic.com/en/api/messages). Its `input_tokens` leaves cache reads and writes out;
 * they are added here, so that `inputTokens` means the same for every provider.
 */
export function readUsage(raw: JsonObject): LlmUsage {
  const { input_tokens: fresh, cache_read_input_tokens: read, cache_creation_input_tokens: written } = raw;
  const usage: LlmUsage = {};
  noteCount(usage, "inputTokens", sumOf(fresh, read, written));
  noteCount(usage, "providerInputTokens", fresh);
  noteCount(usage, "cachedInputTokens", read);
  noteCount(usage, "cacheCreationInputTokens", written);
  noteCount(usage, "outputTokens", raw["output_tokens"]);
  noteCount(usage, "totalTokens", sumOf(usage.inputTokens, usage.outputTokens));
  noteCount(usage, "providerTotalTokens", sumOf(fresh, raw["output_tokens"]));
  noteServiceTier(usage, raw["service_tier"]);
  return usage;
}
