import { bearerHeader } from "../../contract/config/credential-location.ts";
import type { BackendPolicy } from "../../contract/policy.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { compileCredentialDestination } from "../credential-location.ts";
import { compileCallerToken } from "./caller-token.ts";
import { exchangedToken } from "./exchanged-token.ts";
import { compileTokenEndpoint, TokenEndpointError } from "./token-endpoint.ts";
import type { CrossAppAccessConfig } from "./token-exchange-config.ts";
import { appendTargets, bearerToken, checkTokenType, identityAssertion, warnOfTargets } from "./token-parameters.ts";
import { grantTypes, tokenTypes } from "./oauth-identifiers.ts";

const name = "crossAppAccess";
const fromBearerHeader = { kind: "header", ...bearerHeader } as const;

/**
 * Cross app access: the identity provider gives an assertion (ID-JAG) for the caller's token, and the resource's
 * authorization server an access token for the assertion.
 */
export function crossAppAccess(config: CrossAppAccessConfig, context: CompileContext): BackendPolicy {
  const { audience, resources, scopes = [], accessTokenScopes = scopes, subjectToken } = config;
  const subjectTokenType = subjectToken?.tokenType ?? tokenTypes.id;
  if (audience === "") throw new Error(`${name}.audience: must not be empty`);
  checkTokenType(subjectTokenType, `${name}.subjectToken.tokenType`);
  warnOfTargets(name, config, context.warn);
  const unreachable = accessTokenScopes.filter((scope) => !scopes.includes(scope));
  if (unreachable.length > 0) context.warn(`${name}.accessTokenScopes: not among \`scopes\`, so likely refused: ${unreachable.join(", ")}`);

  const place = `${context.path}.${name}`;
  const askProvider = compileTokenEndpoint(config.identityProvider, `${place}.identityProvider`, context);
  const askServer = compileTokenEndpoint(config.resourceAuthorizationServer, `${place}.resourceAuthorizationServer`, context);

  return exchangedToken(
    {
      name,
      servers: [askProvider.settings, askServer.settings],
      subject: compileCallerToken(subjectToken?.source ?? fromBearerHeader),
      place: compileCredentialDestination(undefined),
      async exchange(exchange, { subject }) {
        const first = new URLSearchParams({
          grant_type: grantTypes.tokenExchange,
          subject_token: subject,
          subject_token_type: subjectTokenType,
          requested_token_type: tokenTypes.idJag,
        });
        appendTargets(first, { audiences: [audience], scopes, resources });
        const assertion = identityAssertion(await askProvider(exchange, first));
        const second = new URLSearchParams({ grant_type: grantTypes.jwtBearer, assertion });
        appendTargets(second, { scopes: accessTokenScopes }); // what it is for is in the assertion
        return bearerToken(await askServer(exchange, second).catch(notCallersRequest));
      },
    },
    config,
    context,
  );
}

/** The caller's own token was good: what becomes of the assertion is not the caller's mistake, as the reference has it. */
function notCallersRequest(thrown: unknown): never {
  if (!(thrown instanceof TokenEndpointError)) throw thrown;
  throw new TokenEndpointError(thrown.message, { refusesCaller: thrown.refusesCaller, status: 500, cause: thrown.cause });
}
