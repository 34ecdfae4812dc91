import { isJsonObject } from "../../../base/json.ts";
import { jsonMembers } from "../../../base/json-members.ts";
import type { LlmCall } from "../../../contract/llm.ts";
import { readUsage } from "./usage.ts";

/** A list of embeddings. Nearly all of it is vectors, which nobody here reads: only the two small members are parsed. */
export function readReply(bytes: Buffer, call: LlmCall): void {
  try {
    for (const { name, valueStart, end } of jsonMembers(bytes)) {
      if (name !== "model" && name !== "usage") continue;
      const value: unknown = JSON.parse(bytes.toString("utf8", valueStart, end));
      if (typeof value === "string") call.responseModel = value;
      else if (isJsonObject(value)) call.usage = readUsage(value);
    }
  } catch {
    // not JSON: it is passed on as it is, and nothing is known of its usage
  }
}
