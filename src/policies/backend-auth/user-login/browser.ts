import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { within } from "../../../base/deadline.ts";
import { HeaderList } from "../../../base/headers.ts";
import type { JsonObject } from "../../../base/json.ts";
import { GatewayError } from "../../../contract/errors.ts";
import type { Exchange } from "../../../contract/exchange.ts";
import { Reply } from "../../../contract/reply.ts";
import type { Log } from "../../../contract/runtime.ts";
import { fetchDocument } from "../../../upstream/fetch-document.ts";
import { type AuthorizationServer, DiscoveryError } from "./authorization-server.ts";
import { isScope, unionOfScopes } from "./challenge.ts";
import { type ClientIdentity, describeClient } from "./client.ts";
import type { LoginOffice } from "./office.ts";
import { htmlPage, type PageContent, seeOther } from "./page.ts";
import { lifetimeOf } from "./renewal.ts";
import { type ClientCredentials, OAuthRefusal, requestTokens, type Tokens } from "./token-endpoint.ts";
import type { LoginPlace } from "./vault.ts";

/** Where the gateway's own pages are. */
export const pagesPath = "/.well-known/turnpike/";
/** Milliseconds that a person has, from being asked to being back. */
export const loginLifetimeMs = 600_000;

export interface BrowserSettings {
  /** Names the policy's configuration: links made for another are of no use. */
  readonly id: string;
  readonly identity: ClientIdentity;
  readonly issuer: string | undefined;
  readonly scope: string | undefined;
  readonly office: LoginOffice;
  readonly log: Log;
}

/** What a link asks for. */
export interface LinkRequest extends LoginPlace {
  readonly scope: string | undefined;
  readonly resourceMetadata: string | undefined;
}

/** A login under way, as its link and its state carry it. */
interface Started extends LinkRequest {
  /** Id of the policy's configuration that made the link. */
  readonly policy: string;
  readonly nonce: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

interface Sent extends Started {
  readonly verifier: string;
  readonly issuer: string;
  readonly resource: string;
  readonly clientId: string;
  /** Digest of the cookie of the browser that was sent to log in. */
  readonly browser: string;
}

/**
 * The pages that people log in through. A link is for its caller alone, but whoever gets hold of it can open it, and could
 * have somebody else's account end up with the caller: so a page says first for whom the login would be, and only the
 * browser that agreed there is taken back (OAuth 2.0 Security BCP, RFC 9700 section 4.7).
 */
export class Browser {
  private readonly settings: BrowserSettings;

  constructor(settings: BrowserSettings) {
    this.settings = settings;
  }

  /** A link for one person to log in once. */
  async link({ key, who, server, scope, resourceMetadata }: LinkRequest): Promise<{ readonly url: string; readonly nonce: string }> {
    const { office, identity, id } = this.settings;
    const nonce = randomBytes(12).toString("base64url");
    const until = office.clock.wall() + loginLifetimeMs;
    const token = (await office.seal()).seal("link", { policy: id, key, who, server, scope, resourceMetadata, nonce, until });
    // as a parameter of that name it is taken out of logs
    return { url: `${baseOf(identity)}login/${id}?token=${token}`, nonce };
  }

  /** Answers for a page; undefined when it is another policy's. @param rest the path behind `pagesPath` */
  answer(exchange: Exchange, rest: string): Promise<Reply> | undefined {
    const { id, identity } = this.settings;
    if (identity.documentUrl.endsWith(pagesPath + rest)) return Promise.resolve(this.document(exchange));
    const query = new URLSearchParams(exchange.incoming.search);
    if (rest === `login/${id}`) return this.told(() => this.login(exchange, query.get("token") ?? ""));
    const [prefix, state] = (query.get("state") ?? "").split(".", 2);
    if (rest === "callback" && prefix === id) return this.told(() => this.callback(exchange, query, state ?? ""));
    return undefined;
  }

  private async login(exchange: Exchange, token: string): Promise<Reply> {
    const { method } = exchange.incoming;
    if (method !== "GET" && method !== "POST") return new Reply(405, new HeaderList(["allow", "GET, POST"]));
    const { office } = this.settings;
    const started = (await office.seal()).open("link", token) as (JsonObject & Started) | undefined;
    if (started?.policy !== this.settings.id) throw new Told(400, "This link was not made here, or was cut short.");
    this.checkOpen(started);
    return method === "GET" ? this.confirm(exchange, started) : this.send(exchange, started);
  }

