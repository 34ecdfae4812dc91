import type { Clock } from "../../../base/clock.ts";
import type { JsonObject } from "../../../base/json.ts";
import { RecentMap } from "../../../base/recent-map.ts";
import type { FetchDocument } from "../../../upstream/fetch-document.ts";
import { isLoopback, parseServerMetadata, sendsIssuer, trustedEndpoint } from "../../../upstream/server-metadata.ts";
import { isScope } from "./challenge.ts";

/** An authorization server, as far as its metadata could be believed. */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly registrationEndpoint: string | undefined;
  readonly revocationEndpoint: string | undefined;
  /** It names itself in every authorization response (RFC 9207). */
  readonly sendsIssuer: boolean;
  /** It reads a client's description at the URL that is the client's id. */
  readonly takesClientDocuments: boolean;
  readonly tokenAuthMethods: readonly string[];
  /** It has a scope for refresh tokens. */
  readonly hasOfflineAccess: boolean;
}

/** Where to log in for a server. */
export interface Discovered {
  /** The server's name for itself (RFC 8707), which tokens are asked for. */
  readonly resource: string;
  readonly server: AuthorizationServer;
  /** What it says it needs. */
  readonly scope: string | undefined;
}

export interface DiscoveryRequest {
  /** The server's URL. */
  readonly url: string;
  /** Where its refusal said that it describes itself. */
  readonly resourceMetadata: string | undefined;
  /** The only issuer that the operator allows. */
  readonly issuer: string | undefined;
}

/** Why there is no way to log in; the text is for people, and quotes nothing that a server said but URLs. */
export class DiscoveryError extends Error {}

const deadlineMs = 5_000;
const maxBytes = 262_144;
/** Milliseconds that metadata is used for without asking again, and servers whose is kept. */
const lifetimeMs = 300_000;
const maxKept = 256;

/**
 * Finds out where to log in for a server (MCP's authorization specification, "Authorization Server Discovery"). Whatever is
 * read comes from servers that may mean harm, so it leads only to https, or, from servers on this machine, to this machine,
 * and redirects are not followed.
 */
export class Discovery {
  private readonly fetch: FetchDocument;
  private readonly clock: Clock;
  private readonly kept = new RecentMap<string, { readonly until: number; readonly server: Promise<AuthorizationServer> }>(maxKept);

  constructor(fetch: FetchDocument, clock: Clock) {
    this.fetch = fetch;
    this.clock = clock;
  }

  /** @throws DiscoveryError */
  async discover(request: DiscoveryRequest): Promise<Discovered> {
    const { url, issuer } = request;
    const described = await this.describe(request);
    if (described === undefined) return { resource: resourceOf(url), server: await this.undescribed(url, issuer), scope: undefined };
    const { authorization_servers: servers, scopes_supported: scopes } = described;
    const named = Array.isArray(servers) ? servers.filter((one) => typeof one === "string") : [];
    const chosen = issuer ?? named[0];
    if (chosen === undefined) throw new DiscoveryError(`${url} names no authorization server`);
    if (issuer !== undefined && named.length > 0 && !named.includes(issuer)) {
      throw new DiscoveryError(`${url} does not name the configured issuer ${issuer} as its authorization server`);
    }
    const scope = Array.isArray(scopes) ? scopes.filter((one) => typeof one === "string" && isScope(one)).join(" ") : "";
    const server = issuer === undefined ? await this.named(chosen, url) : await this.server(issuer, true);
    return { resource: described["resource"] as string, server, scope: scope === "" ? undefined : scope };
  }

  /**
   * The authorization server of an issuer.
   * @param configured the operator named it: it may do PKCE without saying so
   * @throws DiscoveryError
   */
  server(issuer: string, configured: boolean): Promise<AuthorizationServer> {
    const key = `${configured ? "configured" : "named"} ${issuer}`;
    const known = this.kept.get(key);
    if (known !== undefined && this.clock.monotonic() < known.until) return known.server;
    const server = this.readServer(issuer, configured);
    this.kept.set(key, { until: this.clock.monotonic() + lifetimeMs, server });
    server.catch(() => this.kept.delete(key));
    return server;
  }

  /** The server's description of itself: where its refusal says, below its path, below its root; the first that fits. */
  private async describe({ url, resourceMetadata }: DiscoveryRequest): Promise<JsonObject | undefined> {
    const { origin, pathname } = new URL(url);
    const path = pathname === "/" ? "" : pathname;
    const places = [resourceMetadata === undefined ? undefined : trusted(resourceMetadata, url), ...protectedResource(origin, path)];
    for (const place of new Set(places)) {
      const document = place === undefined ? undefined : await this.read(place);
      if (document !== undefined && covers(document["resource"], url)) return document;
    }
    return undefined;
  }

