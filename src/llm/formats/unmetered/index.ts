import { defineFormat, type Format, type FormatName } from "../../format.ts";

/** A shape that is routed and passed on, and whose replies report no token usage. */
function unmetered(name: FormatName, operation: string, modelIn: Format["modelIn"]): Format {
  return defineFormat({
    name,
    operation,
    modelIn,
    readRequest: () => ({ streaming: false, params: {} }),
    readReply: () => {},
    createStreamReader: () => ({ read: () => false, end: () => {} }),
  });
}

/** Anthropic `POST /v1/messages/count_tokens`. */
export const anthropicTokenCount = unmetered("anthropicTokenCount", "count_tokens", "body");
/** Gemini `POST …/models/{model}:countTokens`. */
export const geminiCountTokens = unmetered("geminiCountTokens", "count_tokens", "path");
/** Cohere `POST /v2/rerank`. */
export const rerank = unmetered("rerank", "rerank", "body");
