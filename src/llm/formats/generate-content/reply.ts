import { type JsonObject, objectIn, parseJsonObject } from "../../../base/json.ts";
import type { LlmCall } from "../../../contract/llm.ts";
import { readUsage } from "./usage.ts";

/** A `GenerateContentResponse`. */
export function readReply(bytes: Buffer, call: LlmCall): void {
  const reply = parseJsonObject(bytes);
  if (reply !== undefined) noteResponse(reply, call);
}

/** The same object, which each event of a stream is too. */
export function noteResponse(response: JsonObject, call: LlmCall): void {
  if (typeof response["modelVersion"] === "string") call.responseModel = response["modelVersion"];
  call.usage = readUsage(objectIn(response, "usageMetadata"));
}
