import { parseJsonObject } from "../../../base/json.ts";
import type { SseEvent } from "../../../base/sse.ts";
import type { LlmCall } from "../../../contract/llm.ts";
import type { StreamReader } from "../../format.ts";
import { holdsObject, keyBytes } from "../frames.ts";
import { noteResponse } from "./reply.ts";

const usageKey = keyBytes("usageMetadata");
const partsKey = keyBytes("parts");

/** Gemini's stream (`alt=sse`): each event is a whole response, its usage counts all that came before. */
export function createStreamReader(call: LlmCall): StreamReader {
  let latest: Buffer | undefined;
  return {
    read({ dataBytes }: SseEvent): boolean {
      if (holdsObject(dataBytes, usageKey)) latest = dataBytes;
      return dataBytes.includes(partsKey);
    },
    end(): void {
      const response = latest === undefined ? undefined : parseJsonObject(latest);
      if (response !== undefined) noteResponse(response, call);
    },
  };
}
