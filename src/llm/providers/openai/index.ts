import { defineProvider, type Provider, type ProviderCall } from "../../provider.ts";
import type { RequestEdits } from "../../request-edits.ts";
import { compatibleProvider } from "../openai-compatible/index.ts";

/** OpenAI (https://platform.openai.com/docs/api-reference). */
export const openAI = defineProvider({ name: "openAI", fromParams: openAIProvider });

export function openAIProvider(): Provider {
  const base = compatibleProvider({
    telemetryName: "openai",
    baseUrl: "https://api.openai.com/v1",
    formats: [{ type: "completions" }, { type: "responses" }, { type: "embeddings" }, { type: "rerank" }],
  });
  return { ...base, adaptRequest: renameMaxTokens };
}

/** GPT models refuse `max_tokens`, which most clients still send, for its newer name. */
function renameMaxTokens(request: RequestEdits, { format, model }: ProviderCall): void {
  if (format !== "completions" || !model.startsWith("gpt-")) return;
  const limit = request.get("max_tokens");
  if (limit === undefined) return;
  if (!request.has("max_completion_tokens")) request.set("max_completion_tokens", limit);
  request.remove("max_tokens");
}
