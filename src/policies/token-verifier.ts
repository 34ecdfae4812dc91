import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from "jose";
import type { Clock } from "../base/clock.ts";
import { RecentMap } from "../base/recent-map.ts";
import { GatewayError } from "../contract/errors.ts";
import type { JwtIdentity } from "../contract/identity.ts";
import type { VerificationKey } from "../upstream/json-web-keys.ts";
import type { KeySet } from "../upstream/key-set.ts";

/** One issuer whose tokens are accepted. */
export interface TokenIssuer {
  readonly issuer: string;
  /** Accepted audiences; empty = any. */
  readonly audiences: readonly string[];
  /** Registered claims (RFC 7519 section 4.1) that a token must have; names other than exp, nbf, aud, iss, sub have no effect. */
  readonly requiredClaims: readonly string[];
  readonly keys: KeySet;
}

/** Seconds by which our clock and the issuer's may differ. */
const leeway = 60;
/** Verified tokens kept, and the longest one worth keeping, in characters: together a bound on memory. */
const maxKept = 4096;
const maxKeptLength = 8192;
const enforceable: ReadonlySet<string> = new Set(["exp", "nbf", "aud", "iss", "sub"]);

/** Warns of claims that are required and not looked at: as in the reference, only the registered ones are. */
export function warnOfUnenforced(requiredClaims: readonly string[], warn: (message: string) => void): void {
  const others = requiredClaims.filter((name) => !enforceable.has(name));
  if (others.length === 0) return;
  const rules = others.map((name) => `\`require: has(jwt.${name})\``).join(", ");
  warn(`jwtValidationOptions.requiredClaims has no effect on ${others.join(", ")}; use the policy \`authorization\` with ${rules}`);
}

interface Verified {
  readonly identity: JwtIdentity;
  /** Epoch milliseconds; leeway included. */
  readonly expiresAt: number;
  readonly keys: KeySet;
  readonly version: number;
}

/**
 * Verifies bearer tokens in JWT form (RFC 7519, RFC 7515) against several issuers. A token that was verified before
 * costs one lookup until it expires or its issuer's keys change; both are checked on every use.
 */
export class TokenVerifier {
  private readonly issuers: readonly TokenIssuer[];
  private readonly clock: Clock;
  private readonly kept = new RecentMap<string, Verified>(maxKept);

  constructor(issuers: readonly TokenIssuer[], clock: Clock) {
    this.issuers = issuers;
    this.clock = clock;
  }

  /** The identity of a token that was verified before and still holds. */
  recall(token: string): JwtIdentity | undefined {
    const known = this.kept.get(token);
    if (known === undefined) return undefined;
    if (this.clock.wall() < known.expiresAt && known.version === known.keys.version) return known.identity;
    this.kept.delete(token);
    return undefined;
  }

  /**
   * Verifies signature and claims.
   * @throws TokenError when the token is refused; GatewayError `keys_unavailable` when nobody can tell yet
   */
  async verify(token: string): Promise<JwtIdentity> {
    const kid = keyIdOf(token);
    const { issuer, key } = await this.keyFor(kid, token);
    const { version } = issuer.keys;
    const now = this.clock.wall();
    const claims = await checkedClaims(token, key, issuer, now);
    const identity: JwtIdentity = { claims, token };
    if (token.length <= maxKeptLength) {
      const expiresAt = claims.exp === undefined ? Number.POSITIVE_INFINITY : (claims.exp + leeway) * 1000;
      this.kept.set(token, { identity, expiresAt, keys: issuer.keys, version });
    }
    return identity;
  }

  private async keyFor(kid: string, token: string): Promise<{ issuer: TokenIssuer; key: VerificationKey }> {
    const found = this.find(kid, token);
    if (found !== undefined) return found;
    await Promise.all(this.issuers.map(({ keys }) => (keys.version === 0 ? keys.settled() : keys.refresh())));
    const afterwards = this.find(kid, token);
    if (afterwards !== undefined) return afterwards;
    if (this.issuers.some(({ keys }) => keys.version === 0)) throw new GatewayError("keys_unavailable");
    throw new TokenError(`token uses the unknown key ${quoted(kid)}`);
  }

  /** Key ids are unique per issuer only, so that of several issuers the one that the token names goes first. */
  private find(kid: string, token: string): { issuer: TokenIssuer; key: VerificationKey } | undefined {
    let first: { issuer: TokenIssuer; key: VerificationKey } | undefined;
    for (const issuer of this.issuers) {
      const key = issuer.keys.find(kid);
      if (key === undefined) continue;
      if (this.issuers.length === 1 || claimedIssuer(token) === issuer.issuer) return { issuer, key };
      first ??= { issuer, key };
    }
    return first;
  }
}

/** Why a token was refused; the message holds nothing secret and may go to the caller. */
export class TokenError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "TokenError";
  }
}

function keyIdOf(token: string): string {
  let kid: unknown;
  try {
    ({ kid } = decodeProtectedHeader(token));
  } catch (cause) {
    throw new TokenError("the token header is malformed", cause);
  }
  if (typeof kid !== "string") throw new TokenError("the token header does not specify a `kid`");
  return kid;
}

function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

async function checkedClaims(token: string, { key, algorithms }: VerificationKey, issuer: TokenIssuer, now: number): Promise<JWTPayload> {
  const options: JWTVerifyOptions = {
    algorithms: [...algorithms],
    issuer: issuer.issuer,
    clockTolerance: leeway,
    currentDate: new Date(now),
    requiredClaims: issuer.requiredClaims.filter((name) => enforceable.has(name)),
  };
  if (issuer.audiences.length > 0) options.audience = [...issuer.audiences];
  try {
    return (await jwtVerify(token, key, options)).payload;
  } catch (cause) {
    throw new TokenError(`the token is invalid or malformed: ${explain(cause)}`, cause);
  }
}

/** In words of ours: what the library says quotes expected values. */
function explain(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return "it has expired";
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.reason === "missing") return `claim \`${cause.claim}\` is missing`;
    return cause.claim === "nbf" ? "it is not valid yet" : `claim \`${cause.claim}\` does not fit`;
  }
  if (cause instanceof errors.JWSSignatureVerificationFailed) return "the signature does not fit";
  if (cause instanceof errors.JOSEAlgNotAllowed) return "the algorithm is not allowed for this key";
  return "it is not a signed JWT";
}

/** Text from a stranger, short and printable. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64).replace(/[^ -~]/g, "?"));
}
