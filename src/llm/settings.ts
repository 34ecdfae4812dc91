import type { CompiledExpression } from "../cel/compile.ts";
import type { RuleSet } from "../cel/rules.ts";
import type { HostPort } from "../contract/config/address.ts";
import type { FileOrInline } from "../contract/config/files.ts";
import type { HeaderModifier } from "../contract/config/header-modifier.ts";
import type { ApiRoutes } from "./api-paths.ts";
import type { ProviderParams } from "./provider.ts";
import type { CustomSettings } from "./providers/custom/index.ts";
import type { VertexSettings } from "./providers/vertex/index.ts";

/** The parsed configuration as this folder needs it; the schema's output fits. */

/** By top-level member of the request body. */
type BodyValues = Readonly<Record<string, unknown>>;
type BodyExpressions = Readonly<Record<string, CompiledExpression>>;

/** Changes to a request's body. */
export interface BodySettings {
  /** Set where the client did not. */
  readonly defaults?: BodyValues | undefined;
  /** Set always. */
  readonly overrides?: BodyValues | undefined;
  /** Computed by CEL; an expression that fails or gives null removes the member. */
  readonly transformation?: BodyExpressions | undefined;
}

/** What models and reusable providers both say about their requests. */
export interface RequestSettings extends BodySettings {
  readonly requestHeaders?: HeaderModifier | undefined;
  readonly responseHeaders?: HeaderModifier | undefined;
  /** A parsed `backendTLS`. */
  readonly tls?: unknown;
  /** A parsed `backendAuth`. */
  readonly auth?: unknown;
}

/** Where a provider is called instead of its usual address. */
export interface AddressSettings {
  readonly hostOverride?: HostPort | undefined;
  /** One path for every call. */
  readonly pathOverride?: string | undefined;
  /** In place of the provider's `pathPrefix`. */
  readonly pathPrefix?: string | undefined;
}

export interface ModelParams extends ProviderParams, AddressSettings {
  /** In place of the client's model. */
  readonly model?: string | undefined;
  readonly apiKey?: FileOrInline | undefined;
  readonly baseUrl?: string | undefined;
}

export type OwnProvider =
  | { readonly kind: "builtIn"; readonly name: string }
  | { readonly kind: "custom"; readonly custom: CustomSettings };

/** An entry of `llm.providers`. */
export interface ProviderSettings {
  readonly name: string;
  readonly params: ModelParams;
  readonly provider: OwnProvider;
  readonly defaults?: RequestSettings | undefined;
}

/** An entry of `llm.models`. */
export interface ModelSettings extends RequestSettings {
  readonly id?: string | undefined;
  readonly name: string;
  readonly visibility: "public" | "internal";
  readonly params: ModelParams;
  readonly provider: OwnProvider | { readonly kind: "reference"; readonly reference: string };
  readonly authorization?: RuleSet | undefined;
  readonly matches: readonly { readonly headers: readonly HeaderCondition[] }[];
}

export interface HeaderCondition {
  readonly name: string;
  readonly value: { readonly kind: "exact"; readonly exact: string } | { readonly kind: "regex"; readonly regex: string };
}

/** The top-level `llm` key. */
export interface ModelRouterSettings {
  readonly providers: readonly ProviderSettings[];
  readonly models: readonly ModelSettings[];
}

/** `policies.ai`, as far as it is served. */
export interface AiPolicySettings {
  readonly defaults?: BodyValues | undefined;
  readonly overrides?: BodyValues | undefined;
  readonly transformations?: BodyExpressions | undefined;
  /** Exact names, or patterns with any number of `*`; the values are the names to use. */
  readonly modelAliases?: Readonly<Record<string, string>> | undefined;
  /** Path suffix to type; without it every request is taken for a chat completion. */
  readonly routes?: ApiRoutes | undefined;
}

/** An `ai` backend of a route. */
export interface AiBackendSettings extends AddressSettings {
  readonly name: string;
  readonly provider:
    | { readonly kind: "openAI"; readonly openAI: { readonly model?: string | undefined } }
    | { readonly kind: "vertex"; readonly vertex: VertexSettings & { readonly model?: string | undefined } }
    | { readonly kind: "custom"; readonly custom: CustomSettings };
  /** The `ai` policy in effect. The other policies of the backend are in the context's `send`. */
  readonly ai?: AiPolicySettings | undefined;
}
