import { createHash, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { jwtVerify } from "jose";

/** What a token request said, once everything about its form was found right. */
export interface SeenTokenRequest {
  readonly path: string;
  readonly form: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** Who the client is and how it showed that; undefined when it showed nothing. */
  readonly client: string | undefined;
}

export interface ClientRegistration {
  readonly secret?: string;
  /** For assertions. */
  readonly key?: KeyObject;
  readonly method: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "none";
}

export interface ServerOptions {
  readonly clients?: Readonly<Record<string, ClientRegistration>>;
  /** Who assertions of clients must be for. */
  readonly audience?: string;
}

type Answer = object | string;
type Answering = (seen: SeenTokenRequest) => Answer | Promise<Answer>;

const grants: Readonly<Record<string, readonly string[]>> = {
  "urn:ietf:params:oauth:grant-type:token-exchange": ["subject_token", "subject_token_type"],
  "urn:ietf:params:oauth:grant-type:jwt-bearer": ["assertion"],
};

/**
 * An authorization server's token endpoint that reads a request as RFC 6749, 8693 and 7523 want it and refuses the rest:
 * media type, each parameter at most once (but `audience` and `resource`), one way of client authentication, assertions
 * that are signed, for it, fresh and used once.
 */
export class AuthorizationServer {
  readonly seen: SeenTokenRequest[] = [];
  /** Why requests were refused that were not as the RFCs want them. */
  readonly faults: string[] = [];
  /** The status of the next answers. */
  status = 200;
  answer: Answering = ({ form }) => ({
    access_token: `token-for-${form.get("subject_token") ?? form.get("assertion")}-${this.seen.length}`,
    token_type: "Bearer",
    issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
    expires_in: 3600,
  });
  private readonly options: ServerOptions;
  private readonly server: Server;
  private readonly usedAssertions = new Set<string>();

  constructor(options: ServerOptions = {}) {
    this.options = options;
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** `host:port`. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Parameters of the last request, those that may be repeated as lists. */
  get last(): SeenTokenRequest {
    const last = this.seen.at(-1);
    if (last === undefined) throw new Error(`no token request came; faults: ${this.faults.join(", ")}`);
    return last;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    let seen: SeenTokenRequest;
    try {
      seen = await this.checked(request, body);
    } catch (fault) {
      this.faults.push(String(fault));
      return reply(response, 400, { error: "invalid_request", error_description: String(fault) });
    }
    this.seen.push(seen);
    const answer = await this.answer(seen);
    reply(response, this.status, answer);
  }

  private async checked(request: IncomingMessage, body: string): Promise<SeenTokenRequest> {
    const { headers, method, url = "" } = request;
    if (method !== "POST") throw new Error(`method ${method}`);
    if (headers["content-type"] !== "application/x-www-form-urlencoded") throw new Error(`media type ${headers["content-type"]}`);
    if (headers.accept !== "application/json") throw new Error(`accepts ${headers.accept}`);
    const form = new URLSearchParams(body);
    for (const name of new Set(form.keys()))
      if (!["audience", "resource"].includes(name) && form.getAll(name).length > 1) throw new Error(`${name} twice`);
    const needed = grants[form.get("grant_type") ?? ""];
    if (needed === undefined) throw new Error(`grant ${form.get("grant_type")}`);
    for (const name of needed) if ((form.get(name) ?? "") === "") throw new Error(`no ${name}`);
    if (form.has("actor_token") !== form.has("actor_token_type")) throw new Error("actor_token and actor_token_type belong together");
    return { path: url, form, headers, client: await this.client(form, headers.authorization) };
  }

  private async client(form: URLSearchParams, authorization: string | undefined): Promise<string | undefined> {
    const ways = [authorization, form.get("client_secret"), form.get("client_assertion")].filter((way) => typeof way === "string");
    if (ways.length > 1) throw new Error("several ways of client authentication");
    if (authorization !== undefined) return this.basic(authorization);
    const id = form.get("client_id");
    if (form.has("client_assertion")) return this.assertion(form, id);
    if (id === null) return undefined;
    const registered = this.options.clients?.[id];
    const right = registered?.method === "none" ? !form.has("client_secret") : registered?.method === "client_secret_post";
    if (registered === undefined || !right || registered.secret !== (form.get("client_secret") ?? undefined))
      throw new Error("wrong client_secret");
    return `${id} by ${registered.method}`;
  }

  private basic(authorization: string): string {
    const [scheme, credentials = ""] = authorization.split(" ");
    if (scheme !== "Basic") throw new Error(`scheme ${scheme}`);
    const [id = "", secret = ""] = Buffer.from(credentials, "base64")
      .toString()
      .split(":")
      .map((part) => decodeURIComponent(part.replaceAll("+", " ")));
    const registered = this.options.clients?.[id];
    if (registered?.method !== "client_secret_basic" || registered.secret !== secret) throw new Error("wrong basic credentials");
    return `${id} by client_secret_basic`;
  }

  private async assertion(form: URLSearchParams, id: string | null): Promise<string> {
    if (form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") throw new Error("assertion type");
    const registered = this.options.clients?.[id ?? ""];
    if (registered?.key === undefined || id === null) throw new Error("unknown client");
    const options = { issuer: id, subject: id, audience: this.options.audience ?? "?", maxTokenAge: "1m" };
    const { payload } = await jwtVerify(form.get("client_assertion") ?? "", registered.key, options);
    if (typeof payload.jti !== "string" || this.usedAssertions.has(payload.jti)) throw new Error("assertion used before");
    this.usedAssertions.add(payload.jti);
    if (payload.nbf !== payload.iat || (payload.exp ?? 0) - (payload.iat ?? 0) !== 310) throw new Error("times of the assertion");
    return `${id} by private_key_jwt`;
  }
}

function reply(response: ServerResponse, status: number, answer: Answer): void {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(text);
}

/** base64url SHA-256, as in `x5t#S256`. */
export function thumbprint(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}
