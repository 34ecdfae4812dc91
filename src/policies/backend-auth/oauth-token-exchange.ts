import type { BackendPolicy } from "../../contract/policy.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { compileCredentialDestination } from "../credential-location.ts";
import { compileCallerToken } from "./caller-token.ts";
import { type ExchangeInputs, exchangedToken } from "./exchanged-token.ts";
import { compileTokenEndpoint } from "./token-endpoint.ts";
import type { OauthTokenExchangeConfig } from "./token-exchange-config.ts";
import { appendTargets, bearerToken, checkTokenType, warnOfTargets } from "./token-parameters.ts";
import { grantTypes, tokenTypes } from "./oauth-identifiers.ts";

const name = "oauthTokenExchange";

/** What the gateway says itself; `additionalParams` must not say otherwise. */
const ownParameters = new Set(
  (
    "grant_type subject_token subject_token_type actor_token actor_token_type assertion audience resource scope " +
    "requested_token_type client_id client_secret client_assertion client_assertion_type"
  ).split(" "),
);

/** Exchanges the caller's token at an authorization server: RFC 8693, or RFC 7523 section 2.1. */
export function oauthTokenExchange(config: OauthTokenExchangeConfig, context: CompileContext): BackendPolicy {
  check(config);
  warnOfTargets(name, config, context.warn);
  if (config.authorizationLocation.kind === "queryParameter") {
    context.warn(`${name}.authorizationLocation: OAuth 2.1 has no tokens in queries, where they end up in logs`);
  }
  const request = compileTokenEndpoint(config, `${context.path}.${name}`, context);
  const { subjectToken, actorToken, requestedTokenType, additionalParams = {} } = config;
  return exchangedToken(
    {
      name,
      servers: [request.settings],
      subject: compileCallerToken(subjectToken.source),
      ...(actorToken === undefined
        ? {}
        : { actor: { token: compileCallerToken(actorToken.source), enforceMayAct: actorToken.enforceMayAct } }),
      params: Object.entries(additionalParams),
      place: compileCredentialDestination(config.authorizationLocation),
      exchange: async (exchange, inputs) => bearerToken(await request(exchange, formOf(config, inputs)), requestedTokenType),
    },
    config,
    context,
  );
}

function formOf(config: OauthTokenExchangeConfig, { subject, actor, params }: ExchangeInputs): URLSearchParams {
  const { grantType, subjectToken, actorToken, requestedTokenType } = config;
  const form = new URLSearchParams({ grant_type: grantTypes[grantType] });
  if (grantType === "tokenExchange") {
    form.append("subject_token", subject);
    form.append("subject_token_type", subjectToken.tokenType);
    if (actor !== undefined && actorToken !== undefined) {
      form.append("actor_token", actor);
      form.append("actor_token_type", actorToken.tokenType);
    }
    if (requestedTokenType !== undefined) form.append("requested_token_type", requestedTokenType);
  } else form.append("assertion", subject);
  appendTargets(form, config);
  for (const [parameter, value] of params) form.append(parameter, value);
  return form;
}

/** @throws Error for what contradicts itself */
function check(config: OauthTokenExchangeConfig): void {
  const { grantType, subjectToken, actorToken, requestedTokenType, additionalParams = {} } = config;
  if (grantType === "jwtBearer") {
    if (requestedTokenType !== undefined) throw new Error(`${name}.requestedTokenType: only with \`grantType: tokenExchange\``);
    if (actorToken !== undefined) throw new Error(`${name}.actorToken: only with \`grantType: tokenExchange\``);
  }
  checkTokenType(subjectToken.tokenType, `${name}.subjectToken.tokenType`);
  if (actorToken !== undefined) {
    checkTokenType(actorToken.tokenType, `${name}.actorToken.tokenType`);
    if (actorToken.enforceMayAct && actorToken.tokenType !== tokenTypes.jwt)
      throw new Error(`${name}.actorToken.enforceMayAct: needs \`tokenType: ${tokenTypes.jwt}\``);
  }
  if (requestedTokenType === tokenTypes.idJag)
    throw new Error(`${name}.requestedTokenType: identity assertions are for \`crossAppAccess\``);
  if (requestedTokenType !== undefined && ![tokenTypes.access, tokenTypes.id, tokenTypes.jwt].some((type) => type === requestedTokenType))
    throw new Error(`${name}.requestedTokenType: must be that of an access token, an ID token or a JWT`);
  for (const parameter of Object.keys(additionalParams))
    if (ownParameters.has(parameter.toLowerCase())) throw new Error(`${name}.additionalParams: \`${parameter}\` is set by the gateway`);
}
