import { withMainCredential } from "./credential.ts";
import type { BackendNames, Outgoing, OutgoingBody, Send } from "../contract/outgoing.ts";
import { createOutgoing } from "../contract/outgoing.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { CompileContext, UpstreamAddress } from "../contract/runtime.ts";
import type { Provider, ProviderCall } from "./provider.ts";
import { readBaseUrl } from "./providers/openai-compatible/index.ts";
import type { AddressSettings } from "./settings.ts";

export interface EndpointSettings extends AddressSettings {
  readonly name: string;
  readonly provider: Provider;
  /** Scheme, host and prefix in one. */
  readonly baseUrl?: string | undefined;
  /** Backend policies, parsed, by name. */
  readonly policies: Readonly<Record<string, unknown>>;
}

/** Where a provider's requests go, with connections and backend policies. */
export interface Endpoint {
  readonly provider: Provider;
  readonly names: BackendNames;
  readonly send: Send;
  /** A request for one call. */
  readonly outgoing: (exchange: Exchange, call: ProviderCall, body: OutgoingBody) => Outgoing;
  /** A request that keeps the client's path, below the endpoint's prefix, and query. */
  readonly untypedOutgoing: (exchange: Exchange, body: OutgoingBody) => Outgoing;
}

const purpose = { kind: "Primary", subtype: "Llm" } as const;
/** The prefix that clients of OpenAI's API put before each path. */
const clientPrefix = "/v1/";

export function compileEndpoint(settings: EndpointSettings, context: CompileContext): Endpoint {
  const { provider, pathOverride } = settings;
  const base = settings.baseUrl === undefined ? undefined : readBaseUrl(settings.baseUrl);
  const prefix = settings.pathPrefix?.replace(/\/+$/, "") ?? base?.pathPrefix ?? provider.pathPrefix;
  const names: BackendNames = { name: settings.name, type: "ai", protocol: "llm" };
  const send = context.send(addressOf(settings), withCredential(settings.policies, provider));

  const create = (exchange: Exchange, path: string, body: OutgoingBody): Outgoing => {
    const outgoing = createOutgoing(exchange, { purpose, backend: names, body, timeoutMs: 0 });
    outgoing.head.path = path;
    return outgoing;
  };

  return {
    provider,
    names,
    send,
    outgoing(exchange, call, body) {
      const outgoing = create(exchange, pathOverride ?? provider.path(call, prefix), body);
      if (provider.search !== undefined) outgoing.head.search = provider.search(call, outgoing.head.search);
      return outgoing;
    },
    untypedOutgoing(exchange, body) {
      const { path } = exchange.request;
      const moved = path.startsWith(clientPrefix) ? `${prefix}/${path.slice(clientPrefix.length)}` : path;
      return create(exchange, pathOverride ?? moved, body);
    },
  };
}

/** For replies that are read on their way: unpacking them would cost more than the bandwidth to the provider. */
export function askForPlainReply({ head }: Outgoing): void {
  head.headers.set("accept-encoding", "identity");
}

/** An override without `https` is taken at its word: TLS then takes a `backendTLS` policy. */
function addressOf({ provider, baseUrl, hostOverride }: EndpointSettings): UpstreamAddress {
  if (hostOverride !== undefined) return hostOverride;
  const { host, port, tls } = baseUrl === undefined ? { ...provider.address, tls: provider.tls } : readBaseUrl(baseUrl);
  return tls ? { host, port, tls: {} } : { host, port };
}

function withCredential(policies: Readonly<Record<string, unknown>>, { defaultAuth }: Provider): Readonly<Record<string, unknown>> {
  if (defaultAuth === undefined) return policies;
  return { ...policies, backendAuth: withMainCredential(policies["backendAuth"], defaultAuth) };
}
