import type { Exchange } from "../../contract/exchange.ts";
import type { JwtIdentity } from "../../contract/identity.ts";
import { definePolicy, type Next } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { acquireKeySet } from "../../upstream/key-set.ts";
import { compileCredentialSource } from "../credential-location.ts";
import { afterBody } from "../expressions.ts";
import { TokenError, TokenVerifier, warnOfUnenforced } from "../token-verifier.ts";
import { AuthorizationServerFront } from "./authorization-server-front.ts";
import { type McpAuthenticationConfig, mcpAuthenticationConfig } from "./config.ts";
import {
  authorizationServerPath,
  describeResource,
  isBelow,
  metadataMethods,
  metadataReply,
  originOf,
  protectedResourcePath,
  snakeCase,
} from "./metadata.ts";
import { profileOf, type ProviderProfile } from "./providers.ts";
import { compileRedirectUris } from "./redirect-uris.ts";
import { Refusals } from "./refusals.ts";
import { preflightReply } from "./replies.ts";
import { compileRequiredScopes } from "./scopes.ts";

/**
 * Makes the route an OAuth 2 protected resource as MCP's authorization specification wants it
 * (https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization): it describes itself at the well-known
 * paths, which need no token, and answers everybody else without a valid token with where to find that description. In
 * front of an identity provider with quirks of its own it also plays the authorization server.
 */
export const mcpAuthentication = definePolicy<McpAuthenticationConfig>({
  name: "mcpAuthentication",
  slot: "jwtAuth", // both say who the caller is
  config: mcpAuthenticationConfig,
  compile(config, context) {
    const { mode } = config;
    const profile = profileOf(config.provider?.kind);
    checkProvider(config, profile, context);
    const source = compileCredentialSource(config.authorizationLocation);
    const verifier = compileVerifier(config, profile, context);
    const required = compileRequiredScopes(config.requiredScopes ?? [], profile.scopeInToken);
    const extra = Object.fromEntries(Object.entries(config.resourceMetadata).map(([name, value]) => [snakeCase(name), value]));
    const origin = configuredOrigin(extra["resource"]);
    const refusals = new Refusals(origin, required.always);
    const front = compileFront(config, { profile, origin, context });
    const described = required.always.length === 0 ? extra : { scopes_supported: required.always, ...extra };

    const describe = async (exchange: Exchange): Promise<Reply> => {
      if (exchange.incoming.method === "OPTIONS") return preflightReply(metadataMethods);
      const path = exchange.incoming.path.slice(protectedResourcePath.length);
      return metadataReply(describeResource(originOf(exchange) + path, await front.issuerFor(exchange, path), described));
    };
    const withinScopes = afterBody(required.reads, (exchange, next) => {
      const scopes = required.of(exchange);
      if (scopes.length === 0 || required.held(exchange.identity.jwt?.claims ?? {}, scopes)) return next();
      return refusals.insufficientScope(exchange, scopes).then((error) => Promise.reject(error));
    });
    const checksScopes = mode !== "permissive" && config.requiredScopes !== undefined;
    const admit = (exchange: Exchange, identity: JwtIdentity, next: Next): Reply | Promise<Reply> => {
      exchange.identity.jwt = identity;
      source.remove(exchange);
      return checksScopes ? withinScopes(exchange, next) : next();
    };
    const verify = async (exchange: Exchange, token: string, next: Next): Promise<Reply> => {
      let identity: JwtIdentity;
      try {
        identity = await verifier.verify(token);
      } catch (thrown) {
        if (mode === "permissive") return next();
        throw thrown instanceof TokenError ? refusals.badToken(exchange, thrown) : thrown;
      }
      return admit(exchange, identity, next);
    };

    return afterBody(source.reads, (exchange, next) => {
      const { path } = exchange.incoming;
      if (isBelow(path, protectedResourcePath)) {
        exchange.reason = "DirectResponse";
        return describe(exchange);
      }
      if (isBelow(path, authorizationServerPath)) {
        exchange.reason = "DirectResponse";
        return front.answer(exchange);
      }
      // an earlier policy took the token away after checks that are not this policy's
      if (exchange.identity.jwt !== undefined)
        throw refusals.badToken(exchange, new TokenError("another policy has already used the token"));
      const token = source.find(exchange);
      if (token === undefined) {
        if (mode === "strict") throw refusals.missingToken(exchange, new TokenError("no bearer token found"));
        return next();
      }
      const known = verifier.recall(token);
      return known === undefined ? verify(exchange, token, next) : admit(exchange, known, next);
    });
  },
});

interface FrontSettings {
  readonly profile: ProviderProfile;
  readonly origin: string | undefined;
  readonly context: CompileContext;
}

function compileFront(config: McpAuthenticationConfig, { profile, origin, context }: FrontSettings): AuthorizationServerFront {
  const { issuer, audiences, clientId, clientSecret, redirectUris, provider } = config;
  const allows = redirectUris === undefined ? undefined : compileRedirectUris(redirectUris);
  const settings = { profile, issuer, audience: audiences[0], clientId, clientSecret, allows };
  return new AuthorizationServerFront({ settings, adapts: provider !== undefined, origin, context });
}

function compileVerifier(config: McpAuthenticationConfig, profile: ProviderProfile, context: CompileContext): TokenVerifier {
  const { issuer, audiences } = config;
  const { requiredClaims } = config.jwtValidationOptions;
  warnOfUnenforced(requiredClaims, context.warn);
  if (config.jwks === undefined && !URL.canParse(issuer)) throw new Error("without `jwks`, `issuer` must be a URL to find the keys below");
  const keys = acquireKeySet(config.jwks ?? { kind: "url", url: profile.keysUrl(issuer) }, context);
  context.expect(keys.ready);
  return new TokenVerifier([{ issuer, audiences, requiredClaims, keys }], context.clock);
}

/** What is known at load to go wrong when somebody logs in. */
function checkProvider(config: McpAuthenticationConfig, profile: ProviderProfile, { warn }: CompileContext): void {
  const { issuer, provider, clientId, clientSecret, redirectUris } = config;
  if (provider === undefined) {
    if (clientId !== undefined || redirectUris !== undefined) {
      warn("`clientId` and `redirectUris` have no effect without `provider`: clients register with the issuer itself");
    }
    return;
  }
  if (!URL.canParse(issuer)) throw new Error("with `provider`, `issuer` must be a URL");
  profile.metadataUrl(issuer); // Entra: names a tenant
  if (clientSecret !== undefined && (clientId === undefined || profile.proxied === undefined)) {
    warn("`clientSecret` has no effect: it is added to requests of `clientId` with the provider Entra only");
  }
  if (clientId !== undefined) return;
  try {
    profile.registrationUrl(issuer);
  } catch (cause) {
    warn((cause as Error).message);
  }
}

/** The configured resource's origin is how clients reach us, where that cannot be told from the request. */
function configuredOrigin(resource: unknown): string | undefined {
  const url = typeof resource === "string" ? URL.parse(resource) : null;
  return url === null ? undefined : `${url.protocol}//${url.host}`;
}
