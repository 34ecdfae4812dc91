import { createHash } from "node:crypto";
import type { FileOrInline } from "../../../contract/config/files.ts";
import { GatewayError } from "../../../contract/errors.ts";
import type { Outgoing } from "../../../contract/outgoing.ts";
import type { BackendPolicy } from "../../../contract/policy.ts";
import { loginOwnerOf } from "../../../contract/principal.ts";
import { isReplyStream, type Reply } from "../../../contract/reply.ts";
import type { CompileContext } from "../../../contract/runtime.ts";
import { baseOf, Browser, loginLifetimeMs, pagesPath, scopeText } from "./browser.ts";
import { type Challenge, readChallenge, unionOfScopes } from "./challenge.ts";
import type { ClientIdentity } from "./client.ts";
import type { UserLoginConfig } from "./config.ts";
import { acquireOffice, type LoginOffice } from "./office.ts";
import { type Login, type LoginPlace, placeOf } from "./vault.ts";

/**
 * Gives each request the token that its caller got by logging in at the server (MCP's authorization specification, the
 * client's half). A caller who has not is asked to: docs/decisions/0020-user-logins.md
 */
export function userLogin(config: UserLoginConfig, readSecret: (secret: FileOrInline) => string, context: CompileContext): BackendPolicy {
  const { destination } = context;
  if (destination === undefined) throw new Error("userLogin needs one server to log in at");
  const office = acquireOffice(context);
  const scope = scopeText(config.scopes);
  const { issuer } = config;
  const identity = identityOf(config, readSecret);
  const id = shortDigest(JSON.stringify([identity.publicUrl, config.clientId, issuer, scope]));
  const browser = new Browser({ id, identity, issuer, scope, office, log: context.log });
  const { pathname } = new URL(identity.publicUrl);
  // a proxy in front may take the path of the public URL away, or not
  for (const prefix of new Set([pagesPath, pathname.replace(/\/+$/, "") + pagesPath])) {
    context.pages(prefix, (exchange, rest) => browser.answer(exchange, rest));
  }
  context.needsCaller();
  if (!context.stores.secrets.durable) {
    context.warn("logins are forgotten when the process ends: set `config.state.file` and `config.state.key` to keep them");
  }
  const logins = new UserLogins({ destination, office, browser, issuer, scope });
  return (outgoing, next) => logins.send(outgoing, next);
}

function identityOf(config: UserLoginConfig, readSecret: (secret: FileOrInline) => string): ClientIdentity {
  const { publicUrl, clientId, clientSecret } = config;
  const base = baseOf({ publicUrl });
  return {
    publicUrl,
    redirectUri: `${base}callback`,
    // one gateway may have several public URLs, each a client of its own
    documentUrl: `${base}client/${shortDigest(publicUrl)}`,
    clientId,
    clientSecret: clientSecret === undefined ? undefined : readSecret(clientSecret),
  };
}

interface UserLoginParts {
  /** Where requests go. */
  readonly destination: string;
  readonly office: LoginOffice;
  readonly browser: Browser;
  readonly issuer: string | undefined;
  readonly scope: string | undefined;
}

class UserLogins {
  private readonly parts: UserLoginParts;

  constructor(parts: UserLoginParts) {
    this.parts = parts;
  }

  async send(outgoing: Outgoing, next: Next): Promise<Reply> {
    // a client that read how to log in at the server would do so itself
    if (outgoing.head.path.startsWith("/.well-known/oauth-")) throw new GatewayError("route_not_found");
    const owner = loginOwnerOf(outgoing.exchange.identity);
    if (owner === undefined) throw new GatewayError("login_needs_caller");
    outgoing.head.headers.remove("authorization"); // the gateway's credentials are no business of the server
    const place = placeOf(owner, serverAt(this.parts.destination, outgoing));
    const login = await this.current(place);
    return login === undefined ? this.sendWithout(outgoing, next, place) : this.sendWith(outgoing, next, login);
  }

