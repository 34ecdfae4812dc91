import * as z from "zod";
import type { Outgoing } from "../../contract/outgoing.ts";
import { type BackendPolicy, definePolicy } from "../../contract/policy.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { compileCredentialDestination, type CredentialDestination } from "../credential-location.ts";
import { type BackendAuthConfig, backendAuthConfig } from "./config.ts";
import { crossAppAccess } from "./cross-app-access.ts";
import { gcp } from "./gcp.ts";
import { jwtSign } from "./jwt-sign.ts";
import { oauthTokenExchange } from "./oauth-token-exchange.ts";
import { checkPlaceable, put, readSecret } from "./placing.ts";
import { userLogin } from "./user-login/index.ts";

/** Gives each request the credential that the backend wants from us. */
export const backendAuth = definePolicy<BackendAuthConfig>({
  name: "backendAuth",
  // the policies of calls to token endpoints are known one floor up, where the whole language is put together
  config: backendAuthConfig(z.record(z.string(), z.unknown())),
  compileBackend(config, context) {
    const extra = extraCredentials(config.credentials ?? [], context);
    const main = mainCredential(config, context);
    if (main === undefined) return extra ?? ((outgoing, next) => next(outgoing));
    return extra === undefined ? main : (outgoing, next) => main(outgoing, (ready) => extra(ready, next));
  },
});

function mainCredential(config: BackendAuthConfig, context: CompileContext): BackendPolicy | undefined {
  switch (config.kind) {
    case "key": {
      const { value, ...rest } = config.key;
      const location = "location" in rest ? rest.location : undefined;
      return fixedKey(readSecret(value, context), compileCredentialDestination(location), location !== undefined);
    }
    case "passthrough": {
      const { location } = config.passthrough;
      return passthrough(compileCredentialDestination(location), location !== undefined);
    }
    case "gcp":
      return gcp(config.gcp, context);
    case "jwtSign":
      return jwtSign(config.jwtSign, context);
    case "oauthTokenExchange":
      return oauthTokenExchange(config.oauthTokenExchange, context);
    case "crossAppAccess":
      return crossAppAccess(config.crossAppAccess, context);
    case "userLogin":
      return userLogin(config.userLogin, (key) => readSecret(key, context), context);
    case "credentials":
      return undefined;
  }
}

function fixedKey(key: string, place: CredentialDestination, placed: boolean): BackendPolicy {
  checkPlaceable(place, key);
  return (outgoing, next) => {
    put(place, outgoing, key);
    outgoing.credentialPlaced = placed;
    return next(outgoing);
  };
}

/**
 * The caller's own token, which the policy that verified it took out of the request; or what nobody verified, where the
 * backend is of a kind that does not get it unasked. Of that, another place than Authorization takes bearer tokens alone.
 */
function passthrough(place: CredentialDestination, placed: boolean): BackendPolicy {
  return (outgoing, next) => {
    const { jwt } = outgoing.exchange.identity;
    const { callerAuthorization } = outgoing;
    if (jwt !== undefined) put(place, outgoing, jwt.token);
    else if (callerAuthorization !== undefined && !placed) outgoing.head.headers.set("authorization", callerAuthorization);
    else if (callerAuthorization !== undefined) move(place, outgoing, callerAuthorization);
    outgoing.credentialPlaced = placed;
    return next(outgoing);
  };
}

function move(place: CredentialDestination, outgoing: Outgoing, authorization: string): void {
  const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) return;
  outgoing.head.headers.remove("authorization");
  put(place, outgoing, token);
}

/** Secrets beside the main credential; put last, so that of two in one place they are the ones that stay. */
function extraCredentials(config: NonNullable<BackendAuthConfig["credentials"]>, context: CompileContext): BackendPolicy | undefined {
  if (config.length === 0) return undefined;
  const secrets = config.map(({ location, key }) => ({ place: compileCredentialDestination(location), key: readSecret(key, context) }));
  for (const { place, key } of secrets) checkPlaceable(place, key);
  const takesPlace = config.some(({ location }) => location.kind === "header" && location.header.name === "authorization");
  return (outgoing, next) => {
    for (const { place, key } of secrets) put(place, outgoing, key);
    if (takesPlace) outgoing.credentialPlaced = true;
    return next(outgoing);
  };
}
