import type { CompileContext } from "../../contract/runtime.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Reply } from "../../contract/reply.ts";
import { fetchDocument } from "../../upstream/fetch-document.ts";
import { AuthorizationServer } from "./authorization-server.ts";
import { adaptMetadata, FacadeModes, type FacadeSettings, mayBeDirect } from "./facade.ts";
import { type Endpoint, endpointOf, type Front, frontOf } from "./front.ts";
import { authorize, type Provider, relayResponse } from "./login.ts";
import { metadataMethods, metadataReply } from "./metadata.ts";
import { Registration } from "./registration.ts";
import { preflightReply, ProviderCalls } from "./replies.ts";
import { requestToken } from "./token.ts";

export interface FrontParts {
  readonly settings: FacadeSettings;
  /** Without a provider the gateway stands in front of nobody: clients go to the issuer, and its metadata is passed on. */
  readonly adapts: boolean;
  /** By which clients reach us, as configured. */
  readonly origin: string | undefined;
  readonly context: Pick<CompileContext, "clock" | "log" | "resources">;
}

/** What the gateway answers below `/.well-known/oauth-authorization-server`. */
export class AuthorizationServerFront {
  private readonly parts: FrontParts;
  private readonly server: AuthorizationServer;
  private readonly modes: FacadeModes;
  private readonly calls: ProviderCalls;
  private readonly registration: Registration;
  private readonly served: readonly Endpoint[];

  constructor(parts: FrontParts) {
    const { settings, adapts, context } = parts;
    const { profile, issuer, allows } = settings;
    const url = URL.canParse(issuer) ? profile.metadataUrl(issuer) : issuer;
    const create = (): AuthorizationServer =>
      new AuthorizationServer(url, { clock: context.clock, log: context.log, fetch: fetchDocument });
    this.parts = parts;
    this.server = context.resources.acquire(`authorization-server ${url}`, create);
    this.modes = new FacadeModes(settings, this.server, context.log);
    this.calls = new ProviderCalls(fetchDocument);
    this.registration = new Registration(settings, this.modes, this.calls);
    const onTheWay = profile.proxied !== undefined || (adapts && allows !== undefined);
    this.served = onTheWay ? ["client-registration", "authorize", "token", "callback"] : ["client-registration"];
  }

  /** The authorization server of a resource. @param path of the resource, or "" */
  async issuerFor(exchange: Exchange, path: string): Promise<string> {
    const { settings, adapts, origin } = this.parts;
    if (!adapts) return settings.issuer;
    const front = frontOf(exchange, path.replace(/\/$/, ""), origin);
    if (!mayBeDirect(settings)) return front.issuer;
    // the provider is not there: then clients are led to where they are told so, with the reason in our log
    const mode = await this.modes.current(front).then(
      (current) => current.mode,
      () => "plain",
    );
    return mode === "direct" ? settings.issuer : front.issuer;
  }

  answer(exchange: Exchange): Reply | Promise<Reply> {
    const { path, method } = exchange.incoming;
    const { endpoint, resource } = endpointOf(path, this.served);
    const front = frontOf(exchange, resource, this.parts.origin);
    if (endpoint === "metadata") return method === "OPTIONS" ? preflightReply(metadataMethods) : this.metadata(front);
    if (method === "OPTIONS") return preflightReply("GET, POST, OPTIONS");
    if (endpoint === "client-registration") return this.registration.answer(exchange, front);
    return this.login(exchange, front, endpoint);
  }

  private async metadata(front: Front): Promise<Reply> {
    const { settings, adapts } = this.parts;
    if (!adapts) return metadataReply((await this.server.document()).text);
    const { mode, metadata } = await this.modes.current(front);
    return metadataReply(adaptMetadata(metadata, mode, front, settings));
  }

  private async login(exchange: Exchange, front: Front, endpoint: Endpoint): Promise<Reply> {
    const { settings } = this.parts;
    const proxied = settings.profile.proxied !== undefined;
    // a provider whose endpoints are known and that is not relayed need not be asked
    const provider: Provider = proxied && settings.allows === undefined ? { mode: "plain", metadata: {} } : await this.modes.current(front);
    if (provider.mode !== "relay" && (endpoint === "callback" || !proxied)) throw new GatewayError("route_not_found");
    if (endpoint === "authorize") return authorize(exchange, front, provider, settings);
    if (endpoint === "callback") return relayResponse(exchange, front, provider, settings);
    return requestToken(exchange, front, provider, { settings, calls: this.calls });
  }
}
