import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Changes to what an honest pair would do. */
export interface UpstreamOptions {
  /** Seconds that access tokens are good for. */
  readonly expiresIn?: number;
  /** How clients get to be known. */
  readonly clients?: "document" | "registration" | { readonly clientId: string; readonly clientSecret: string };
  readonly sendsIssuer?: boolean;
  /** Last changes to the authorization server's metadata, and to the MCP server's description of itself. */
  readonly metadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
  readonly description?: (description: Record<string, unknown>) => Record<string, unknown>;
  /** Parameters of the authorization response. */
  readonly response?: (response: Record<string, string>) => Record<string, string>;
  /** In place of an answer of the token endpoint. */
  readonly tokenAnswer?: () => { readonly status: number; readonly text: string } | undefined;
  /** The refusal names no `resource_metadata`. */
  readonly bareChallenge?: boolean;
  /** What tokens are to be asked for; the MCP server's address when absent. */
  readonly resource?: string;
  /** Serves everybody. */
  readonly open?: boolean;
}

interface Grant {
  readonly account: string;
  readonly clientId: string;
  readonly scope: string;
  readonly family: string;
}

type Form = URLSearchParams;

/**
 * An MCP server and the authorization server it sends people to, which insist on everything that the specifications ask of
 * clients: PKCE, `resource`, exact redirect URIs, known clients, rotated refresh tokens whose second use ends the login.
 */
export class FakeUpstream {
  options: UpstreamOptions;
  /** Requests, `authorization GET /path`, and what was wrong with any. */
  readonly seen: string[] = [];
  readonly problems: string[] = [];
  /** Every secret that was ever issued. */
  readonly secrets: string[] = [];
  /** Tokens that came with calls, with whose they were. */
  readonly calls: { readonly account: string; readonly tool: string }[] = [];
  refreshes = 0;
  revoked = 0;
  /** Milliseconds added to the clock that tokens expire by. */
  skewMs = 0;
  /** The next refresh waits for this. */
  gate: Promise<void> | undefined;
  private readonly mcp: Server;
  private readonly auth: Server;
  private readonly clients = new Map<string, { readonly secret?: string; readonly redirectUris: readonly string[] }>();
  private readonly codes = new Map<string, Grant & { readonly challenge: string; readonly redirectUri: string }>();
  private readonly access = new Map<string, Grant & { readonly expiresAt: number }>();
  private readonly refresh = new Map<string, Grant & { used: boolean }>();
  private readonly endedFamilies = new Set<string>();

  constructor(options: UpstreamOptions = {}) {
    this.options = options;
    this.mcp = createServer((request, response) => void this.serve(request, response, "mcp"));
    this.auth = createServer((request, response) => void this.serve(request, response, "authorization"));
  }

