import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { JwtIdentity } from "../../contract/identity.ts";
import { definePolicy, type Next } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import { acquireKeySet } from "../../upstream/key-set.ts";
import { compileCredentialSource } from "../credential-location.ts";
import { afterBody } from "../expressions.ts";
import { TokenError, TokenVerifier, warnOfUnenforced } from "../token-verifier.ts";
import { type JwtAuthConfig, jwtAuthConfig } from "./config.ts";

/**
 * Checks bearer tokens in JWT form and fills `jwt.*`. The token itself goes no further than here. The default mode is
 * `optional`, as in the reference: a request without a token passes, one with a bad token does not.
 */
export const jwtAuth = definePolicy<JwtAuthConfig>({
  name: "jwtAuth",
  config: jwtAuthConfig,
  compile(config, context) {
    const { mode } = config;
    const source = compileCredentialSource(config.location);
    const issuers = config.providers.map(({ issuer, audiences, jwks, jwtValidationOptions }) => {
      const keys = acquireKeySet(jwks, context);
      context.expect(keys.ready);
      warnOfUnenforced(jwtValidationOptions.requiredClaims, context.warn);
      return { issuer, audiences: audiences ?? [], requiredClaims: jwtValidationOptions.requiredClaims, keys };
    });
    const verifier = new TokenVerifier(issuers, context.clock);

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
        throw thrown instanceof TokenError ? refusal(thrown, source.isAuthorization) : thrown;
      }
      return admit(exchange, identity, next);
    };

    return afterBody(source.reads, (exchange, next) => {
      const token = source.find(exchange);
      if (token === undefined) {
        if (mode === "strict") throw refusal(new TokenError("no bearer token found"), source.isAuthorization);
        return next();
      }
      const known = verifier.recall(token);
      return known === undefined ? verify(exchange, token, next) : admit(exchange, known, next);
    });
  },
});

/** A 401 must name a scheme (RFC 9110 section 11.6.1); there is none for tokens in other places. */
function refusal(cause: TokenError, isAuthorization: boolean): GatewayError {
  return new GatewayError("unauthenticated", {
    detail: cause.message,
    cause,
    ...(isAuthorization ? { headers: { "www-authenticate": "Bearer" } } : {}),
  });
}