  private async current({ key }: LoginPlace): Promise<Login | undefined> {
    const { office, issuer } = this.parts;
    const login = await office.renewal.current(key).catch(refuseForNow);
    return login !== undefined && (issuer === undefined || login.issuer === issuer) ? login : undefined;
  }

  /** Asks for a login only where the server wants one. */
  private async sendWithout(outgoing: Outgoing, next: Next, place: LoginPlace): Promise<Reply> {
    const { office, issuer } = this.parts;
    const known = office.learnt(place.server) ?? (issuer === undefined ? undefined : {});
    if (known !== undefined) throw await this.request(place, known);
    const reply = await next(outgoing);
    if (reply.status !== 401) return reply;
    const challenge = challengeOf(reply);
    letGo(reply);
    office.learn(place.server, challenge);
    throw await this.request(place, challenge);
  }

  private async sendWith(outgoing: Outgoing, next: Next, login: Login): Promise<Reply> {
    const { office } = this.parts;
    const reply = await next(withToken(outgoing, login));
    if (reply.status === 403) return this.stepUp(reply, login);
    if (reply.status !== 401) return reply;
    const challenge = challengeOf(reply);
    letGo(reply);
    const renewed = await office.renewal.renew(login).catch(refuseForNow);
    if (renewed !== undefined) {
      if (!isRepeatable(outgoing)) throw new GatewayError("upstream_login_failed", { detail: "it is now; send the request again" });
      const again = await next(withToken(outgoing, renewed));
      if (again.status === 403) return this.stepUp(again, renewed);
      if (again.status !== 401) return again;
      letGo(again);
      await office.vault.renounce(renewed.key, renewed.accessToken);
    }
    throw await this.request(login, challenge);
  }

  /** A token that lacks scopes: a login with those it has and those it lacks (RFC 6750 section 3.1). */
  private async stepUp(reply: Reply, login: Login): Promise<Reply> {
    const challenge = challengeOf(reply);
    if (challenge.error !== "insufficient_scope" || challenge.scope === undefined) return reply;
    letGo(reply);
    throw await this.request(login, challenge, unionOfScopes(login.scope, challenge.scope));
  }

  private async request(place: LoginPlace, challenge: Challenge, scope = this.parts.scope ?? challenge.scope): Promise<GatewayError> {
    const { office, browser } = this.parts;
    const { key, who, server } = place;
    await office.vault.ask({ key, who, server }, office.clock.wall() + loginLifetimeMs);
    const { url, nonce } = await browser.link({ key, who, server, scope, resourceMetadata: challenge.resourceMetadata });
    const message = `To use ${server}, ${who} has to log in there with a browser.`;
    return new GatewayError("upstream_login_required", {
      detail: server,
      login: { url, message, elicitationId: nonce },
      body: { contentType: "application/json", text: JSON.stringify({ error: "login_required", message, url }) },
    });
  }
}

type Next = (outgoing: Outgoing) => Promise<Reply>;

/** The address of the server that a login is for: an MCP server's own, or the host of any other. Never what a client says. */
function serverAt(destination: string, { backend }: Outgoing): string {
  const { pathname } = new URL(backend.url ?? destination);
  return new URL(destination).origin + (pathname === "/" ? "" : pathname);
}

/** A copy: what policies below change of one attempt must not be in the next. */
function withToken(outgoing: Outgoing, { accessToken }: Login): Outgoing {
  const headers = outgoing.head.headers.clone();
  headers.set("authorization", `Bearer ${accessToken}`);
  return { ...outgoing, head: { ...outgoing.head, headers } };
}

function isRepeatable({ body }: Outgoing): boolean {
  return body === null || body instanceof Uint8Array;
}

function challengeOf({ headers }: Reply): Challenge {
  return readChallenge(headers.getAll("www-authenticate"));
}

function letGo({ body }: Reply): void {
  if (isReplyStream(body)) body.cancel(new GatewayError("client_closed"));
}

function refuseForNow(cause: unknown): never {
  throw new GatewayError("upstream_login_failed", { detail: "try again in a moment", cause });
}

function shortDigest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 10).replaceAll("-", "_");
}
