import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { JwtIdentity } from "../../contract/identity.ts";
import { definePolicy, type Next } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { fetchDocument } from "../../upstream/fetch-document.ts";
import { acquireKeySet } from "../../upstream/key-set.ts";
import { compileCredentialSource } from "../credential-location.ts";
import { afterBody } from "../expressions.ts";
import { TokenError, TokenVerifier } from "../token-verifier.ts";
import { AuthorizationServer } from "./authorization-server.ts";
import { type McpAuthenticationConfig, mcpAuthenticationConfig } from "./config.ts";
import {
  authorizationServerPath,
  describeResource,
  isBelow,
  metadataReply,
  originOf,
  protectedResourcePath,
  snakeCase,
} from "./metadata.ts";

/**
 * Makes the route an OAuth 2 protected resource as MCP's authorization specification wants it
 * (https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization): it describes itself at the well-known
 * paths, which need no token, and answers everybody else without a valid token with where to find that description.
 */
export const mcpAuthentication = definePolicy<McpAuthenticationConfig>({
  name: "mcpAuthentication",
  slot: "jwtAuth", // both say who the caller is
  config: mcpAuthenticationConfig,
  compile(config, context) {
    const { mode, issuer } = config;
    const source = compileCredentialSource(config.authorizationLocation);
    const verifier = compileVerifier(config, context);
    const server = new AuthorizationServer(issuer, { clock: context.clock, log: context.log, fetch: fetchDocument });
    const extra = Object.fromEntries(Object.entries(config.resourceMetadata).map(([name, value]) => [snakeCase(name), value]));
    const refusal = compileRefusal(extra["resource"]);

    const admit = (exchange: Exchange, identity: JwtIdentity, next: Next): Promise<Reply> => {
      exchange.identity.jwt = identity;
      source.remove(exchange);
      return next();
    };
    const verify = async (exchange: Exchange, token: string, next: Next): Promise<Reply> => {
      let identity: JwtIdentity;
      try {
        identity = await verifier.verify(token);
      } catch (thrown) {
        if (mode === "permissive") return next();
        throw thrown instanceof TokenError ? refusal(exchange, thrown) : thrown;
      }
      return admit(exchange, identity, next);
    };

    return afterBody(source.reads, (exchange, next) => {
      const { path } = exchange.incoming;
      if (isBelow(path, protectedResourcePath)) {
        exchange.reason = "DirectResponse";
        const resource = originOf(exchange) + path.slice(protectedResourcePath.length);
        return metadataReply(describeResource(resource, issuer, extra));
      }
      if (isBelow(path, authorizationServerPath)) {
        exchange.reason = "DirectResponse";
        return server.metadata().then(metadataReply);
      }
      // an earlier policy took the token away after checks that are not this policy's
      if (exchange.identity.jwt !== undefined) throw refusal(exchange, new TokenError("another policy has already used the token"));
      const token = source.find(exchange);
      if (token === undefined) {
        if (mode === "strict") throw refusal(exchange, new TokenError("no bearer token found"));
        return next();
      }
      const known = verifier.recall(token);
      return known === undefined ? verify(exchange, token, next) : admit(exchange, known, next);
    });
  },
});

function compileVerifier(config: McpAuthenticationConfig, context: CompileContext): TokenVerifier {
  const { issuer, audiences } = config;
  const { requiredClaims } = config.jwtValidationOptions;
  if (config.jwks === undefined && URL.parse(issuer) === null)
    throw new Error("without `jwks`, `issuer` must be a URL to find the keys below");
  const keys = acquireKeySet(config.jwks ?? { kind: "url", url: `${issuer.replace(/\/+$/, "")}/.well-known/jwks.json` }, context);
  context.expect(keys.ready);
  return new TokenVerifier([{ issuer, audiences, requiredClaims, keys }], context.clock);
}

/** Fixed by the reference, for bad tokens and missing ones alike; why a token is bad is in the log. */
const body = { contentType: "application/json", text: '{"error":"unauthorized","error_description":"JWT token required"}' };

/** @param resource as configured: its origin is how clients reach us, where that cannot be told from the request */
function compileRefusal(resource: unknown): (exchange: Exchange, cause: TokenError) => GatewayError {
  const configured = typeof resource === "string" ? URL.parse(resource) : null;
  return (exchange, cause) => {
    const origin = configured === null ? originOf(exchange) : `${configured.protocol}//${configured.host}`;
    const url = quotable(origin + protectedResourcePath + exchange.incoming.path);
    return new GatewayError("mcp_unauthenticated", { body, headers: { "www-authenticate": `Bearer resource_metadata="${url}"` }, cause });
  };
}

/** Host and path come from the request: they must not end the quoted string and write the rest of the challenge. */
function quotable(url: string): string {
  return url.replace(/["\\]|[^ -~]/g, encodeURIComponent);
}