  private confirm(exchange: Exchange, { who, server }: Started): Reply {
    const cookie = this.cookieOf(exchange) ?? randomBytes(24).toString("base64url");
    const reply = htmlPage(200, {
      title: `Connect ${hostOf(server)}`,
      paragraphs: [
        `This gateway will use your account at ${server} in the name of: ${who}`,
        "Go on only if that is you, and if you have just asked for it. If somebody sent you this link, close this window: that person would get to use your account.",
      ],
      button: { label: "That is me: log in", check: digest(cookie) },
    });
    const { secure } = this;
    reply.headers.add(
      "set-cookie",
      `${this.cookieName}=${cookie}; Path=/; Max-Age=${loginLifetimeMs / 1000}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`,
    );
    return reply;
  }

  /** Sends the person who has agreed to the authorization server (RFC 6749 section 4.1.1). */
  private async send(exchange: Exchange, started: Started): Promise<Reply> {
    const { office, identity, issuer: pinned, scope: configured, id } = this.settings;
    const cookie = this.cookieOf(exchange);
    const site = exchange.incoming.headers.get("sec-fetch-site");
    const form = new URLSearchParams((await readForm(exchange)).toString("utf8"));
    if (
      cookie === undefined ||
      !same(form.get("check") ?? "", digest(cookie)) ||
      (site !== undefined && site !== "same-origin" && site !== "none")
    ) {
      throw new Told(400, "This browser does not keep cookies for this page, or came here from another one.");
    }
    const { server, resourceMetadata } = started;
    const found = await office.discovery.discover({ url: server, resourceMetadata, issuer: pinned });
    const client = await office.clients.at(found.server, identity);
    const asked = started.scope ?? found.scope;
    // of the server's own scopes, one makes logins last; what an operator lists is all there is
    const scope = found.server.hasOfflineAccess && configured === undefined ? unionOfScopes(asked, "offline_access") : asked;
    const verifier = randomBytes(32).toString("base64url");
    const { clientId } = client;
    const { issuer, authorizationEndpoint } = found.server;
    const sent: Sent = { ...started, scope, verifier, issuer, resource: found.resource, clientId, browser: digest(cookie) };
    const state = `${id}.${(await office.seal()).seal("state", { ...sent })}`;
    const url = new URL(authorizationEndpoint);
    const parameters = {
      response_type: "code",
      client_id: clientId,
      redirect_uri: identity.redirectUri,
      state,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
      resource: found.resource,
      ...(scope === undefined ? {} : { scope }),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return seeOther(url.href);
  }

  /** The authorization response (RFC 6749 section 4.1.2): checks where it comes from before it looks at what it says. */
  private async callback(exchange: Exchange, query: URLSearchParams, state: string): Promise<Reply> {
    if (exchange.incoming.method !== "GET") return new Reply(405, new HeaderList(["allow", "GET"]));
    const { office, identity, issuer: pinned } = this.settings;
    const sent = (await office.seal()).open("state", state) as (JsonObject & Sent) | undefined;
    if (sent?.policy !== this.settings.id) throw new Told(400, "This login was not started here.");
    this.checkOpen(sent);
    const cookie = this.cookieOf(exchange);
    if (cookie === undefined || !same(digest(cookie), sent.browser)) throw new Told(400, "This login was started in another browser.");
    const server = await office.discovery.server(sent.issuer, pinned !== undefined);
    // RFC 9207 section 2.4: compared as it is
    const named = query.getAll("iss");
    if (named.length > 1 || (named.length === 0 ? server.sendsIssuer : named[0] !== sent.issuer)) {
      throw new Told(400, "The response does not come from the server where the login was started.");
    }
    const [code, ...others] = query.getAll("code");
    const error = query.get("error");
    if (error !== null) throw new Told(400, `The server did not let you in${/^[a-z_]{1,40}$/.test(error) ? ` (${error})` : ""}.`);
    if (code === undefined || others.length > 0) throw new Told(400, "The response has no code.");
    if (!office.finish(sent.nonce)) throw new Told(400, "This login is over already.");
    const client = await office.clients.at(server, identity);
    if (client.clientId !== sent.clientId) throw new Told(400, "The gateway's registration has changed meanwhile.");
    const tokens = await this.exchangeCode(code, sent, { server, client });
    await this.keep(sent, server, { client, tokens });
    return htmlPage(200, {
      title: `${hostOf(sent.server)} is connected`,
      paragraphs: [
        `The gateway now uses your account there for ${sent.who}.`,
        "You can close this window and go back to your application.",
      ],
    });
  }

  /** RFC 6749 section 4.1.3. */
  private async exchangeCode(code: string, sent: Sent, { server, client }: Peer): Promise<Tokens> {
    const { office, identity } = this.settings;
    const { verifier: code_verifier, resource } = sent;
    const parameters = { grant_type: "authorization_code", code, redirect_uri: identity.redirectUri, code_verifier, resource };
    try {
      return await requestTokens(fetchDocument, { endpoint: server.tokenEndpoint, client, parameters });
    } catch (thrown) {
      if (thrown instanceof OAuthRefusal && thrown.code === "invalid_client") await office.clients.forget(client);
      throw thrown;
    }
  }

  private async keep(
    sent: Sent,
    server: AuthorizationServer,
    { client, tokens }: { client: ClientCredentials; tokens: Tokens },
  ): Promise<void> {
    const { office, log } = this.settings;
    const { key, who, server: url, resource, scope } = sent;
    await office.vault.put({
      key,
      who,
      server: url,
      state: "active",
      issuer: server.issuer,
      resource,
      scope: tokens.scope ?? scope,
      client,
      tokenEndpoint: server.tokenEndpoint,
      revocationEndpoint: server.revocationEndpoint,
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
      ...lifetimeOf(tokens, office.clock.wall()),
    });
    log.info("somebody logged in at a server", { who, server: url, issuer: server.issuer });
  }

  /** The gateway's description as a client, for authorization servers that read it where its id says. */
  private document({ incoming }: Exchange): Reply {
    if (incoming.method !== "GET") return new Reply(405, new HeaderList(["allow", "GET"]));
    const { identity } = this.settings;
    const reply = Reply.json(200, { client_id: identity.documentUrl, ...describeClient(identity) });
    reply.headers.set("cache-control", "max-age=300");
    return reply;
  }

  private checkOpen({ until, nonce }: Started): void {
    const { office } = this.settings;
    if (office.clock.wall() > until) throw new Told(400, "This link is too old.");
    if (office.isFinished(nonce)) throw new Told(400, "This login is over already.");
  }

  /** What goes wrong is told to the person on a page; the log has the rest. */
  private async told(work: () => Promise<Reply>): Promise<Reply> {
    try {
      return await work();
    } catch (thrown) {
      const isAnswer = thrown instanceof Told;
      const isNamed = thrown instanceof DiscoveryError || thrown instanceof OAuthRefusal;
      if (thrown instanceof GatewayError) throw thrown;
      if (!isAnswer) {
        const { cause, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
        this.settings.log.warn("a login at a server failed", {
          error: message,
          ...(cause instanceof Error ? { cause: cause.message } : {}),
        });
      }
      const what =
        isAnswer || isNamed
          ? `${thrown.message.charAt(0).toUpperCase()}${thrown.message.slice(1)}`
          : "The server did not answer as it should.";
      return htmlPage(isAnswer ? thrown.status : 502, failed(what));
    }
  }

  private get secure(): boolean {
    return this.settings.identity.publicUrl.startsWith("https:");
  }

  /** With this prefix browsers take it from this host alone (RFC 6265bis section 4.1.3). */
  private get cookieName(): string {
    return this.secure ? "__Host-turnpike-login" : "turnpike-login";
  }

  private cookieOf({ incoming }: Exchange): string | undefined {
    const pairs = incoming.headers.getAll("cookie").flatMap((field) => field.split(/;\s*/));
    const found = pairs.find((pair) => pair.startsWith(`${this.cookieName}=`))?.slice(this.cookieName.length + 1);
    return found !== undefined && /^[\w-]{32}$/.test(found) ? found : undefined;
  }
}

interface Peer {
  readonly server: AuthorizationServer;
  readonly client: ClientCredentials;
}

/** What a person is told instead of a page that they wanted. */
class Told extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** Where the gateway's pages are for browsers. */
export function baseOf({ publicUrl }: Pick<ClientIdentity, "publicUrl">): string {
  return publicUrl.replace(/\/+$/, "") + pagesPath;
}

function failed(what: string): PageContent {
  return { title: "The login did not work", paragraphs: [what, "Go back to your application and ask for it once more."] };
}

const maxFormBytes = 4_096;
const formDeadlineMs = 10_000;

function readForm({ body }: Exchange): Promise<Buffer> {
  return within(formDeadlineMs, body.collect(maxFormBytes), () => new GatewayError("request_timeout_client"));
}

function digest(text: string): string {
  return createHash("sha256").update(`turnpike login ${text}`).digest("base64url");
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function hostOf(server: string): string {
  return URL.parse(server)?.host ?? server;
}

/** Scopes from a configuration as one text. */
export function scopeText(scopes: readonly string[] | undefined): string | undefined {
  const text = scopes?.join(" ") ?? "";
  return isScope(text) ? text : undefined;
}
