import { parseJsonObject } from "../../../base/json.ts";
import type { SseEvent } from "../../../base/sse.ts";
import type { LlmCall } from "../../../contract/llm.ts";
import type { StreamReader } from "../../format.ts";
import { holdsObject, keyBytes } from "../frames.ts";
import { readUsage } from "./usage.ts";

const usageKey = keyBytes("usage");
const modelKey = keyBytes("model");
const done = Buffer.from("[DONE]");

/** A stream of `chat.completion.chunk` objects, ended by `[DONE]`. */
export function createStreamReader(call: LlmCall): StreamReader {
  // Some providers repeat the usage in every chunk: only the last one is parsed.
  let lastUsage: Buffer | undefined;
  return {
    read({ dataBytes }: SseEvent): boolean {
      if (call.responseModel === undefined && dataBytes.includes(modelKey)) {
        const model = parseJsonObject(dataBytes)?.["model"];
        if (typeof model === "string" && model !== "") call.responseModel = model;
      }
      if (holdsObject(dataBytes, usageKey)) lastUsage = dataBytes;
      return dataBytes.length !== done.length || !dataBytes.equals(done);
    },
    end(): void {
      const chunk = lastUsage === undefined ? undefined : parseJsonObject(lastUsage);
      if (chunk !== undefined) call.usage = readUsage(chunk);
    },
  };
}
