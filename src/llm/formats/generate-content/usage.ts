import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import type { LlmUsage } from "../../../contract/llm.ts";
import { isCount, noteCount, sumOf } from "../tokens.ts";

/**
 * Gemini's `usageMetadata` (https://ai.google.dev/api/generate-content#UsageMetadata). `promptTokenCount` holds the
 * cached tokens but not those of tool results; thoughts are billed as output and counted beside the candidates.
 */
export function readUsage(raw: JsonObject): LlmUsage {
  const usage: LlmUsage = {};
  noteCount(usage, "inputTokens", sumOf(raw["promptTokenCount"], raw["toolUsePromptTokenCount"]));
  noteCount(usage, "providerInputTokens", raw["promptTokenCount"]);
  noteCount(usage, "cachedInputTokens", raw["cachedContentTokenCount"]);
  noteCount(usage, "outputTokens", sumOf(raw["candidatesTokenCount"], raw["thoughtsTokenCount"]));
  noteCount(usage, "reasoningTokens", raw["thoughtsTokenCount"]);
  noteCount(usage, "inputTextTokens", modality(raw["promptTokensDetails"], "TEXT"));
  noteCount(usage, "inputImageTokens", modality(raw["promptTokensDetails"], "IMAGE"));
  noteCount(usage, "inputAudioTokens", modality(raw["promptTokensDetails"], "AUDIO"));
  noteCount(usage, "outputTextTokens", modality(raw["candidatesTokensDetails"], "TEXT"));
  noteCount(usage, "outputImageTokens", modality(raw["candidatesTokensDetails"], "IMAGE"));
  noteCount(usage, "outputAudioTokens", modality(raw["candidatesTokensDetails"], "AUDIO"));
  noteCount(usage, "totalTokens", sumOf(usage.inputTokens, usage.outputTokens));
  noteCount(usage, "providerTotalTokens", raw["totalTokenCount"]);
  return usage;
}

/** The count of one `ModalityTokenCount` in a list of them. */
function modality(details: unknown, name: string): number | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details) {
    if (isJsonObject(detail) && detail["modality"] === name && isCount(detail["tokenCount"])) return detail["tokenCount"];
  }
  return undefined;
}
