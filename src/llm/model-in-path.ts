import { llmError } from "./errors.ts";

/**
 * The model of paths such as `/v1beta/models/{model}:generateContent` (Gemini) and
 * `/v1/projects/…/publishers/anthropic/models/{model}:streamRawPredict` (Vertex AI); undefined when the path names none.
 * @param path normalised, still percent-encoded
 * @throws GatewayError `invalid_model` for a name that could climb out of its path segment
 */
export function modelInPath(path: string): string | undefined {
  const found = /\/(?:models|tunedModels)\/([^/]+):[A-Za-z]+$/.exec(path);
  if (found === null) return undefined;
  const model = decodeSegment(found[1] as string);
  if (model === undefined || !isSafeModel(model)) throw llmError("invalid_model", "the path holds a model name that cannot be used");
  return model;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** A decoded segment goes into paths, look-ups and logs: no separators, no dot segments, no control characters. */
function isSafeModel(model: string): boolean {
  return model !== "." && model !== ".." && /^[^/\\\p{Cc}]{1,256}$/u.test(model);
}
