import type { JsonObject } from "../../../base/json.ts";
import type { LlmUsage } from "../../../contract/llm.ts";
import { noteCount } from "../tokens.ts";

/** OpenAI embeddings usage (https://platform.openai.com/docs/api-reference/embeddings): nothing comes out but vectors. */
export function readUsage(raw: JsonObject): LlmUsage {
  const usage: LlmUsage = {};
  noteCount(usage, "inputTokens", raw["prompt_tokens"]);
  noteCount(usage, "providerInputTokens", raw["prompt_tokens"]);
  noteCount(usage, "totalTokens", raw["prompt_tokens"]);
  noteCount(usage, "providerTotalTokens", raw["total_tokens"]);
  return usage;
}
