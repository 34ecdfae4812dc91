import { HeaderList } from "../../base/headers.ts";
import { redacted, redactSecrets } from "../../base/redact.ts";
import { isPlainObject } from "../../contract/config/combinators.ts";
import { GatewayError } from "../../contract/errors.ts";
import { Exchange } from "../../contract/exchange.ts";
import type { BackendNames, Outgoing, Send } from "../../contract/outgoing.ts";
import { isReplyStream, isUpgraded, type Reply } from "../../contract/reply.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { collectReply } from "../../pipeline/collect-reply.ts";
import { type ClientAuth, compileClientAuth } from "./client-auth.ts";
import type { TokenEndpointConfig } from "./token-exchange-config.ts";

/** What a token endpoint answers (RFC 6749 section 5.1, RFC 8693 section 2.2.1), as far as anybody here looks at it. */
export interface TokenReply {
  readonly accessToken: string;
  readonly tokenType: string | undefined;
  readonly issuedTokenType: string | undefined;
  /** Milliseconds; undefined when the server does not say. */
  readonly lifetimeMs: number | undefined;
}

/** Asks for a token. Rejects with a TokenEndpointError. */
export interface RequestToken {
  (exchange: Exchange, form: URLSearchParams): Promise<TokenReply>;
  /** The server's, with the policies of the call. */
  readonly settings: unknown;
}

interface TokenErrorDetails {
  readonly refusesCaller?: boolean;
  readonly status?: number;
  readonly cause?: unknown;
}

/** No token came. Its message is for callers and logs alike: it names the server and holds no token and no secret. */
export class TokenEndpointError extends Error {
  /** The server refused this caller; anybody else may still get a token. */
  readonly refusesCaller: boolean;
  /** HTTP status for the caller; undefined = what the error table says. */
  readonly status: number | undefined;

  constructor(message: string, { refusesCaller = false, status, cause }: TokenErrorDetails = {}) {
    super(message, { cause });
    this.name = "TokenEndpointError";
    this.refusesCaller = refusesCaller;
    this.status = status;
  }
}

/** Milliseconds for the answer's head, unless `policies.http.requestTimeout` says otherwise, and as many again for its body. */
const deadlineMs = 10_000;
/** Bytes of an answer; a token must fit into a header field. */
const maxReplyBytes = 131_072;

const purpose = { kind: "Policy", subtype: "Http" } as const;

/**
 * @param place where the endpoint is written, for messages: `routes[0].policies.backendAuth.oauthTokenExchange`
 * @throws Error for what no call could be made with
 */
export function compileTokenEndpoint(config: TokenEndpointConfig, place: string, context: CompileContext): RequestToken {
  const { path: pathAndQuery = "", policies, clientAuth } = config;
  if (pathAndQuery !== "" && !pathAndQuery.startsWith("/")) throw new Error(`${place}.path: must start with /`);
  const own = policies === undefined ? undefined : { path: `${place}.policies`, policies: policies as Record<string, unknown> };
  if (config.kind === "host" && config.host.port === 443 && own?.policies["backendTLS"] === undefined)
    context.warn(
      `${place.slice(place.lastIndexOf(".") + 1)}: ${config.host.host}:443 is called without TLS; it needs \`policies: { backendTLS: {} }\``,
    );
  const { names, send, settings } = context.backend(config, own);
  const auth = clientAuth === undefined ? undefined : compileClientAuth(clientAuth, context);
  const url = new URL(pathAndQuery === "" ? "/" : pathAndQuery, "http://endpoint");
  const endpoint: Endpoint = { names, send, auth, path: url.pathname, search: url.search };
  return Object.assign((exchange: Exchange, form: URLSearchParams) => request(endpoint, exchange, form), { settings });
}

interface Endpoint {
  readonly names: BackendNames;
  readonly send: Send;
  readonly auth: ClientAuth | undefined;
  readonly path: string;
  readonly search: string;
}

async function request(endpoint: Endpoint, exchange: Exchange, form: URLSearchParams): Promise<TokenReply> {
  const { names, send, auth } = endpoint;
  const headers = new HeaderList(["accept", "application/json", "content-type", "application/x-www-form-urlencoded"]);
  auth?.apply({ form, headers });
  const caller = detached(exchange);
  let reply: Reply;
  let text: string;
  try {
    reply = await send(outgoingTo(endpoint, caller, { headers, body: Buffer.from(form.toString()) }));
    text = await textOf(reply);
  } catch (cause) {
    const why = cause instanceof GatewayError ? cause.message : "no answer";
    throw new TokenEndpointError(`${names.name}: ${why}`, { cause });
  } finally {
    exchange.spans.push(...caller.spans);
  }
  const answer = parseObject(text);
  if (reply.status >= 200 && reply.status < 300) return read(answer, names.name);
  throw refusal(reply.status, answer, { name: names.name, secrets: secretsIn(form, auth) });
}