  /** A server that does not describe itself: of old, it is its own authorization server (specification 2025-03-26). */
  private async undescribed(url: string, issuer: string | undefined): Promise<AuthorizationServer> {
    if (issuer !== undefined) return this.server(issuer, true);
    const { origin } = new URL(url);
    try {
      return await this.named(origin, url);
    } catch (cause) {
      throw new DiscoveryError(`${url} wants a login and does not say where`, { cause });
    }
  }

  private async named(issuer: string, url: string): Promise<AuthorizationServer> {
    if (trusted(issuer, url) === undefined || !isSecure(issuer)) {
      throw new DiscoveryError(`${url} names the authorization server ${shown(issuer)}, which is not one to be trusted`);
    }
    return this.server(issuer, false);
  }

  private async readServer(issuer: string, configured: boolean): Promise<AuthorizationServer> {
    for (const place of metadataPlaces(issuer)) {
      const metadata = await this.read(place);
      if (metadata === undefined) continue;
      if (metadata["issuer"] !== issuer) throw new DiscoveryError(`the metadata of ${shown(issuer)} is another issuer's`);
      return understand(metadata, issuer, configured);
    }
    throw new DiscoveryError(`the metadata of the authorization server ${shown(issuer)} cannot be read`);
  }

  private async read(url: string): Promise<JsonObject | undefined> {
    try {
      const { status, text } = await this.fetch({ url, headers: { accept: "application/json" }, deadlineMs, maxBytes });
      return status === 200 ? parseServerMetadata(text) : undefined;
    } catch {
      return undefined; // the next place may have it
    }
  }
}

/** RFC 9728 section 3.1. */
function protectedResource(origin: string, path: string): string[] {
  const root = `${origin}/.well-known/oauth-protected-resource`;
  return path === "" ? [root] : [root + path, root];
}

/** RFC 8414 section 3.1, and OpenID Connect Discovery with its own idea of where. */
function metadataPlaces(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const [oauth, openid] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
  return [...new Set([origin + oauth + path, origin + openid + path, origin + path + openid])];
}

function understand(metadata: JsonObject, issuer: string, configured: boolean): AuthorizationServer {
  const endpoint = (name: string): string | undefined => {
    const value = trustedEndpoint(metadata, name, issuer);
    return value !== undefined && (isSecure(value) || configured) ? value : undefined;
  };
  const required = (name: string): string => {
    const value = endpoint(name);
    if (value === undefined) throw new DiscoveryError(`the ${name} of ${shown(issuer)} is missing, or not one to be trusted`);
    return value;
  };
  const challenges = metadata["code_challenge_methods_supported"];
  if (!(Array.isArray(challenges) ? challenges.includes("S256") : configured)) {
    throw new DiscoveryError(`the authorization server ${shown(issuer)} does not support PKCE`);
  }
  const methods = metadata["token_endpoint_auth_methods_supported"];
  const scopes = metadata["scopes_supported"];
  return {
    issuer,
    authorizationEndpoint: required("authorization_endpoint"),
    tokenEndpoint: required("token_endpoint"),
    registrationEndpoint: endpoint("registration_endpoint"),
    revocationEndpoint: endpoint("revocation_endpoint"),
    sendsIssuer: sendsIssuer(metadata),
    takesClientDocuments: metadata["client_id_metadata_document_supported"] === true,
    // RFC 8414 section 2: this one when there is none
    tokenAuthMethods: Array.isArray(methods) ? methods.filter((one) => typeof one === "string") : ["client_secret_basic"],
    hasOfflineAccess: Array.isArray(scopes) && scopes.includes("offline_access"),
  };
}

/** The URL, if a server at `base` may send us there. */
function trusted(url: string, base: string): string | undefined {
  return trustedEndpoint({ url }, "url", base);
}

/** https, or this machine. */
function isSecure(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)));
}

/** Whether a description is about this server: its own address, or one that it is below. */
function covers(resource: unknown, url: string): boolean {
  const named = typeof resource === "string" ? URL.parse(resource) : null;
  const asked = new URL(url);
  if (named === null || named.hash !== "" || named.origin !== asked.origin) return false;
  const path = named.pathname.endsWith("/") ? named.pathname : `${named.pathname}/`;
  return `${asked.pathname}/`.startsWith(path);
}

/** As RFC 8707 wants it: no fragment, and no slash that nobody wrote. */
function resourceOf(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return origin + (pathname === "/" ? "" : pathname) + search;
}

/** Of a URL that somebody else wrote, what can be shown to people. */
function shown(text: string): string {
  const url = URL.parse(text);
  return url === null ? "with no proper URL" : (url.origin + url.pathname).slice(0, 200);
}
