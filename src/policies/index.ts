import type { PolicyDefinition } from "../contract/policy.ts";
import { apiKey } from "./api-key/index.ts";
import { authorization } from "./authorization/index.ts";
import { backendAuth } from "./backend-auth/index.ts";
import { backendTLS } from "./backend-tls/index.ts";
import { basicAuth } from "./basic-auth/index.ts";
import { bufferRequest, bufferResponse } from "./buffer/index.ts";
import { cors } from "./cors/index.ts";
import { csrf } from "./csrf/index.ts";
import { delay } from "./delay/index.ts";
import { directResponse } from "./direct-response/index.ts";
import { http } from "./http/index.ts";
import { jwtAuth } from "./jwt-auth/index.ts";
import { localRateLimit } from "./local-rate-limit/index.ts";
import { mcpAuthentication } from "./mcp-authentication/index.ts";
import { mcpAuthorization } from "./mcp-authorization/index.ts";
import { mcpGuardrails } from "./mcp-guardrails/index.ts";
import { requestHeaderModifier } from "./request-header-modifier/index.ts";
import { requestMirror } from "./request-mirror/index.ts";
import { requestRedirect } from "./request-redirect/index.ts";
import { responseHeaderModifier } from "./response-header-modifier/index.ts";
import { retry } from "./retry/index.ts";
import { timeout } from "./timeout/index.ts";
import { transformations } from "./transformations/index.ts";
import { urlRewrite } from "./url-rewrite/index.ts";

/*
 * Every policy, in the order in which requests meet them: THE order, whatever the order in a configuration file. A reply
 * meets them the other way round, from the last to the first. A new policy is one line here, at its place.
 *
 * The folders are the policies; the files beside this one are parts that several of them are made of.
 */

/** A policy as the registries hold it; each is only ever given configs that its own schema has parsed. */
type AnyPolicy = PolicyDefinition<unknown>;

const listed = <Config>(policy: PolicyDefinition<Config>): AnyPolicy => policy as unknown as AnyPolicy;

/** Before the route is known: for everything that comes to a listener. */
export const gatewayPolicies: readonly AnyPolicy[] = [
  listed(cors), // preflights carry no credentials, and error replies of everything below need the fields
  listed(jwtAuth),
  listed(basicAuth),
  listed(apiKey),
  listed(authorization), // rules speak of who the caller is
  listed(transformations), // last, so that routing sees what it made of the request
];

/**
 * On the route, before anybody understands the body: whoever is refused, redirected or answered here costs no parsing, and
 * what the decoder gets is what will be forwarded.
 */
export const admissionPolicies: readonly AnyPolicy[] = [
  listed(cors), // as above
  listed(jwtAuth),
  listed(mcpAuthentication), // a kind of jwtAuth: refuses a request whose token was used before
  listed(basicAuth),
  listed(apiKey),
  listed(authorization), // rules speak of who the caller is
  listed(localRateLimit), // only requests that are allowed use up tokens
  listed(bufferRequest), // before the first expression that would read the body up to another limit
  listed(transformations), // on the way back: the last but for cors and rate limit fields
  listed(bufferResponse), // on the way back: before transformations look at the body
  listed(responseHeaderModifier), // on the way back: first of all, also on the answers that follow here
  listed(csrf), // sees the request as transformations made it
  listed(requestHeaderModifier),
  listed(urlRewrite),
  listed(requestRedirect), // leads to the rewritten URL
  listed(delay), // also delays direct responses: clients are tested with both
  listed(directResponse), // the last that can answer without a backend
  listed(timeout), // counts from the arrival, stops what is below: reading the body, and the backend with its retries
];

/** On the route, once the body is understood where somebody has to. */
export const routePolicies: readonly AnyPolicy[] = [
  listed(requestMirror), // one copy however often the backend is tried
  listed(retry), // last: what it repeats is the backend alone
];

/** Around each request to a backend: every attempt, and every call of an MCP server. */
export const backendPolicies: readonly AnyPolicy[] = [
  listed(backendTLS), // of the connection: listed for its configuration
  listed(http), // the deadline of everything below
  listed(mcpAuthorization), // of single MCP items: listed so that its rules add up
  listed(mcpGuardrails), // of MCP messages: listed for its configuration
  listed(authorization), // before a credential is fetched for nothing
  listed(backendAuth),
  listed(transformations), // sees the credential, and may move it
  listed(responseHeaderModifier), // on the way back: before transformations
  listed(requestHeaderModifier), // literal values have the last word
  listed(requestRedirect),
];
