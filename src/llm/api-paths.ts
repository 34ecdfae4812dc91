/** What a client asks for, told by the end of the path. `routes` of the full shape uses the same names. */
export type ApiType =
  | "completions"
  | "messages"
  | "models"
  | "responses"
  | "embeddings"
  | "realtime"
  | "anthropicTokenCount"
  | "generateContent"
  | "geminiCountTokens"
  | "rerank"
  | "detect"
  | "passthrough";

/** Path suffix to type, as in a configuration; `*` is for every other path. */
export type ApiRoutes = Readonly<Record<string, ApiType>>;

/** The endpoints that the `llm:` shape serves. */
export const standardRoutes: ApiRoutes = {
  "/v1/chat/completions": "completions",
  "/v1/messages": "messages",
  "/v1/messages/count_tokens": "anthropicTokenCount",
  ":rawPredict": "messages",
  ":streamRawPredict": "messages",
  ":generateContent": "generateContent",
  ":streamGenerateContent": "generateContent",
  ":countTokens": "geminiCountTokens",
  "/v1/responses": "responses",
  "/v1/responses/compact": "detect",
  "/v1/images/generations": "detect",
  "/v1/images/edits": "detect",
  "/v1/images/variations": "detect",
  "/v1/embeddings": "embeddings",
  "/v1/rerank": "rerank",
  "/v2/rerank": "rerank",
  "*": "passthrough",
};

/**
 * Compiles suffixes to a function. The longest suffix wins, `*` loses to all others.
 * @returns the type, or undefined when no suffix matches and there is no `*`
 */
export function compileApiRoutes(routes: ApiRoutes): (path: string) => ApiType | undefined {
  const suffixes = Object.entries(routes).filter(([suffix]) => suffix !== "*");
  suffixes.sort(([a], [b]) => b.length - a.length);
  const fallback = routes["*"];
  return (path) => {
    for (const [suffix, type] of suffixes) if (path.endsWith(suffix)) return type;
    return fallback;
  };
}
