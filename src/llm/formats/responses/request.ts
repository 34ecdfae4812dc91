import type { RequestFacts } from "../../format.ts";
import type { RequestEdits } from "../../request-edits.ts";
import { readNumbers } from "../tokens.ts";

/** OpenAI `POST /v1/responses`. */
export function readRequest(request: RequestEdits): RequestFacts {
  const params = readNumbers(request, { temperature: "temperature", top_p: "top_p", max_tokens: "max_output_tokens" });
  return { streaming: request.get("stream") === true, params };
}
