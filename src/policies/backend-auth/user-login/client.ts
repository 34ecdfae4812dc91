import { createHash } from "node:crypto";
import type { Clock } from "../../../base/clock.ts";
import { parseJsonObject } from "../../../base/json.ts";
import type { StateStore } from "../../../contract/stores.ts";
import type { FetchDocument } from "../../../upstream/fetch-document.ts";
import { isLoopback } from "../../../upstream/server-metadata.ts";
import { type AuthorizationServer, DiscoveryError } from "./authorization-server.ts";
import type { ClientCredentials, TokenAuthMethod } from "./token-endpoint.ts";

/** How the gateway presents itself to authorization servers. */
export interface ClientIdentity {
  /** Its public address. */
  readonly publicUrl: string;
  readonly redirectUri: string;
  /** Where its description is published: its id, where that is taken. */
  readonly documentUrl: string;
  /** Registered by hand. */
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
}

/** The description of the gateway as a client (RFC 7591 section 2), as it is published and as it is registered. */
export function describeClient({ publicUrl, redirectUri }: ClientIdentity): Readonly<Record<string, unknown>> {
  return {
    client_name: "Turnpike gateway",
    client_uri: publicUrl,
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    application_type: isLoopback(new URL(publicUrl).hostname) ? "native" : "web",
  };
}

export interface ClientsParts {
  readonly store: StateStore;
  readonly fetch: FetchDocument;
  readonly clock: Clock;
}

const kind = "mcp-login-client";
const deadlineMs = 10_000;
const maxBytes = 65_536;

/** Knows the gateway's credentials at each authorization server; one issuer's are never used at another. */
export class Clients {
  private readonly parts: ClientsParts;
  private readonly underWay = new Map<string, Promise<ClientCredentials>>();

  constructor(parts: ClientsParts) {
    this.parts = parts;
  }

  /**
   * Registered by hand, else by a description that the server reads, else registered by request, once.
   * @throws DiscoveryError when the server takes none of these
   */
  async at(server: AuthorizationServer, identity: ClientIdentity): Promise<ClientCredentials> {
    const { clientId, clientSecret, documentUrl } = identity;
    if (clientId !== undefined) {
      const method = clientSecret === undefined ? "none" : secretMethod(server.tokenAuthMethods);
      return { clientId, ...(clientSecret === undefined ? {} : { clientSecret }), method };
    }
    if (server.takesClientDocuments && isReadable(documentUrl, server.issuer)) {
      return { clientId: documentUrl, method: "none" };
    }
    return (await this.registered(server, identity)) ?? this.register(server, identity);
  }

  /** Forgets a registration that the server no longer knows. */
  async forget({ registration }: ClientCredentials): Promise<void> {
    if (registration !== undefined) await this.parts.store.delete(kind, registration);
  }

  private async registered({ issuer }: AuthorizationServer, identity: ClientIdentity): Promise<ClientCredentials | undefined> {
    const bytes = await this.parts.store.get(kind, rowOf(issuer, identity));
    const row = bytes === undefined ? undefined : parseJsonObject(bytes);
    if (row === undefined || Number(row["expiresAt"] ?? Number.POSITIVE_INFINITY) <= this.parts.clock.wall()) return undefined;
    return row["client"] as ClientCredentials; // authentic
  }

  private register(server: AuthorizationServer, identity: ClientIdentity): Promise<ClientCredentials> {
    const row = rowOf(server.issuer, identity);
    let registration = this.underWay.get(row);
    if (registration === undefined) {
      registration = this.request(server, identity).finally(() => this.underWay.delete(row));
      this.underWay.set(row, registration);
    }
    return registration;
  }

  /** RFC 7591 section 3. */
  private async request(server: AuthorizationServer, identity: ClientIdentity): Promise<ClientCredentials> {
    const { registrationEndpoint: url, issuer, tokenAuthMethods } = server;
    if (url === undefined) {
      throw new DiscoveryError(`the authorization server ${issuer} lets no client register itself: set userLogin.clientId`);
    }
    const wanted = tokenAuthMethods.includes("none") ? "none" : secretMethod(tokenAuthMethods);
    const body = JSON.stringify({ ...describeClient(identity), token_endpoint_auth_method: wanted });
    const headers = { "content-type": "application/json", accept: "application/json" };
    const answer = await this.parts.fetch({ url, method: "POST", headers, body, deadlineMs, maxBytes }).catch((cause: unknown) => {
      throw new DiscoveryError(`the authorization server ${issuer} could not be asked to register the gateway`, { cause });
    });
    const { client_id: clientId, client_secret: secret, ...rest } = parseJsonObject(Buffer.from(answer.text)) ?? {};
    if (answer.status >= 300 || typeof clientId !== "string" || clientId === "") {
      throw new DiscoveryError(
        `the authorization server ${issuer} refused to register the gateway (${answer.status}): set userLogin.clientId`,
      );
    }
    const clientSecret = typeof secret === "string" && secret !== "" ? secret : undefined;
    const given = rest["token_endpoint_auth_method"];
    const method = clientSecret === undefined ? "none" : isMethod(given) ? given : wanted === "none" ? "client_secret_basic" : wanted;
    const registration = rowOf(issuer, identity);
    const client: ClientCredentials = { clientId, ...(clientSecret === undefined ? {} : { clientSecret }), method, registration };
    const seconds = rest["client_secret_expires_at"];
    const expiresAt = clientSecret !== undefined && typeof seconds === "number" && seconds > 0 ? { expiresAt: seconds * 1000 } : {};
    await this.parts.store.set(kind, registration, Buffer.from(JSON.stringify({ issuer, client, ...expiresAt })));
    return client;
  }
}

/** A registration is for one issuer and one redirect URI. */
function rowOf(issuer: string, { redirectUri }: ClientIdentity): string {
  return createHash("sha256")
    .update(JSON.stringify([issuer, redirectUri]))
    .digest("base64url");
}

function secretMethod(supported: readonly string[]): TokenAuthMethod {
  return !supported.includes("client_secret_basic") && supported.includes("client_secret_post")
    ? "client_secret_post"
    : "client_secret_basic";
}

function isMethod(value: unknown): value is TokenAuthMethod {
  return value === "none" || value === "client_secret_basic" || value === "client_secret_post";
}

/** Whether the authorization server can read what is published here. */
function isReadable(documentUrl: string, issuer: string): boolean {
  const { protocol, hostname } = new URL(documentUrl);
  return isLoopback(hostname) ? isLoopback(new URL(issuer).hostname) : protocol === "https:";
}
