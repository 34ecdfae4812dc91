import type { PolicyDefinition } from "../contract/policy.ts";
import { apiKey } from "./api-key/index.ts";
import { backendAuth } from "./backend-auth/index.ts";
import { backendTLS } from "./backend-tls/index.ts";
import { basicAuth } from "./basic-auth/index.ts";
import { bufferRequest, bufferResponse } from "./buffer/index.ts";
import { cors } from "./cors/index.ts";
import { csrf } from "./csrf/index.ts";
import { jwtAuth } from "./jwt-auth/index.ts";
import { mcpAuthentication } from "./mcp-authentication/index.ts";
import { mcpAuthorization } from "./mcp-authorization/index.ts";
import { requestHeaderModifier } from "./request-header-modifier/index.ts";
import { requestMirror } from "./request-mirror/index.ts";
import { requestRedirect } from "./request-redirect/index.ts";
import { responseHeaderModifier } from "./response-header-modifier/index.ts";
import { timeout } from "./timeout/index.ts";
import { urlRewrite } from "./url-rewrite/index.ts";

/** A policy whose config type is its own affair: registries only hand configs through that its own schema has parsed. */
export type AnyPolicy = PolicyDefinition<unknown>;

const any = <Config>(policy: PolicyDefinition<Config>): AnyPolicy => policy as unknown as AnyPolicy;

export const gatewayPolicies: readonly AnyPolicy[] = [any(cors), any(jwtAuth), any(basicAuth), any(apiKey)];
export const admissionPolicies: readonly AnyPolicy[] = [any(cors), any(jwtAuth), any(mcpAuthentication), any(basicAuth), any(apiKey)];
export const routePolicies: readonly AnyPolicy[] = [
  any(bufferRequest),
  any(bufferResponse),
  any(csrf),
  any(responseHeaderModifier),
  any(requestHeaderModifier),
  any(urlRewrite),
  any(requestRedirect),
  any(requestMirror),
  any(timeout),
];
export const backendPolicies: readonly AnyPolicy[] = [
  any(backendTLS),
  any(mcpAuthorization),
  any(backendAuth),
  any(responseHeaderModifier),
  any(requestHeaderModifier),
  any(requestRedirect),
];
