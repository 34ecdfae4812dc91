import type { Exchange } from "../contract/exchange.ts";
import { Reply } from "../contract/reply.ts";
import type { CompiledBackend } from "../contract/runtime.ts";
import { intersectModels, type ModelPattern } from "./model-names.ts";

/** A model as the list needs it. */
export interface ListedModel {
  readonly pattern: ModelPattern;
  readonly isPublic: boolean;
  readonly isAuthorized: (exchange: Exchange) => boolean;
}

/**
 * Whether a request is for the list of models, whatever its method: `/v1/models`, `/models`, and what is below them.
 * Gemini's and Vertex AI's calls have their model there too, with an action behind it.
 */
export function isModelsPath(path: string): boolean {
  return (
    /^(?:\/v1)?\/models(?:\/|$)/.test(path) &&
    !/:(?:generateContent|streamGenerateContent|countTokens|rawPredict|streamRawPredict)$/.test(path)
  );
}

/**
 * Answers with OpenAI's list of models: those that clients may ask for and this one is allowed to. A pattern is listed
 * as it is written, unless the API key narrows it.
 * @param createdAt epoch milliseconds, given as every model's creation time
 */
export function compileModelsList(models: readonly ListedModel[], createdAt: number): CompiledBackend {
  const created = Math.floor(createdAt / 1000);
  return {
    name: "models",
    async call(exchange) {
      const allowed = exchange.identity.apiKey?.allowedModels;
      const ids = new Set<string>();
      for (const { pattern, isPublic, isAuthorized } of models) {
        if (!isPublic || !isAuthorized(exchange)) continue;
        for (const id of intersectModels(pattern, allowed)) ids.add(id);
      }
      exchange.reason = "DirectResponse";
      const data = Array.from(ids, (id) => ({ id, object: "model", created, owned_by: "openai" }));
      return Reply.json(200, { data, object: "list" });
    },
  };
}