  async start(): Promise<this> {
    await Promise.all([this.mcp, this.auth].map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
    return this;
  }

  get url(): string {
    return `${originOf(this.mcp)}/mcp`;
  }

  get issuer(): string {
    return `${originOf(this.auth)}/tenant`;
  }

  /** Ends all access tokens, as if their time were over. */
  expireAll(): void {
    this.access.clear();
  }

  close(): void {
    for (const server of [this.mcp, this.auth]) {
      server.close();
      server.closeAllConnections();
    }
  }

  private async serve(request: IncomingMessage, response: ServerResponse, which: "mcp" | "authorization"): Promise<void> {
    const url = new URL(request.url ?? "/", which === "mcp" ? originOf(this.mcp) : originOf(this.auth));
    this.seen.push(`${which} ${request.method} ${url.pathname}`);
    let body = "";
    for await (const chunk of request) body += String(chunk);
    if (which === "mcp") this.serveMcp(request, response, { url, body });
    else await this.serveAuthorization(request, response, { url, body });
  }

  private serveMcp(request: IncomingMessage, response: ServerResponse, { url, body }: { url: URL; body: string }): void {
    if (url.pathname === "/.well-known/oauth-protected-resource/mcp") {
      const description = { resource: this.url, authorization_servers: [this.issuer], scopes_supported: ["read"] };
      return json(response, 200, this.options.description?.(description) ?? description);
    }
    if (url.pathname !== "/mcp") return void response.writeHead(404).end();
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const grant = token === undefined ? undefined : this.access.get(token);
    const isGood = grant !== undefined && grant.expiresAt > Date.now() + this.skewMs && !this.endedFamilies.has(grant.family);
    if (!isGood && this.options.open !== true) {
      const metadata = `resource_metadata="${originOf(this.mcp)}/.well-known/oauth-protected-resource/mcp", `;
      const challenge = `Bearer ${this.options.bareChallenge === true ? "" : metadata}scope="read"`;
      return void response.writeHead(401, { "www-authenticate": challenge }).end("no");
    }
    if (request.method !== "POST") return void response.writeHead(405).end();
    const { id, method, params } = JSON.parse(body) as { id?: number; method: string; params?: { name?: string } };
    if (id === undefined) return void response.writeHead(202).end();
    const account = grant?.account ?? "nobody";
    if (method === "tools/call") {
      const tool = String(params?.name);
      if (tool === "write" && grant?.scope.split(" ").includes("write") !== true) {
        return void response.writeHead(403, { "www-authenticate": 'Bearer error="insufficient_scope", scope="write"' }).end("no");
      }
      this.calls.push({ account, tool });
      return json(response, 200, { jsonrpc: "2.0", id, result: { content: [{ type: "text", text: `I am ${account}` }] } });
    }
    const results: Record<string, unknown> = {
      initialize: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "fake", version: "1" } },
      "tools/list": { tools: ["whoami", "write"].map((name) => ({ name, inputSchema: { type: "object" } })) },
      ping: {},
    };
    const result = results[method];
    json(response, 200, { jsonrpc: "2.0", id, ...(result === undefined ? { error: { code: -32601, message: "unknown" } } : { result }) });
  }

  private async serveAuthorization(
    request: IncomingMessage,
    response: ServerResponse,
    { url, body }: { url: URL; body: string },
  ): Promise<void> {
    const form = new URLSearchParams(body);
    switch (`${request.method} ${url.pathname}`) {
      case "GET /.well-known/oauth-authorization-server/tenant":
        return json(response, 200, this.metadata());
      case "GET /tenant/authorize":
        return this.authorize(request, response, url.searchParams);
      case "POST /tenant/token":
        return this.token(request, response, form);
      case "POST /tenant/register":
        return this.register(response, body);
      case "POST /tenant/revoke":
        this.revoked += 1;
        for (const tokens of [this.refresh, this.access]) {
          const grant = tokens.get(form.get("token") ?? "");
          if (grant !== undefined) this.endedFamilies.add(grant.family);
        }
        return json(response, 200, {});
      default:
        response.writeHead(404).end();
    }
  }

  private metadata(): Record<string, unknown> {
    const { clients = "document", sendsIssuer = true } = this.options;
    const metadata = {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      revocation_endpoint: `${this.issuer}/revoke`,
      ...(clients === "registration" ? { registration_endpoint: `${this.issuer}/register` } : {}),
      client_id_metadata_document_supported: clients === "document",
      authorization_response_iss_parameter_supported: sendsIssuer,
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: clients === "document" ? ["none"] : ["client_secret_basic"],
      scopes_supported: ["read", "write", "offline_access"],
    };
    return this.options.metadata?.(metadata) ?? metadata;
  }

  private register(response: ServerResponse, body: string): void {
    const { redirect_uris: redirectUris, application_type: type } = JSON.parse(body) as {
      redirect_uris: string[];
      application_type: string;
    };
    this.check(redirectUris?.length === 1, "redirect_uris");
    this.check(type === "native" || type === "web", "application_type");
    const clientId = `registered-${randomBytes(4).toString("hex")}`;
    const secret = this.secret();
    this.clients.set(clientId, { secret, redirectUris });
    json(response, 201, { client_id: clientId, client_secret: secret, token_endpoint_auth_method: "client_secret_basic" });
  }

  /** Forgets all registered clients. */
  forgetClients(): void {
    this.clients.clear();
  }

  private async clientOf(clientId: string): Promise<{ readonly secret?: string; readonly redirectUris: readonly string[] } | undefined> {
    const { clients = "document" } = this.options;
    if (typeof clients === "object") {
      return clientId === clients.clientId ? { secret: clients.clientSecret, redirectUris: [] } : undefined;
    }
    if (clients === "registration") return this.clients.get(clientId);
    if (URL.parse(clientId) === null) return undefined;
    const document = (await (await fetch(clientId, { redirect: "error" })).json()) as { client_id: string; redirect_uris: string[] };
    return document.client_id === clientId ? { redirectUris: document.redirect_uris } : undefined;
  }

  private async authorize(request: IncomingMessage, response: ServerResponse, query: Form): Promise<void> {
    const clientId = query.get("client_id") ?? "";
    const redirectUri = query.get("redirect_uri") ?? "";
    const client = await this.clientOf(clientId);
    const isKnown = client !== undefined && (typeof this.options.clients === "object" || client.redirectUris.includes(redirectUri));
    const account = request.headers["x-account"];
    const challenge = query.get("code_challenge") ?? "";
    const isGood = [
      this.check(isKnown, "client or redirect uri"),
      this.check(query.get("response_type") === "code", "response_type"),
      this.check(query.get("code_challenge_method") === "S256" && challenge.length === 43, "PKCE"),
      this.check(query.get("resource") === (this.options.resource ?? this.url), "resource"),
      this.check((query.get("state") ?? "").length > 20, "state"),
      this.check(typeof account === "string", "account"),
      this.check(request.headers.referer === undefined, "a referrer"),
    ].every(Boolean);
    if (!isGood) return void response.writeHead(400).end("no");
    const code = this.secret();
    const grant = { account: String(account), clientId, scope: query.get("scope") ?? "", family: randomBytes(8).toString("hex") };
    this.codes.set(code, { ...grant, challenge, redirectUri });
    const { sendsIssuer = true } = this.options;
    const honest = { code, state: query.get("state") ?? "", ...(sendsIssuer ? { iss: this.issuer } : {}) };
    const parameters = this.options.response?.(honest) ?? honest;
    response.writeHead(302, { location: `${redirectUri}?${new URLSearchParams(parameters).toString()}` }).end();
  }

  private async token(request: IncomingMessage, response: ServerResponse, form: Form): Promise<void> {
    if (form.get("grant_type") === "refresh_token") {
      this.refreshes += 1;
      await this.gate;
    }
    const instead = this.options.tokenAnswer?.();
    if (instead !== undefined) return void response.writeHead(instead.status, { "content-type": "application/json" }).end(instead.text);
    const clientId = await this.authenticate(request, form);
    if (clientId === undefined) return json(response, 401, { error: "invalid_client" });
    if (!this.check(form.get("resource") === (this.options.resource ?? this.url), "resource at the token endpoint"))
      return json(response, 400, { error: "invalid_target" });
    const grant = form.get("grant_type") === "refresh_token" ? this.rotate(form, clientId) : this.redeem(form, clientId);
    if (grant === undefined) return json(response, 400, { error: "invalid_grant" });
    const { expiresIn = 3600 } = this.options;
    const [accessToken, refreshToken] = [this.secret(), this.secret()];
    this.access.set(accessToken, { ...grant, expiresAt: Date.now() + expiresIn * 1000 });
    this.refresh.set(refreshToken, { ...grant, used: false });
    json(response, 200, {
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: "Bearer",
      expires_in: expiresIn,
      scope: grant.scope,
    });
  }

  private async authenticate(request: IncomingMessage, form: Form): Promise<string | undefined> {
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const pair = basic === undefined ? [] : Buffer.from(basic, "base64").toString().split(":");
    // RFC 6749 section 2.3.1: form-encoded
    const [id = form.get("client_id") ?? "", given] = pair.map((half) => decodeURIComponent(half.replaceAll("+", " ")));
    const client = await this.clientOf(id);
    return client !== undefined && client.secret === given ? id : undefined;
  }

  private redeem(form: Form, clientId: string): Grant | undefined {
    const code = form.get("code") ?? "";
    const grant = this.codes.get(code);
    this.codes.delete(code);
    const digest = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isGood =
      this.check(grant !== undefined, "code") &&
      this.check(grant?.clientId === clientId, "client of the code") &&
      this.check(grant?.redirectUri === form.get("redirect_uri"), "redirect_uri") &&
      this.check(grant?.challenge === digest, "code_verifier");
    return isGood ? grant : undefined;
  }

  private rotate(form: Form, clientId: string): Grant | undefined {
    const grant = this.refresh.get(form.get("refresh_token") ?? "");
    if (grant === undefined || grant.clientId !== clientId || this.endedFamilies.has(grant.family)) return undefined;
    if (!this.check(!grant.used, "a refresh token was used twice")) {
      this.endedFamilies.add(grant.family);
      return undefined;
    }
    grant.used = true;
    return grant;
  }

  /** Ends every login. */
  endAll(): void {
    for (const { family } of this.refresh.values()) this.endedFamilies.add(family);
  }

  private secret(): string {
    const secret = `s3cret-${randomBytes(18).toString("base64url")}`;
    this.secrets.push(secret);
    return secret;
  }

  private check(isGood: boolean, what: string): boolean {
    if (!isGood) this.problems.push(what);
    return isGood;
  }
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
