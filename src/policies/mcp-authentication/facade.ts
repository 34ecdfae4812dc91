import { GatewayError } from "../../contract/errors.ts";
import type { Log } from "../../contract/runtime.ts";
import type { AuthorizationServer } from "./authorization-server.ts";
import type { Front } from "./front.ts";
import type { ProviderProfile } from "./providers.ts";
import type { RedirectUris } from "./redirect-uris.ts";
import { sendsIssuer, type ServerMetadata, trustedEndpoint } from "../../upstream/server-metadata.ts";

/** What the gateway needs to know to stand in front of an identity provider. */
export interface FacadeSettings {
  readonly profile: ProviderProfile;
  /** The provider's, a URL. */
  readonly issuer: string;
  readonly audience: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly allows: RedirectUris | undefined;
}

/**
 * How clients get past two checks: the metadata must name as issuer where it was found (RFC 8414 section 3.3), and the
 * `iss` of an authorization response must be that issuer (RFC 9207 section 2.4). docs/decisions/0010-oauth-facade.md
 *
 * - `plain`: the gateway is the issuer; the provider sends no `iss`.
 * - `relay`: the gateway is the issuer, and authorization responses pass through it, where `iss` becomes the gateway's.
 * - `direct`: clients are led to the provider itself.
 * - `mismatch`: `iss` cannot be right for clients that check it; the operator has to choose.
 */
export type FacadeMode = "plain" | "relay" | "direct" | "mismatch";

export function facadeMode(metadata: ServerMetadata, settings: FacadeSettings): FacadeMode {
  if (!sendsIssuer(metadata)) return "plain";
  if (settings.allows !== undefined) return "relay";
  const registers = typeof metadata["registration_endpoint"] === "string" || metadata["client_id_metadata_document_supported"] === true;
  return mayBeDirect(settings) && registers ? "direct" : "mismatch";
}

/** Whether clients can do without what the gateway does for them. */
export function mayBeDirect({ profile, clientId, allows }: FacadeSettings): boolean {
  return profile.worksDirectly && clientId === undefined && allows === undefined;
}

/** The mode as the provider's metadata has it now; notes in the log, once, when an operator has to do something. */
export class FacadeModes {
  private readonly settings: FacadeSettings;
  private readonly server: AuthorizationServer;
  private readonly log: Log;
  private noted: FacadeMode | undefined = undefined;

  constructor(settings: FacadeSettings, server: AuthorizationServer, log: Log) {
    this.settings = settings;
    this.server = server;
    this.log = log;
  }

  async current(front: Front): Promise<{ readonly mode: FacadeMode; readonly metadata: ServerMetadata }> {
    const { metadata } = await this.server.document();
    const mode = facadeMode(metadata, this.settings);
    if (mode !== this.noted) this.note(mode, front);
    return { mode, metadata };
  }

  private note(mode: FacadeMode, { callback }: Front): void {
    this.noted = mode;
    const { issuer } = this.settings;
    if (mode === "relay")
      this.log.info("login responses are relayed; the identity provider must allow this redirect URI", { issuer, callback });
    if (mode !== "mismatch") return;
    this.log.warn(
      "clients that check `iss` will refuse to log in: set mcpAuthentication.redirectUris, and allow this redirect URI at the identity provider",
      {
        issuer,
        callback,
      },
    );
  }
}

/**
 * The provider's metadata as the gateway publishes it under its own name.
 * @throws GatewayError `upstream_failed`, status 500 as in the reference, when an endpoint is missing or not to be trusted
 */
export function adaptMetadata(metadata: ServerMetadata, mode: FacadeMode, front: Front, settings: FacadeSettings): string {
  const { profile } = settings;
  const adapted: Record<string, unknown> = { ...metadata, issuer: front.issuer };
  if (registersAtGateway(metadata, settings)) adapted["registration_endpoint"] = front.registration;
  if (profile.wantsAudience) adapted["authorization_endpoint"] = authorizationEndpoint(metadata, settings);
  if (profile.proxied !== undefined || mode === "relay") {
    adapted["authorization_endpoint"] = front.authorize;
    adapted["token_endpoint"] = front.token;
  }
  if (profile.proxied !== undefined) adapted["code_challenge_methods_supported"] ??= ["S256"]; // Entra does, without saying so
  if (mode === "relay") {
    adapted["response_modes_supported"] = ["query"];
    for (const name of passingBy) delete adapted[name];
  }
  return JSON.stringify(adapted);
}

/** Ways to the provider on which it would not meet the gateway's redirect URI. */
const passingBy = [
  "client_id_metadata_document_supported",
  "pushed_authorization_request_endpoint",
  "require_pushed_authorization_requests",
  "mtls_endpoint_aliases",
];

function registersAtGateway(metadata: ServerMetadata, { profile, clientId, allows }: FacadeSettings): boolean {
  if (clientId !== undefined || profile.registersHere === "always") return true;
  if (typeof metadata["registration_endpoint"] !== "string") return false;
  return profile.registersHere === "wherever the provider does" || allows !== undefined;
}

/** Where people log in, the audience added where the provider wants it there. */
export function authorizationEndpoint(metadata: ServerMetadata, { profile, issuer, audience }: FacadeSettings): string {
  const endpoint = profile.proxied?.(issuer).authorization ?? requiredEndpoint(metadata, "authorization_endpoint", issuer);
  if (!profile.wantsAudience || audience === undefined) return endpoint;
  return `${endpoint}${endpoint.includes("?") ? "&" : "?"}audience=${audience.replace(/[^\w\-.~!$'()*,;:@/?]/gu, encodeURIComponent)}`;
}

export function tokenEndpoint(metadata: ServerMetadata, { profile, issuer }: FacadeSettings): string {
  return profile.proxied?.(issuer).token ?? requiredEndpoint(metadata, "token_endpoint", issuer);
}

export function requiredEndpoint(metadata: ServerMetadata, name: string, issuer: string): string {
  const endpoint = trustedEndpoint(metadata, name, issuer);
  if (endpoint !== undefined) return endpoint;
  const problem = metadata[name] === undefined ? "is missing" : "is neither https nor where the issuer is";
  throw new GatewayError("upstream_failed", { status: 500, detail: `the authorization server's ${name} ${problem}` });
}
