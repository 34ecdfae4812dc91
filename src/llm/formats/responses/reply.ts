import { type JsonObject, parseJsonObject } from "../../../base/json.ts";
import type { LlmCall } from "../../../contract/llm.ts";
import { readUsage } from "./usage.ts";

/** A `response` object. */
export function readReply(bytes: Buffer, call: LlmCall): void {
  const reply = parseJsonObject(bytes);
  if (reply !== undefined) noteResponse(reply, call);
}

/** The same object, as a stream's last event holds it too. */
export function noteResponse(response: JsonObject, call: LlmCall): void {
  if (typeof response["model"] === "string") call.responseModel = response["model"];
  call.usage = readUsage(response);
}
