import type { RequestFacts } from "../../format.ts";
import type { RequestEdits } from "../../request-edits.ts";
import { readNumbers } from "../tokens.ts";

/** Anthropic `POST /v1/messages`, and the same body on Vertex AI, where the path says whether to stream. */
export function readRequest(request: RequestEdits, path: string): RequestFacts {
  const params = readNumbers(request, { temperature: "temperature", top_p: "top_p", max_tokens: "max_tokens" });
  return { streaming: request.get("stream") === true || path.endsWith(":streamRawPredict"), params };
}

/** A client of Vertex AI may leave `stream` to the path; other servers read it in the body. */
export function prepareRequest(request: RequestEdits, streaming: boolean): void {
  if (streaming) request.set("stream", true);
}
