import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { testIssuer } from "../tokens.ts";

/** Where a product has its endpoints, below the origin. */
export interface Paths {
  readonly issuer: string;
  readonly metadata: string;
  readonly keys: string;
  readonly authorize: string;
  readonly token: string;
  /** Undefined = it registers no clients. */
  readonly register: string | undefined;
}

export interface ProviderOptions {
  readonly paths: Paths;
  /** Names itself in authorization responses: RFC 9207. */
  readonly sendsIssuer?: boolean;
  /** What decides on the audience of tokens. */
  readonly audience: "resource" | "audience parameter" | { readonly fixed: string };
  /** Fails where `resource` is sent, as Entra does. */
  readonly refusesResource?: boolean;
  /** Clients that exist: redirect URIs and, for a confidential one, its secret. */
  readonly clients?: Readonly<Record<string, { readonly redirectUris: readonly string[]; readonly secret?: string }>>;
  /** The claim that holds scopes. */
  readonly scopeClaim?: "scope" | "scp";
}

interface Client {
  readonly redirectUris: readonly string[];
  readonly secret?: string;
}

interface Grant {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly scope: string;
  readonly audience: string;
}

/**
 * An OAuth 2.1 authorization server whose users agree to everything at once: authorization code with PKCE, registration,
 * refresh, key set. It checks what a real one checks, so that a login that passes here is a correct one.
 */
export class FakeIdentityProvider {
  readonly options: ProviderOptions;
  /** `METHOD path` of all requests. */
  readonly requests: string[] = [];
  /** Parameters of token requests. */
  readonly tokenRequests: URLSearchParams[] = [];
  readonly registrations: Record<string, unknown>[] = [];
  private readonly signer = testIssuer("idp");
  private readonly clients = new Map<string, Client>();
  private readonly codes = new Map<string, Grant>();
  private readonly refreshTokens = new Map<string, Grant>();
  private readonly server = createServer((request, response) => void this.serve(request, response));

  constructor(options: ProviderOptions) {
    this.options = options;
    for (const [id, client] of Object.entries(options.clients ?? {})) this.clients.set(id, client);
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get issuer(): string {
    return this.origin + this.options.paths.issuer;
  }

  /** Lets a client that exists use one more redirect URI, as an operator does in the product's console. */
  allow(clientId: string, redirectUri: string): void {
    const client = this.clients.get(clientId);
    if (client !== undefined) this.clients.set(clientId, { ...client, redirectUris: [...client.redirectUris, redirectUri] });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.origin);
    this.requests.push(`${request.method} ${url.pathname}`);
    const { paths } = this.options;
    let body = "";
    for await (const chunk of request) body += String(chunk);
    switch (`${request.method} ${url.pathname}`) {
      case `GET ${paths.metadata}`:
        return json(response, 200, this.metadata());
      case `GET ${paths.keys}`:
        return json(response, 200, JSON.parse(this.signer.jwks));
      case `GET ${paths.authorize}`:
        return this.authorize(url.searchParams, response);
      case `POST ${paths.token}`:
        return this.token(new URLSearchParams(body), response);
      case `POST ${paths.register}`:
        return this.register(JSON.parse(body) as Record<string, unknown>, response);
      default:
        return json(response, 404, { error: "not found" });
    }
  }

  private metadata(): Record<string, unknown> {
    const { paths, sendsIssuer } = this.options;
    return {
      issuer: this.issuer,
      authorization_endpoint: this.origin + paths.authorize,
      token_endpoint: this.origin + paths.token,
      jwks_uri: this.origin + paths.keys,
      ...(paths.register === undefined ? {} : { registration_endpoint: this.origin + paths.register }),
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
      token_endpoint_auth_methods_supported: ["none", "client_secret_post"],
      ...(this.options.refusesResource === true ? {} : { code_challenge_methods_supported: ["S256"] }),
      ...(sendsIssuer === true ? { authorization_response_iss_parameter_supported: true } : {}),
    };
  }

  private register(wanted: Record<string, unknown>, response: ServerResponse): void {
    this.registrations.push(wanted);
    const clientId = randomUUID();
    const redirectUris = wanted["redirect_uris"] as string[];
    this.clients.set(clientId, { redirectUris });
    json(response, 201, { ...wanted, client_id: clientId, redirect_uris: redirectUris });
  }

  private authorize(query: URLSearchParams, response: ServerResponse): void {
    const client = this.clients.get(query.get("client_id") ?? "");
    const redirectUri = query.get("redirect_uri") ?? "";
    if (client === undefined || !client.redirectUris.includes(redirectUri))
      return json(response, 400, { error: "unknown client or redirect_uri" });
    if (query.get("response_type") !== "code" || query.get("code_challenge_method") !== "S256")
      return json(response, 400, { error: "no PKCE" });
    if (this.options.refusesResource === true && query.has("resource")) return json(response, 400, { error: "AADSTS9010010" });
    const code = randomUUID();
    this.codes.set(code, {
      clientId: query.get("client_id") ?? "",
      redirectUri,
      challenge: query.get("code_challenge") ?? "",
      scope: query.get("scope") ?? "",
      audience: this.audienceOf(query),
    });
    const back = new URL(redirectUri);
    back.searchParams.set("code", code);
    const state = query.get("state");
    if (state !== null) back.searchParams.set("state", state);
    if (this.options.sendsIssuer === true) back.searchParams.set("iss", this.issuer);
    response.writeHead(302, { location: back.href }).end();
  }

  private audienceOf(query: URLSearchParams): string {
    const { audience } = this.options;
    if (typeof audience === "object") return audience.fixed;
    return query.get(audience === "resource" ? "resource" : "audience") ?? "nobody";
  }

  private token(form: URLSearchParams, response: ServerResponse): void {
    this.tokenRequests.push(form);
    if (this.options.refusesResource === true && form.has("resource")) return json(response, 400, { error: "AADSTS9010010" });
    const { secret } = this.clients.get(form.get("client_id") ?? "") ?? {};
    if (secret !== undefined && form.get("client_secret") !== secret) return json(response, 401, { error: "invalid_client" });
    const grant = this.redeem(form);
    if (grant === undefined || grant.clientId !== form.get("client_id")) return json(response, 400, { error: "invalid_grant" });
    const refreshToken = randomUUID();
    this.refreshTokens.set(refreshToken, grant);
    const claims = {
      iss: this.issuer,
      aud: grant.audience,
      sub: "alice",
      exp: Math.floor(Date.now() / 1000) + 300,
      [this.options.scopeClaim ?? "scope"]: grant.scope,
    };
    const tokens = {
      access_token: this.signer.token(claims),
      token_type: "Bearer",
      expires_in: 300,
      refresh_token: refreshToken,
      scope: grant.scope,
    };
    json(response, 200, tokens);
  }

  /** A code is good once, for the redirect URI it went to and whoever began the login (RFC 7636). */
  private redeem(form: URLSearchParams): Grant | undefined {
    if (form.get("grant_type") === "refresh_token") return this.refreshTokens.get(form.get("refresh_token") ?? "");
    const code = form.get("code") ?? "";
    const grant = this.codes.get(code);
    this.codes.delete(code);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    return grant?.challenge === challenge && grant.redirectUri === form.get("redirect_uri") ? grant : undefined;
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
