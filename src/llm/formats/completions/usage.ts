import { type JsonObject, objectIn } from "../../../base/json.ts";
import type { LlmUsage } from "../../../contract/llm.ts";
import { noteCount, noteServiceTier, sumOf } from "../tokens.ts";

/**
 * OpenAI chat completions usage (https://platform.openai.com/docs/api-reference/chat/object). `prompt_tokens` already
 * holds the cached ones.
 * @param reply the completion or chunk that holds `usage`
 */
export function readUsage(reply: JsonObject): LlmUsage {
  const raw = objectIn(reply, "usage");
  const prompt = objectIn(raw, "prompt_tokens_details");
  const completion = objectIn(raw, "completion_tokens_details");
  const usage: LlmUsage = {};
  noteCount(usage, "inputTokens", raw["prompt_tokens"]);
  noteCount(usage, "providerInputTokens", raw["prompt_tokens"]);
  // DeepSeek has its own name for cached tokens, OpenRouter one for written ones.
  noteCount(usage, "cachedInputTokens", prompt["cached_tokens"] ?? raw["prompt_cache_hit_tokens"]);
  noteCount(usage, "cacheCreationInputTokens", prompt["cache_write_tokens"]);
  noteCount(usage, "inputTextTokens", prompt["text_tokens"]);
  noteCount(usage, "inputImageTokens", prompt["image_tokens"]);
  noteCount(usage, "inputAudioTokens", prompt["audio_tokens"]);
  noteCount(usage, "outputTokens", raw["completion_tokens"]);
  noteCount(usage, "reasoningTokens", completion["reasoning_tokens"]);
  noteCount(usage, "outputTextTokens", completion["text_tokens"]);
  noteCount(usage, "outputImageTokens", completion["image_tokens"]);
  noteCount(usage, "outputAudioTokens", completion["audio_tokens"]);
  noteCount(usage, "totalTokens", sumOf(usage.inputTokens, usage.outputTokens));
  noteCount(usage, "providerTotalTokens", raw["total_tokens"]);
  noteServiceTier(usage, reply["service_tier"]);
  return usage;
}
