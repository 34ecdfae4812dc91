import { parseJsonObject } from "../../../base/json.ts";
import type { LlmCall } from "../../../contract/llm.ts";
import { readUsage } from "./usage.ts";

/** A `chat.completion` object. */
export function readReply(bytes: Buffer, call: LlmCall): void {
  const reply = parseJsonObject(bytes);
  if (reply === undefined) return;
  if (typeof reply["model"] === "string") call.responseModel = reply["model"];
  call.usage = readUsage(reply);
}
