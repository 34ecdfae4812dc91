import { hash } from "node:crypto";
import type { CompiledExpression } from "../../cel/compile.ts";
import { ReadSet } from "../../cel/read-set.ts";
import { isPlainObject } from "../../contract/config/combinators.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { Outgoing } from "../../contract/outgoing.ts";
import type { BackendPolicy } from "../../contract/policy.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import type { CredentialDestination } from "../credential-location.ts";
import { evaluate, readsRequestBody } from "../expressions.ts";
import { keepOutgoingBody } from "../outgoing-body.ts";
import { type CallerToken, expiryOf, mayAct } from "./caller-token.ts";
import { put } from "./placing.ts";
import { type ExchangedToken, TokenCache } from "./token-cache.ts";
import { TokenEndpointError } from "./token-endpoint.ts";
import type { TokenCacheConfig } from "./token-exchange-config.ts";

/** What of a request decides which token is asked for. */
export interface ExchangeInputs {
  readonly subject: string;
  readonly actor: string | undefined;
  readonly params: readonly (readonly [name: string, value: string])[];
}

/** A way to exchange a caller's token for one that the backend takes. */
export interface TokenFlow {
  /** For messages. */
  readonly name: string;
  /** Settings of the token endpoints, which the tokens depend on, too. */
  readonly servers: readonly unknown[];
  readonly subject: CallerToken;
  readonly actor?: { readonly token: CallerToken; readonly enforceMayAct: boolean };
  readonly params?: readonly (readonly [name: string, value: CompiledExpression])[];
  readonly place: CredentialDestination;
  /** Rejects with a TokenEndpointError. */
  readonly exchange: (exchange: Exchange, inputs: ExchangeInputs) => Promise<ExchangedToken>;
}

const defaultMaxEntries = 8192;
const defaultTtlMs = 300_000;

/**
 * The policy around a flow: finds the caller's tokens, exchanges them or recalls what they were exchanged for, and sends
 * that on in their place.
 * @param config what the token depends on; policies of the same one share their tokens, also across reloads
 */
export function exchangedToken(flow: TokenFlow, config: { cache?: TokenCacheConfig | undefined }, context: CompileContext): BackendPolicy {
  const cache = acquireCache(flow, config, context);
  const needsBody = readsRequestBody(readsOf(flow));
  const tokenFor = async (outgoing: Outgoing, key: string, inputs: ExchangeInputs): Promise<string> => {
    try {
      return await cache.get(
        key,
        () => expiryOf(inputs.subject),
        () => flow.exchange(outgoing.exchange, inputs),
      );
    } catch (cause) {
      throw failure(cause, { flow, outgoing, context });
    }
  };

  return async (outgoing, next) => {
    if (needsBody) await keepOutgoingBody(outgoing);
    const inputs = inputsOf(flow, outgoing.exchange);
    // a digest, so that the map of kept tokens is no list of callers' tokens
    const key = hash("sha256", JSON.stringify([inputs.subject, inputs.actor, inputs.params]), "base64");
    const token = await tokenFor(outgoing, key, inputs);
    flow.subject.remove(outgoing.head, inputs.subject);
    if (inputs.actor !== undefined) flow.actor?.token.remove(outgoing.head, inputs.actor);
    put(flow.place, outgoing, token);
    outgoing.credentialPlaced = true;
    const reply = await next(outgoing);
    if (reply.status === 401) cache.forget(key, token); // withdrawn, perhaps: the next request asks for another
    return reply;
  };
}

function readsOf({ subject, actor, params = [] }: TokenFlow): ReadSet {
  return ReadSet.union([subject.reads, ...(actor === undefined ? [] : [actor.token.reads]), ...params.map(([, { reads }]) => reads)]);
}

/** @throws GatewayError `invalid_request` for what the caller did not send, `forbidden` for an actor who may not act */
function inputsOf(flow: TokenFlow, exchange: Exchange): ExchangeInputs {
  const { name, subject, actor, params = [] } = flow;
  const missing = (what: string): never => {
    throw new GatewayError("invalid_request", { detail: `${name}: ${what}` });
  };
  const subjectToken = subject.find(exchange) ?? missing("the request has no subject token");
  const actorToken = actor === undefined ? undefined : (actor.token.find(exchange) ?? missing("the request has no actor token"));
  if (actor?.enforceMayAct === true && !mayAct(exchange, subjectToken, actorToken ?? "")) {
    throw new GatewayError("forbidden", { detail: `${name}: the subject's may_act does not name the actor` });
  }
  const values = params.map(([parameter, expression]) => {
    const value = evaluate(expression, exchange);
    return [parameter, typeof value === "string" ? value : missing(`the parameter ${parameter} is no string`)] as const;
  });
  return { subject: subjectToken, actor: actorToken, params: values };
}

interface Failed {
  readonly flow: TokenFlow;
  readonly outgoing: Outgoing;
  readonly context: CompileContext;
}

/** Refusals are the caller's business; what fails for everybody is the operator's too. */
function failure(cause: unknown, { flow, outgoing, context }: Failed): GatewayError {
  if (!(cause instanceof TokenEndpointError)) return new GatewayError("backend_auth_failed", { detail: flow.name, cause });
  const detail = `${flow.name}: ${cause.message}`;
  const level = cause.refusesCaller ? "debug" : "warn";
  context.log[level]("no token for a backend", { backend: outgoing.backend.name, error: detail });
  const code = cause.refusesCaller ? "backend_auth_refused" : "backend_auth_failed";
  return new GatewayError(code, { detail, cause, ...(cause.status === undefined ? {} : { status: cause.status }) });
}

function acquireCache({ name, servers }: TokenFlow, config: { cache?: TokenCacheConfig | undefined }, context: CompileContext): TokenCache {
  const { maxEntries = defaultMaxEntries, defaultTtl = 0 } = config.cache ?? {};
  const shared = !readsRequest(servers);
  if (!shared && maxEntries > 0) context.warn(`${name}: tokens are not kept, since policies of the call to the server read the request`);
  const settings = { maxEntries: shared ? maxEntries : 0, defaultTtlMs: defaultTtl === 0 ? defaultTtlMs : defaultTtl };
  const contents = (_name: string, value: unknown): unknown =>
    isPlainObject(value) && value["kind"] === "file" && typeof value["file"] === "string" ? context.readFile(value["file"]) : value;
  const key = hash("sha256", JSON.stringify([config, servers], contents), "hex");
  return context.resources.acquire(`exchanged-tokens ${key}`, () => new TokenCache(settings, context.clock));
}

/** Credentials that are the caller's own, or were got for it. */
const callersCredentials: ReadonlySet<unknown> = new Set(["passthrough", "oauthTokenExchange", "crossAppAccess", "userLogin"]);

/**
 * Whether calls with these settings depend on more of a request than its tokens: by an expression, or by the credential that
 * the call has of its own. What one caller is given there is not for another who sends the same token.
 */
function readsRequest(settings: unknown): boolean {
  if (settings === null || typeof settings !== "object") return false;
  if ("reads" in settings && settings.reads instanceof ReadSet) return settings.reads.variables || settings.reads.paths.size > 0;
  return Object.entries(settings).some(
    ([name, value]) => readsRequest(value) || (name === "backendAuth" && isPlainObject(value) && callersCredentials.has(value["kind"])),
  );
}
