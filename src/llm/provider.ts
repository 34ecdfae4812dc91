import type { HostPort } from "../contract/config/address.ts";
import type { FormatName } from "./format.ts";
import type { RequestEdits } from "./request-edits.ts";

/** What one request asks of a provider, once model and shape are settled. */
export interface ProviderCall {
  readonly format: FormatName;
  /** The model's name, as the provider is to get it. */
  readonly model: string;
  readonly streaming: boolean;
}

/** A vendor of models, compiled from its configuration: where it is and what it wants done differently. */
export interface Provider {
  /** GenAI `gen_ai.provider.name`, and the key of the price catalogue. */
  readonly telemetryName: string;
  readonly address: HostPort;
  /** Whether `address` speaks TLS. */
  readonly tls: boolean;
  /** What the paths below start with unless a configuration says otherwise, without a slash at the end. */
  readonly pathPrefix: string;
  /** Shapes that the provider speaks for a model, best first. */
  readonly formats: (model: string) => readonly FormatName[];
  /** Where to send a call. @param prefix `pathPrefix`, or the configured one */
  readonly path: (call: ProviderCall, prefix: string) => string;
  /** Query of the request, from the client's; absent = the client's, unchanged. With its "?", or "". */
  readonly search?: (call: ProviderCall, search: string) => string;
  /** What the provider wants changed in the body, though the shape is the right one. */
  readonly adaptRequest?: (request: RequestEdits, call: ProviderCall) => void;
  /** A parsed `backendAuth` to use where the configuration has none; absent = the client's own credential goes on. */
  readonly defaultAuth?: Readonly<Record<string, unknown>>;
}

/** Settings that the `llm:` shape keeps beside the provider's name. */
export interface ProviderParams {
  readonly vertexProject?: string | undefined;
  readonly vertexRegion?: string | undefined;
}

/**
 * A provider that is chosen by name.
 * `fromParams` compiles it from `llm.models[].params`; it throws an Error that says which parameter is missing.
 */
export interface ProviderDefinition {
  /** Its name in a configuration. */
  readonly name: string;
  readonly fromParams: (params: ProviderParams) => Provider;
}

export function defineProvider(definition: ProviderDefinition): ProviderDefinition {
  return definition;
}
