import { type JsonObject, objectIn, parseJsonObject } from "../../../base/json.ts";
import type { SseEvent } from "../../../base/sse.ts";
import type { LlmCall } from "../../../contract/llm.ts";
import type { StreamReader } from "../../format.ts";
import { eventType } from "../frames.ts";
import { readUsage } from "./usage.ts";

/**
 * Anthropic's stream: `message_start` with model and input usage, content, then `message_delta` whose figures replace
 * the earlier ones.
 */
export function createStreamReader(call: LlmCall): StreamReader {
  let usage: JsonObject = {};
  return {
    read(event: SseEvent): boolean {
      const type = eventType(event);
      switch (type) {
        case "message_start": {
          const message = objectIn(parseJsonObject(event.dataBytes) ?? {}, "message");
          if (typeof message["model"] === "string") call.responseModel = message["model"];
          usage = objectIn(message, "usage");
          return false;
        }
        case "message_delta":
          usage = replaced(usage, objectIn(parseJsonObject(event.dataBytes) ?? {}, "usage"));
          return false;
        default:
          return type === "content_block_delta";
      }
    },
    end(): void {
      call.usage = readUsage(usage);
    },
  };
}

/** Null means "not said here", not "none". */
function replaced(earlier: JsonObject, later: JsonObject): JsonObject {
  const said = Object.entries(later).filter(([, value]) => value !== null);
  return { ...earlier, ...Object.fromEntries(said) };
}
