import type { StreamReader } from "../../format.ts";

/** Embeddings are not streamed; should a provider do so nevertheless, its events are passed on unread. */
export function createStreamReader(): StreamReader {
  return { read: () => false, end: () => {} };
}
