/** Where Entra serves a tenant's endpoints; its metadata is not asked for them. */
export interface TenantEndpoints {
  readonly metadata: string;
  readonly authorization: string;
  readonly token: string;
  readonly keys: string;
}

/**
 * What is particular to an identity provider. Issuers are URLs, checked at load. A product is asked for its ways here and
 * nowhere else is it known by name.
 */
export interface ProviderProfile {
  readonly metadataUrl: (issuer: string) => string;
  readonly keysUrl: (issuer: string) => string;
  /**
   * Where clients are registered (RFC 7591): a URL, undefined for the endpoint that the metadata names.
   * @throws Error that says why there is none
   */
  readonly registrationUrl: (issuer: string) => string | undefined;
  /** Whether the metadata of the gateway names its own registration endpoint, given what the provider's metadata says. */
  readonly registersHere: "always" | "wherever the provider does" | "never";
  /** It ignores `resource` (RFC 8707) and wants the audience as a parameter of its own. */
  readonly wantsAudience: boolean;
  /**
   * Authorization and token requests go through the gateway, because `resource` must be taken out of them: then the fixed
   * endpoints they go to.
   */
  readonly proxied: ((issuer: string) => TenantEndpoints) | undefined;
  /** Clients get along with the provider itself, without the gateway's adaptations. */
  readonly worksDirectly: boolean;
  /** A scope as it stands in tokens, where that is not how it is requested. */
  readonly scopeInToken: (scope: string) => string;
}

const withoutSlash = (issuer: string): string => issuer.replace(/\/+$/, "");

/** RFC 8414 section 3.1: the well-known part goes between host and path, less a slash at its end. */
function oauthMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, "")}`;
}

/** OpenID Connect Discovery 1.0 section 4: the well-known part comes last. */
const openidMetadataUrl = (issuer: string): string => `${withoutSlash(issuer)}/.well-known/openid-configuration`;

/** An authorization server that keeps to the standards. */
const standard: ProviderProfile = {
  metadataUrl: oauthMetadataUrl,
  keysUrl: (issuer) => `${withoutSlash(issuer)}/.well-known/jwks.json`,
  registrationUrl: () => undefined,
  registersHere: "never",
  wantsAudience: false,
  proxied: undefined,
  worksDirectly: true,
  scopeInToken: (scope) => scope,
};

const auth0: ProviderProfile = { ...standard, wantsAudience: true, worksDirectly: false };

/** Its registration endpoint lacks CORS, so browsers register through the gateway. */
const keycloak: ProviderProfile = {
  ...standard,
  metadataUrl: openidMetadataUrl,
  keysUrl: (issuer) => `${withoutSlash(issuer)}/protocol/openid-connect/certs`,
  registrationUrl: (issuer) => `${withoutSlash(issuer)}/clients-registrations/openid-connect`,
  registersHere: "wherever the provider does",
};

/** Registers clients for the whole organisation, whatever the authorization server. */
const okta: ProviderProfile = {
  ...standard,
  metadataUrl: openidMetadataUrl,
  registrationUrl: (issuer) => `${new URL(issuer).origin}/oauth2/v1/clients`,
  registersHere: "wherever the provider does",
  wantsAudience: true,
  worksDirectly: false,
};

const descope: ProviderProfile = {
  ...standard,
  metadataUrl: openidMetadataUrl,
  keysUrl: (issuer) => {
    const agentic = agenticIssuer(issuer);
    return agentic === undefined ? standard.keysUrl(issuer) : `${agentic.origin}/${agentic.project}/.well-known/jwks.json`;
  },
  registrationUrl: (issuer) => {
    const agentic = agenticIssuer(issuer);
    if (agentic !== undefined) return `${agentic.origin}/v1/mgmt/mcp/client/${agentic.project}/${agentic.server}/register`;
    throw new Error("Descope registers clients only for an agentic issuer, .../v1/apps/agentic/<project>/<server>");
  },
  registersHere: "wherever the provider does",
};

const authentik: ProviderProfile = {
  ...standard,
  metadataUrl: openidMetadataUrl,
  keysUrl: (issuer) => `${withoutSlash(issuer)}/jwks/`,
  registrationUrl: () => {
    throw new Error("authentik does not register clients; set `clientId` to a client that exists there");
  },
  registersHere: "always",
  worksDirectly: false,
};

/** Refuses requests with `resource` (AADSTS9010010). Its tokens name scopes without the application's URI before them. */
const entra: ProviderProfile = {
  ...standard,
  metadataUrl: (issuer) => entraEndpoints(issuer).metadata,
  keysUrl: (issuer) => entraEndpoints(issuer).keys,
  registrationUrl: () => {
    throw new Error("Entra ID does not register clients; set `clientId` to an app registration");
  },
  registersHere: "always",
  proxied: entraEndpoints,
  worksDirectly: false,
  scopeInToken: (scope) => scope.slice(scope.lastIndexOf("/") + 1),
};

/** By the key under `provider`. */
export const providers = { auth0, keycloak, okta, descope, authentik, entra } as const;

export type ProviderName = keyof typeof providers;

export function profileOf(name: ProviderName | undefined): ProviderProfile {
  return name === undefined ? standard : providers[name];
}

/** `https://api.descope.com/v1/apps/agentic/<project>/<server>`. */
function agenticIssuer(issuer: string): { origin: string; project: string; server: string } | undefined {
  const { origin, pathname } = new URL(issuer);
  const [, project, server] = /^\/v1\/apps\/agentic\/([^/]+)\/([^/]+)/.exec(pathname) ?? [];
  return project === undefined || server === undefined ? undefined : { origin, project, server };
}

/**
 * Issuers are `https://login.microsoftonline.com/<tenant>/v2.0` or, for tokens of version 1, `https://sts.windows.net/<tenant>/`;
 * people log in at the former host whichever it is. Sovereign clouds have hosts of their own.
 * @throws Error when no tenant is named
 */
function entraEndpoints(issuer: string): TenantEndpoints {
  const { origin, hostname, pathname } = new URL(issuer);
  const tenant = pathname.split("/").find((segment) => segment !== "");
  if (tenant === undefined) throw new Error("an Entra issuer names a tenant: https://login.microsoftonline.com/<tenant>/v2.0");
  const base = `${hostname === "sts.windows.net" ? "https://login.microsoftonline.com" : origin}/${tenant}`;
  return {
    metadata: `${base}/v2.0/.well-known/openid-configuration`,
    authorization: `${base}/oauth2/v2.0/authorize`,
    token: `${base}/oauth2/v2.0/token`,
    keys: `${base}/discovery/v2.0/keys`,
  };
}
