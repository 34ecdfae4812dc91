import * as z from "zod";
import { maybe, notYet } from "../../contract/config/combinators.ts";
import { apiKeyConfig } from "../../policies/api-key/config.ts";
import { authorizationConfig } from "../../policies/authorization/config.ts";
import { basicAuthConfig } from "../../policies/basic-auth/config.ts";
import { bufferConfig } from "../../policies/buffer/config.ts";
import { corsConfig } from "../../policies/cors/config.ts";
import { csrfConfig } from "../../policies/csrf/config.ts";
import { delayConfig } from "../../policies/delay/config.ts";
import { directResponseConfig } from "../../policies/direct-response/config.ts";
import { jwtAuthConfig } from "../../policies/jwt-auth/config.ts";
import { localRateLimitConfig } from "../../policies/local-rate-limit/config.ts";
import { mcpAuthenticationConfig } from "../../policies/mcp-authentication/config.ts";
import { mcpAuthorizationConfig } from "../../policies/mcp-authorization/config.ts";
import { mcpGuardrailsConfig } from "../../policies/mcp-guardrails/config.ts";
import { requestMirrorConfig } from "../../policies/request-mirror/config.ts";
import { requestRedirectConfig } from "../../policies/request-redirect/config.ts";
import { responseHeaderModifierConfig } from "../../policies/response-header-modifier/config.ts";
import { retryConfig } from "../../policies/retry/config.ts";
import { timeoutConfig } from "../../policies/timeout/config.ts";
import { transformationsConfig } from "../../policies/transformations/config.ts";
import { urlRewriteConfig } from "../../policies/url-rewrite/config.ts";
import { aiPolicy } from "./ai-policy.ts";
import { callPolicyKeys, grpcCallPolicies } from "./call-policies.ts";
import { health, inferenceRouting, sessionAffinity } from "./not-yet/backend-health.ts";
import { extAuthz, extProc, plainExtAuthz, remoteRateLimit } from "./not-yet/external-processors.ts";
import { oidc } from "./not-yet/oidc.ts";

/** Which policies each place of the configuration takes. The policies themselves are in src/policies. */

const none = z.strictObject({});

const a2a = maybe(notYet(none, "the A2A protocol")).describe("Marks the backend as an agent that speaks A2A.");
const ai = maybe(aiPolicy.meta({ id: "ai" })).describe(
  "What paths mean, body fields and model aliases for LLM traffic. Written in several places, the fields of all count, the most specific first.",
);
const apiKey = maybe(apiKeyConfig.meta({ id: "apiKey" })).describe("Callers identified by a key.");
const authorization = maybe(authorizationConfig.meta({ id: "authorization" })).describe("Who may send which requests, by CEL rules.");
const basicAuth = maybe(basicAuthConfig.meta({ id: "basicAuth" })).describe("Callers identified by user name and password.");
const cors = maybe(corsConfig.meta({ id: "cors" })).describe("Which web pages of other origins may call.");
const csrf = maybe(csrfConfig.meta({ id: "csrf" })).describe("Refuses requests that a foreign web page makes a browser send.");
const externalAuthz = maybe(notYet(extAuthz, "external authorization").meta({ id: "extAuthz" })).describe(
  "Asks another server whether a request may pass.",
);
const externalProc = maybe(notYet(extProc, "external processing").meta({ id: "extProc" })).describe(
  "Lets another server change requests and replies.",
);
const mcpGuardrails = maybe(mcpGuardrailsConfig(grpcCallPolicies).meta({ id: "mcpGuardrails" })).describe(
  "Lets other servers look at MCP messages, refuse and change them.",
);
const jwtAuth = maybe(jwtAuthConfig.meta({ id: "jwtAuth" })).describe("Callers identified by a bearer token in JWT form.");
const login = maybe(notYet(oidc, "login with OpenID Connect").meta({ id: "oidc" })).describe("Login of people with a browser.");
const mcpAuthorization = maybe(mcpAuthorizationConfig.meta({ id: "mcpAuthorization" })).describe(
  "Who may see and use which tools, prompts and resources.",
);
const requestRedirect = maybe(requestRedirectConfig.meta({ id: "requestRedirect" })).describe("Sends the client elsewhere.");
const responseHeaderModifier = maybe(responseHeaderModifierConfig.meta({ id: "responseHeaderModifier" })).describe(
  "Changes headers on the way back to the client.",
);
const transformations = maybe(transformationsConfig.meta({ id: "transformations" })).describe(
  "Computes headers, bodies and metadata by CEL.",
);

