import type { RequestFacts } from "../../format.ts";
import type { RequestEdits } from "../../request-edits.ts";
import { readNumbers } from "../tokens.ts";

/** OpenAI `POST /v1/embeddings`. */
export function readRequest(request: RequestEdits): RequestFacts {
  const params = readNumbers(request, { dimensions: "dimensions" });
  const encoding = request.get("encoding_format");
  if (typeof encoding === "string") params.encoding_format = encoding;
  return { streaming: false, params };
}
