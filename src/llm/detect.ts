import { isJsonObject, type JsonObject, objectIn, parseJsonObject } from "../base/json.ts";
import type { SseEvent } from "../base/sse.ts";
import type { LlmCall, LlmUsage } from "../contract/llm.ts";
import type { ReplyReader, StreamReader } from "./format.ts";
import { readUsage as readCompletionsUsage } from "./formats/completions/usage.ts";
import { holdsObject, keyBytes } from "./formats/frames.ts";
import { readUsage as readGeminiUsage } from "./formats/generate-content/usage.ts";
import { readUsage as readMessagesUsage } from "./formats/messages/usage.ts";
import { readUsage as readResponsesUsage } from "./formats/responses/usage.ts";
import { sumOf } from "./formats/tokens.ts";

/**
 * Reads replies of an unknown shape, as well as it goes: the vendors' shapes tell themselves apart by the names of their
 * token counts. Used where requests are passed on untyped (`detect`): images, compaction, new endpoints.
 */
export const detect: ReplyReader = {
  readReply(bytes, call) {
    const reply = parseJsonObject(bytes);
    if (reply !== undefined) note(reply, call);
  },
  createStreamReader,
};

const usageKeys = [keyBytes("usage"), keyBytes("usageMetadata")];

function createStreamReader(call: LlmCall): StreamReader {
  return {
    read({ dataBytes }: SseEvent): boolean {
      if (usageKeys.some((key) => holdsObject(dataBytes, key))) {
        const frame = parseJsonObject(dataBytes);
        if (frame !== undefined) note(frame, call);
      }
      return true;
    },
    end() {},
  };
}

/** Responses, Anthropic's and Cloud Code's frames wrap the object that matters. */
function note(frame: JsonObject, call: LlmCall): void {
  for (const wrapper of [frame, frame["response"], frame["message"]]) {
    if (!isJsonObject(wrapper)) continue;
    const model = wrapper["model"] ?? wrapper["modelVersion"];
    if (typeof model === "string") call.responseModel = model;
    const usage = usageOf(wrapper);
    if (usage !== undefined) call.usage = withTotal({ ...call.usage, ...usage });
  }
}

function usageOf(reply: JsonObject): LlmUsage | undefined {
  if (isJsonObject(reply["usageMetadata"])) return readGeminiUsage(reply["usageMetadata"]);
  if (!isJsonObject(reply["usage"])) return undefined;
  const usage = objectIn(reply, "usage");
  if ("prompt_tokens" in usage || "completion_tokens" in usage) return readCompletionsUsage(reply);
  const isAnthropic = "cache_read_input_tokens" in usage || "cache_creation_input_tokens" in usage;
  return isAnthropic ? readMessagesUsage(usage) : readResponsesUsage(reply);
}

/** Anthropic reports input and output in different frames. */
function withTotal(usage: LlmUsage): LlmUsage {
  const totalTokens = sumOf(usage.inputTokens, usage.outputTokens);
  return totalTokens === undefined ? usage : { ...usage, totalTokens };
}