const { requestHeaderModifier, backendTLS, backendAuth, backendTunnel } = callPolicyKeys;

/** Policies of a route. Those about the backend go to every backend of the route. */
export const routePolicies = z
  .strictObject({
    requestHeaderModifier,
    responseHeaderModifier,
    requestRedirect,
    urlRewrite: maybe(urlRewriteConfig.meta({ id: "urlRewrite" })).describe("The URL that the backend sees."),
    requestMirror: maybe(requestMirrorConfig.meta({ id: "requestMirror" })).describe("Sends copies of requests to another backend."),
    directResponse: maybe(directResponseConfig.meta({ id: "directResponse" })).describe("Answers without a backend."),
    cors,
    mcpAuthorization,
    mcpGuardrails,
    authorization,
    mcpAuthentication: maybe(mcpAuthenticationConfig.meta({ id: "mcpAuthentication" })).describe("OAuth for MCP clients."),
    a2a,
    ai,
    backendTLS,
    backendTunnel,
    backendAuth,
    localRateLimit: maybe(localRateLimitConfig.meta({ id: "localRateLimit" })).describe("Limits how many requests pass, in this process."),
    remoteRateLimit: maybe(notYet(remoteRateLimit, "rate limits kept by another server").meta({ id: "remoteRateLimit" })).describe(
      "Limits counted by another server.",
    ),
    jwtAuth,
    oidc: login,
    basicAuth,
    apiKey,
    extAuthz: externalAuthz,
    extProc: externalProc,
    transformations,
    csrf,
    buffer: maybe(bufferConfig.meta({ id: "buffer" })).describe("Reads bodies in whole before passing them on."),
    timeout: maybe(timeoutConfig.meta({ id: "timeout" })).describe("Deadlines for the headers of the reply."),
    retry: maybe(retryConfig.meta({ id: "retry" })).describe("Further attempts when the backend fails."),
    delay: maybe(delayConfig.meta({ id: "delay" })).describe("Makes requests wait."),
  })
  .meta({ id: "RoutePolicies" });

/** The policies that can run before a route is chosen. */
export const gatewayPolicyKeys = {
  oidc: login,
  jwtAuth,
  authorization,
  extAuthz: externalAuthz,
  extProc: externalProc,
  cors,
  transformations,
  basicAuth,
  apiKey,
};

export const gatewayPolicies = z.strictObject(gatewayPolicyKeys).meta({ id: "GatewayPolicies" });

/** Policies of one backend. */
export const backendPolicies = z
  .strictObject({
    ...callPolicyKeys,
    responseHeaderModifier,
    requestRedirect,
    health: maybe(notYet(health, "leaving out unhealthy backends").meta({ id: "health" })).describe("When an instance counts as failed."),
    extAuthz: maybe(notYet(plainExtAuthz, "external authorization").meta({ id: "plainExtAuthz" })).describe(
      "Asks another server whether a request may pass.",
    ),
    authorization,
    mcpAuthorization,
    mcpGuardrails,
    a2a,
    inferenceRouting: maybe(notYet(inferenceRouting, "inference routing")).describe("Lets an endpoint picker choose the instance."),
    sessionAffinity: maybe(notYet(sessionAffinity, "session affinity")).describe("Keeps requests of one session at one instance."),
    ai,
  })
  .meta({ id: "BackendPolicies" });

/** Policies of the admin UI where it is served through a gateway. */
export const uiPolicies = z
  .strictObject({ cors, oidc: login, jwtAuth, authorization, extAuthz: externalAuthz, basicAuth, apiKey, csrf })
  .meta({ id: "UiPolicies" });

export type RoutePolicies = z.output<typeof routePolicies>;
export type GatewayPolicies = z.output<typeof gatewayPolicies>;
export type BackendPolicies = z.output<typeof backendPolicies>;
