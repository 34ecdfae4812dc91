import { type JsonObject, objectIn } from "../../../base/json.ts";
import type { LlmUsage } from "../../../contract/llm.ts";
import { noteCount, noteServiceTier, sumOf } from "../tokens.ts";

/**
 * OpenAI responses usage (https://platform.openai.com/docs/api-reference/responses/object). `input_tokens` already holds
 * the cached ones.
 * @param response the response object that holds `usage`
 */
export function readUsage(response: JsonObject): LlmUsage {
  const raw = objectIn(response, "usage");
  const input = objectIn(raw, "input_tokens_details");
  const output = objectIn(raw, "output_tokens_details");
  const usage: LlmUsage = {};
  noteCount(usage, "inputTokens", raw["input_tokens"]);
  noteCount(usage, "providerInputTokens", raw["input_tokens"]);
  noteCount(usage, "cachedInputTokens", input["cached_tokens"]);
  noteCount(usage, "cacheCreationInputTokens", input["cache_write_tokens"]);
  noteCount(usage, "inputTextTokens", input["text_tokens"]);
  noteCount(usage, "inputImageTokens", input["image_tokens"]);
  noteCount(usage, "inputAudioTokens", input["audio_tokens"]);
  noteCount(usage, "outputTokens", raw["output_tokens"]);
  noteCount(usage, "reasoningTokens", output["reasoning_tokens"]);
  noteCount(usage, "outputTextTokens", output["text_tokens"]);
  noteCount(usage, "outputImageTokens", output["image_tokens"]);
  noteCount(usage, "outputAudioTokens", output["audio_tokens"]);
  noteCount(usage, "totalTokens", sumOf(usage.inputTokens, usage.outputTokens));
  noteCount(usage, "providerTotalTokens", raw["total_tokens"]);
  noteServiceTier(usage, response["service_tier"]);
  return usage;
}
