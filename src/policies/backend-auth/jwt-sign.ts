import type { BackendPolicy } from "../../contract/policy.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { compileCredentialDestination } from "../credential-location.ts";
import { put, readSecret } from "./placing.ts";
import { compileSigner, validity } from "./signer.ts";
import type { JwtSignConfig } from "./signing-config.ts";

const defaultTtlMs = 300_000;
/** Claims that the gateway sets. */
const ownClaims = ["iat", "nbf", "exp"];

/** A short-lived token with fixed claims, signed with a key of the gateway's. */
export function jwtSign(config: JwtSignConfig, context: CompileContext): BackendPolicy {
  const { alg, kid, claims, ttl = defaultTtlMs, location } = config;
  const signer = compileSigner(readSecret(config.signingKey, context), alg, "jwtSign.signingKey");
  for (const name of ownClaims) if (Object.hasOwn(claims, name)) throw new Error(`jwtSign.claims: \`${name}\` is set by the gateway`);
  if (ttl === 0) throw new Error("jwtSign.ttl: must be more than nothing");
  const place = compileCredentialDestination(location);
  const placed = location !== undefined;

  // times in tokens are whole seconds: those of one second could only differ in their signatures, which cost a millisecond
  let current = "";
  let issued = Number.NaN;
  const token = (): string => {
    const times = validity(context.clock.wall(), ttl);
    if (times.iat !== issued) {
      current = signer.sign({ kid }, { ...claims, ...times });
      issued = times.iat;
    }
    return current;
  };

  return (outgoing, next) => {
    put(place, outgoing, token());
    outgoing.credentialPlaced = placed;
    return next(outgoing);
  };
}
