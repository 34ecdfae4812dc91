import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { CompileContext, CompiledBackend } from "../contract/runtime.ts";
import { type ApiType, compileApiRoutes } from "./api-paths.ts";
import { compileLlmBackend } from "./backend.ts";
import { compileBodyChanges } from "./body-changes.ts";
import { DecodedCall } from "./call.ts";
import { decodeRequest, undecodedRequest } from "./decode-request.ts";
import type { Provider } from "./provider.ts";
import { customProvider } from "./providers/custom/index.ts";
import { openAIProvider } from "./providers/openai/index.ts";
import { vertexProvider } from "./providers/vertex/index.ts";
import type { AiBackendSettings } from "./settings.ts";

/** A backend that reads requests: a route that has no other lets it do so before the route's policies run. */
export interface AiBackend extends CompiledBackend {
  readonly decode: (exchange: Exchange) => Promise<void>;
}

/** Types whose requests go on without anybody having read them. */
const unread: ReadonlySet<ApiType> = new Set<ApiType>(["passthrough", "models", "realtime"]);

/**
 * Compiles an `ai` backend of a route: one provider, and what paths mean to it.
 * @param context its `send` puts the backend's policies around, and takes those it is given for the least specific ones
 */
export function compileAiBackend(settings: AiBackendSettings, context: CompileContext): AiBackend {
  const { ai = {}, hostOverride, pathOverride, pathPrefix, name } = settings;
  const { provider, model } = providerOf(settings, context.path);
  const { defaults, overrides, transformations: transformation, modelAliases } = ai;
  const changes = compileBodyChanges({ model, defaults, overrides, transformation, modelAliases });
  const typeOf = ai.routes === undefined ? (): ApiType => "completions" : compileApiRoutes(ai.routes);

  const decodeCall = async (exchange: Exchange): Promise<DecodedCall> => {
    const type = typeOf(exchange.request.path);
    if (type === undefined) throw new GatewayError("route_not_found", { detail: "no entry of `policies.ai.routes` has this path" });
    const decoded = unread.has(type) ? undecodedRequest(exchange, type) : await decodeRequest(exchange, type, false);
    const call = new DecodedCall(decoded, settings);
    exchange.llm = call;
    exchange.protocol = "llm";
    return call;
  };
  /** Decoded before, by this backend, and from the body as it is now. */
  const currentCall = async (exchange: Exchange): Promise<DecodedCall> => {
    const { llm } = exchange;
    const isCurrent =
      llm instanceof DecodedCall && llm.owner === settings && (llm.decoded.bytes ?? exchange.body.collected) === exchange.body.collected;
    return isCurrent ? llm : decodeCall(exchange);
  };

  const endpoint = { name, provider, policies: {}, hostOverride, pathOverride, pathPrefix };
  return {
    ...compileLlmBackend({ ...endpoint, changes }, context, currentCall),
    decode: async (exchange) => {
      await decodeCall(exchange);
    },
  };
}

function providerOf({ provider, hostOverride }: AiBackendSettings, path: string): { provider: Provider; model: string | undefined } {
  switch (provider.kind) {
    case "openAI":
      return { provider: openAIProvider(), model: provider.openAI.model };
    case "vertex":
      return { provider: vertexProvider(provider.vertex), model: provider.vertex.model };
    case "custom":
      if (hostOverride === undefined) throw new Error(`${path}: a custom provider needs \`hostOverride\``);
      return { provider: customProvider(provider.custom, "custom"), model: provider.custom.model };
  }
}
