import { environmentOf } from "../cel/environment.ts";
import { compileRules, type RuleSet } from "../cel/rules.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { CompileContext, CompiledBackend } from "../contract/runtime.ts";
import { compileMatcher } from "../pipeline/match.ts";
import { compileApiRoutes, standardRoutes } from "./api-paths.ts";
import { compileLlmBackend } from "./backend.ts";
import { compileBodyChanges } from "./body-changes.ts";
import { DecodedCall } from "./call.ts";
import { decodeRequest } from "./decode-request.ts";
import { llmError } from "./errors.ts";
import { isModelAllowed, matchesModel, type ModelPattern, parseModelPattern } from "./model-names.ts";
import { compileModelsList, isModelsPath } from "./models-list.ts";
import { resolveModel } from "./resolve-model.ts";
import type { ModelRouterSettings, ModelSettings } from "./settings.ts";

/** The two halves of a route that serves the top-level `llm` key. */
export interface ModelRouter {
  /** Reads the request, finds its model and fills `exchange.llm`. Fails with the codes of errors.ts. */
  readonly decode: (exchange: Exchange) => void | Promise<void>;
  readonly pick: (exchange: Exchange) => CompiledBackend;
}

interface Entry {
  readonly pattern: ModelPattern;
  readonly isPublic: boolean;
  readonly matches: (exchange: Exchange) => boolean;
  readonly isAuthorized: (exchange: Exchange) => boolean;
  readonly backend: CompiledBackend;
}

/** A call that has been given to a model. */
class RoutedCall extends DecodedCall {
  entry: Entry | undefined = undefined;
}

/**
 * Compiles `llm.providers` and `llm.models`.
 * @throws Error with the place in the configuration, for what only compiling finds out
 */
export function compileModelRouter(settings: ModelRouterSettings, context: CompileContext): ModelRouter {
  const routed = (exchange: Exchange): RoutedCall | undefined => (exchange.llm instanceof RoutedCall ? exchange.llm : undefined);
  const decodeCall = async (exchange: Exchange): Promise<RoutedCall> => {
    const type = typeOf(exchange.request.path) ?? "passthrough";
    return new RoutedCall(await decodeRequest(exchange, type, true), entries);
  };
  /** Policies between decoding and the backend may have replaced the body: it is then read again. */
  const currentCall = async (exchange: Exchange): Promise<DecodedCall> => {
    const call = routed(exchange);
    if (call !== undefined && call.decoded.bytes === exchange.body.collected) return call;
    const again = await decodeCall(exchange);
    again.entry = call?.entry;
    again.clientModel = call?.clientModel ?? again.clientModel;
    exchange.llm = again;
    return again;
  };

  const typeOf = compileApiRoutes(standardRoutes);
  const entries = settings.models.map((model, index) =>
    compileEntry(model, settings, { ...context, path: `${context.path}.models[${index}]` }, currentCall),
  );
  const candidatesFor = compileCandidates(entries);
  const modelsList = compileModelsList(entries, context.clock.wall());

  return {
    decode(exchange) {
      if (isModelsPath(exchange.request.path)) return undefined;
      return decodeCall(exchange).then((call) => {
        exchange.llm = call;
        exchange.protocol = "llm";
        (exchange.metadata ??= {})["agentgateway_user_model"] = call.clientModel;
        if (!isModelAllowed(exchange.identity.apiKey?.allowedModels, call.clientModel)) {
          throw llmError("model_not_allowed", `the API key may not use model ${JSON.stringify(call.clientModel)}`);
        }
        call.entry = choose(candidatesFor(call.clientModel), exchange, call.clientModel);
      });
    },
    pick: (exchange) => routed(exchange)?.entry?.backend ?? modelsList,
  };
}

/** The first entry that matches and lets the caller in. */
function choose(candidates: readonly Entry[], exchange: Exchange, model: string): Entry {
  let refused = false;
  for (const entry of candidates) {
    if (!entry.isPublic || !entry.matches(exchange)) continue;
    if (entry.isAuthorized(exchange)) return entry;
    refused = true;
  }
  const name = JSON.stringify(model);
  if (refused) throw llmError("model_authorization_denied", `no authorization for model ${name}`);
  throw llmError("model_not_found", `no model is called ${name}`);
}

/** Entries by name, most specific first, then in the file's order; names that are written out are looked up at load. */
function compileCandidates(entries: readonly Entry[]): (name: string) => readonly Entry[] {
  const sorted = entries.toSorted((a, b) => b.pattern.specificity - a.pattern.specificity);
  const byName = new Map<string, readonly Entry[]>();
  const select = (name: string): Entry[] => sorted.filter(({ pattern }) => matchesModel(pattern, name));
  for (const { pattern } of entries) if (pattern.exact) byName.set(pattern.text, select(pattern.text));
  return (name) => byName.get(name) ?? select(name);
}

function compileEntry(
  model: ModelSettings,
  router: ModelRouterSettings,
  context: CompileContext,
  decode: (exchange: Exchange) => Promise<DecodedCall>,
): Entry {
  const { endpoint, changes } = resolveModel(model, router.providers, context.path);
  const backend = compileLlmBackend({ ...endpoint, changes: compileBodyChanges(changes) }, context, decode);
  return {
    pattern: parseModelPattern(model.name),
    isPublic: model.visibility === "public",
    matches: compileHeaderMatches(model.matches),
    isAuthorized: compileAuthorization(model.authorization, context),
    backend,
  };
}

/** Whether a model's own rules let a caller use it. Of rules that fail every failure is counted, and each rule logged once. */
function compileAuthorization(ruleSet: RuleSet | undefined, { log, metrics, path }: CompileContext): (exchange: Exchange) => boolean {
  if (ruleSet === undefined || ruleSet.rules.length === 0) return () => true;
  const reported = new Set<string>();
  const rules = compileRules([ruleSet], ({ kind, source }) => {
    metrics.ruleFailed("authorization");
    if (reported.has(source)) return;
    reported.add(source);
    log.warn("an authorization rule of a model fails to evaluate and does not hold", { path, kind, rule: source });
  });
  return (exchange) => rules.allows(environmentOf(exchange));
}

/** `matches`: one of them must hold, and of its headers all. None at all always holds. */
function compileHeaderMatches(matches: ModelSettings["matches"]): (exchange: Exchange) => boolean {
  if (matches.length === 0) return () => true;
  const everyPath = { kind: "pathPrefix", pathPrefix: "/" } as const;
  const rules = matches.map(({ headers }) => ({ path: everyPath, headers, query: [] }));
  const match = compileMatcher([{ hostnames: [], rules, value: true }]);
  return (exchange) => match(exchange.request) !== undefined;
}