function outgoingTo(endpoint: Endpoint, exchange: Exchange, { headers, body }: { headers: HeaderList; body: Uint8Array }): Outgoing {
  const { names, path, search } = endpoint;
  return {
    exchange,
    purpose,
    backend: names,
    head: { method: "POST", scheme: "http", authority: "", path, search, headers },
    rewriteAuthority: true,
    body,
    credentialPlaced: false,
    timeoutMs: deadlineMs,
    upgrade: undefined,
  };
}

/**
 * The same caller, who cannot leave: others wait for the same token. Policies of the call see the request as it is.
 */
function detached(exchange: Exchange): Exchange {
  const { connection, listener, incoming, body, httpVersion, limits, startedAt, startedMonotonic } = exchange;
  const copy = new Exchange({ connection, listener, request: incoming, body, httpVersion, limits, startedAt, startedMonotonic });
  Object.assign(copy.request, exchange.request);
  Object.assign(copy.identity, exchange.identity);
  const { route, metadata, llm, mcp, protocol, trace } = exchange;
  return Object.assign(copy, { route, metadata, llm, mcp, protocol, trace, backendTimeoutMs: deadlineMs });
}

async function textOf(reply: Reply): Promise<string> {
  const { body } = reply;
  if (isUpgraded(body)) throw new GatewayError("upstream_invalid");
  const late = setTimeout(() => isReplyStream(body) && body.cancel(new GatewayError("upstream_timeout")), deadlineMs);
  try {
    const whole = await collectReply(reply, maxReplyBytes);
    if (!whole) {
      if (isReplyStream(reply.body)) reply.body.cancel(new GatewayError("response_too_large"));
      throw new GatewayError("response_too_large");
    }
  } finally {
    clearTimeout(late);
  }
  const collected = reply.body as string | Uint8Array | null; // what collectReply leaves
  return typeof collected === "string" ? collected : Buffer.from(collected ?? []).toString("utf8");
}

function read(answer: Readonly<Record<string, unknown>> | undefined, name: string): TokenReply {
  const fail = (problem: string): never => {
    throw new TokenEndpointError(`${name}: ${problem}`);
  };
  if (answer === undefined) return fail("the answer is no JSON object");
  const accessToken = answer["access_token"];
  if (typeof accessToken !== "string" || accessToken === "") return fail("the answer has no access_token");
  return {
    accessToken,
    tokenType: textMember(answer, "token_type"),
    issuedTokenType: textMember(answer, "issued_token_type"),
    lifetimeMs: lifetimeOf(answer["expires_in"]),
  };
}

/** Some servers write the number as a string. What is no time at all is taken to be over. */
function lifetimeOf(expiresIn: unknown): number | undefined {
  if (expiresIn === undefined || expiresIn === null) return undefined;
  const seconds = typeof expiresIn === "string" && expiresIn.trim() !== "" ? Number(expiresIn) : expiresIn;
  return typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

/** Errors of RFC 6749 section 5.2 that are about the gateway's own registration or about the server, whoever calls. */
const notCallers = new Set(["invalid_client", "unauthorized_client", "unsupported_grant_type", "server_error", "temporarily_unavailable"]);
/** What a server answers when the gateway's call is wrong, or one too many, whatever it is for. */
const notCallersStatus = new Set([401, 403, 404, 405, 406, 407, 408, 413, 415, 429]);

function refusal(
  status: number,
  answer: Readonly<Record<string, unknown>> | undefined,
  { name, secrets }: { readonly name: string; readonly secrets: readonly string[] },
): TokenEndpointError {
  const code = answer === undefined ? undefined : textMember(answer, "error");
  const isClientError = status >= 400 && status < 500 && !notCallersStatus.has(status);
  const refusesCaller = isClientError && (code === undefined || !notCallers.has(code));
  const description = answer === undefined ? undefined : textMember(answer, "error_description");
  const told = [code, description].filter((part) => part !== undefined).map((part) => harmless(part, secrets));
  return new TokenEndpointError(`${name} answered ${status}${told.length === 0 ? "" : ` (${told.join(": ")})`}`, { refusesCaller });
}

const maxToldLength = 256;

/** A text of the server's, fit to be shown: short, printable, and without what was sent to it or looks like a credential. */
function harmless(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, redacted);
  clean = redactSecrets(clean).replace(/[^ -~]+/g, " ");
  return clean.length > maxToldLength ? `${clean.slice(0, maxToldLength)}...` : clean;
}

const secretParameters = ["subject_token", "actor_token", "assertion", "client_secret", "client_assertion"];

function secretsIn(form: URLSearchParams, auth: ClientAuth | undefined): string[] {
  const sent = [...secretParameters.map((name) => form.get(name)), auth?.secret];
  return sent.filter((value): value is string => typeof value === "string" && value !== "");
}

function textMember(answer: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = answer[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined; // the parser's message would quote the text
  }
}
