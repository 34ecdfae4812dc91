import { isJsonObject } from "../../../base/json.ts";
import { GatewayError } from "../../../contract/errors.ts";
import type { RequestHead } from "../../../contract/exchange.ts";
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

/** Without `alt=sse` the stream would be one JSON array, which no proxy can follow event by event. */
export function checkRequest({ path, search }: RequestHead): void {
  if (!path.endsWith(":streamGenerateContent") || /[?&]alt=sse(?:&|$)/.test(search)) return;
  const message = "streamGenerateContent is served as server-sent events only: add ?alt=sse";
  const text = JSON.stringify({ error: { code: 400, message, status: "INVALID_ARGUMENT" } });
  throw new GatewayError("invalid_request", { detail: message, body: { contentType: "application/json", text } });
}
