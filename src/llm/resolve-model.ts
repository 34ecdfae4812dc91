import { withMainCredential } from "./credential.ts";
import type { BodyChangeSettings } from "./body-changes.ts";
import type { EndpointSettings } from "./endpoint.ts";
import type { Provider } from "./provider.ts";
import { customProvider } from "./providers/custom/index.ts";
import { namedProvider } from "./providers/index.ts";
import type { ModelParams, ModelSettings, OwnProvider, ProviderSettings, RequestSettings } from "./settings.ts";

/** What a model's entry comes to, with the settings of the provider that it refers to. */
export interface ResolvedModel {
  readonly endpoint: EndpointSettings;
  readonly changes: BodyChangeSettings;
}

/** A model's own settings over those of its provider. */
interface MergedModel extends RequestSettings {
  readonly params: ModelParams;
  readonly provider: OwnProvider;
  /** Name in telemetry of a provider that has none of its own. */
  readonly providerName: string;
}

/**
 * Merges a model with the provider it refers to: maps key by key, the rest whole, the model's before the provider's.
 * @param path of the model in the configuration, for messages
 * @throws Error with that path
 */
export function resolveModel(model: ModelSettings, providers: readonly ProviderSettings[], path: string): ResolvedModel {
  const merged = mergeModel(model, providers, path);
  const { params } = merged;
  const provider = providerOf(merged, path);
  const pinned = params.model ?? (merged.provider.kind === "custom" ? merged.provider.custom.model : undefined);
  const { defaults, overrides, transformation } = merged;
  return {
    endpoint: { ...addressOf(params), name: model.id ?? model.name, provider, policies: policiesOf(merged) },
    changes: { model: pinned, defaults, overrides, transformation },
  };
}

function mergeModel(model: ModelSettings, providers: readonly ProviderSettings[], path: string): MergedModel {
  const { provider, params } = model;
  if (provider.kind !== "reference") return { ...model, provider, providerName: "custom" };
  const shared = providers.find(({ name }) => name === provider.reference);
  if (shared === undefined)
    throw new Error(`${path}.provider.reference: llm.providers has no entry called ${JSON.stringify(provider.reference)}`);
  const extra = Object.entries(params).find(([name, value]) => name !== "model" && value !== undefined && value !== false);
  if (extra !== undefined)
    throw new Error(`${path}.params.${extra[0]}: belongs to the provider that the model refers to; only \`model\` may stand here`);
  const base = shared.defaults ?? {};
  return {
    params: { ...shared.params, model: params.model ?? shared.params.model },
    provider: shared.provider,
    providerName: shared.name,
    defaults: { ...base.defaults, ...model.defaults },
    overrides: { ...base.overrides, ...model.overrides },
    transformation: { ...base.transformation, ...model.transformation },
    requestHeaders: model.requestHeaders ?? base.requestHeaders,
    responseHeaders: model.responseHeaders ?? base.responseHeaders,
    tls: model.tls ?? base.tls,
    auth: model.auth ?? base.auth,
  };
}

function providerOf({ provider, params, providerName }: MergedModel, path: string): Provider {
  if (provider.kind === "custom") {
    if (params.baseUrl === undefined && params.hostOverride === undefined)
      throw new Error(`${path}: a custom provider needs \`params.baseUrl\``);
    return customProvider(provider.custom, providerName);
  }
  try {
    return namedProvider(provider.name, params);
  } catch (thrown) {
    throw new Error(`${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown });
  }
}

function addressOf({ baseUrl, hostOverride, pathOverride, pathPrefix }: ModelParams) {
  return { baseUrl, hostOverride, pathOverride, pathPrefix };
}

/** The entry's keys as the backend policies they stand for. */
function policiesOf({ requestHeaders, responseHeaders, tls, auth, params }: MergedModel): Record<string, unknown> {
  const key = params.apiKey === undefined ? undefined : { kind: "key", key: { value: params.apiKey } };
  const all = {
    requestHeaderModifier: requestHeaders,
    responseHeaderModifier: responseHeaders,
    backendTLS: tls,
    backendAuth: withMainCredential(auth, key),
  };
  return Object.fromEntries(Object.entries(all).filter(([, config]) => config !== undefined));
}
