import { objectIn, parseJsonObject } from "../../../base/json.ts";
import type { SseEvent } from "../../../base/sse.ts";
import type { LlmCall } from "../../../contract/llm.ts";
import type { StreamReader } from "../../format.ts";
import { eventType } from "../frames.ts";
import { noteResponse } from "./reply.ts";

/**
 * OpenAI's responses stream. The first and the last events hold the response object; only the last one has the usage, so
 * the first, which repeats instructions and tools, is parsed only when no last one came.
 */
export function createStreamReader(call: LlmCall): StreamReader {
  let latest: Buffer | undefined;
  return {
    read(event: SseEvent): boolean {
      const type = eventType(event);
      switch (type) {
        case "response.created":
        case "response.completed":
        case "response.incomplete":
        case "response.failed":
          latest = event.dataBytes;
          return false;
        default:
          return type.endsWith(".delta");
      }
    },
    end(): void {
      const frame = latest === undefined ? undefined : parseJsonObject(latest);
      if (frame !== undefined) noteResponse(objectIn(frame, "response"), call);
    },
  };
}
