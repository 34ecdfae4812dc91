import type { RequestFacts } from "../../format.ts";
import type { RequestEdits } from "../../request-edits.ts";
import { readNumbers } from "../tokens.ts";

/** OpenAI `POST /v1/chat/completions`. */
export function readRequest(request: RequestEdits): RequestFacts {
  const params = readNumbers(request, {
    temperature: "temperature",
    top_p: "top_p",
    frequency_penalty: "frequency_penalty",
    presence_penalty: "presence_penalty",
    seed: "seed",
    max_tokens: request.has("max_completion_tokens") ? "max_completion_tokens" : "max_tokens",
  });
  return { streaming: request.get("stream") === true, params };
}

/**
 * Asks for the usage of a stream, which OpenAI leaves out unless told. The chunk that carries it reaches the client too.
 * A client that sent `stream_options` has made its choice.
 */
export function prepareRequest(request: RequestEdits, streaming: boolean): void {
  if (!streaming) return;
  const options = request.get("stream_options");
  if (options === undefined || options === null) request.set("stream_options", { include_usage: true });
}
