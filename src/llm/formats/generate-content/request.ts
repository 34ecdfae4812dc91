import { isJsonObject } from "../../../base/json.ts";
import type { RequestFacts } from "../../format.ts";
import type { RequestEdits } from "../../request-edits.ts";
import { reader, readNumbers } from "../tokens.ts";

/** Gemini `POST …/models/{model}:generateContent` and `:streamGenerateContent`; the path has model and streaming. */
export function readRequest(request: RequestEdits, path: string): RequestFacts {
  const config = request.get("generationConfig");
  const params = readNumbers(reader(isJsonObject(config) ? config : {}), {
    temperature: "temperature",
    top_p: "topP",
    frequency_penalty: "frequencyPenalty",
    presence_penalty: "presencePenalty",
    seed: "seed",
    max_tokens: "maxOutputTokens",
  });
  return { streaming: path.endsWith(":streamGenerateContent"), params };
}
