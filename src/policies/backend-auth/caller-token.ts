import { isDeepStrictEqual } from "node:util";
import { isPlainObject } from "../../contract/config/combinators.ts";
import type { Exchange, RequestHead } from "../../contract/exchange.ts";
import { compileCredentialSource, type CredentialSource } from "../credential-location.ts";
import type { ReadSet } from "../../cel/read-set.ts";

/** A token that callers send and that is exchanged for another one. */
export interface CallerToken {
  readonly find: (exchange: Exchange) => string | undefined;
  /** Takes it out of a request to a backend. */
  readonly remove: (head: RequestHead, token: string) => void;
  /** What has to be there to find it. */
  readonly reads: ReadSet;
}

type Claims = Readonly<Record<string, unknown>>;

export function compileCallerToken(config: Parameters<typeof compileCredentialSource>[0]): CallerToken {
  const source = compileCredentialSource(config);
  return {
    find: (exchange) => found(source, exchange),
    remove: config.kind === "expression" ? removeByValue : source.removeFrom,
    reads: source.reads,
  };
}

/**
 * The token, also where a policy in front (mcpAuthentication, jwtAuth) verified it and took it out of the request. What such
 * a policy did not verify and somebody took out all the same stays out.
 */
function found(source: CredentialSource, exchange: Exchange): string | undefined {
  const present = source.find(exchange);
  if (present !== undefined && present.trim() !== "") return present;
  const verified = exchange.identity.jwt?.token;
  return verified !== undefined && source.readFrom(exchange.incoming) === verified ? verified : undefined;
}

/** An expression does not tell where the token stood, but a field that holds nothing else is found by its value. */
function removeByValue({ headers }: RequestHead, token: string): void {
  const holding: string[] = [];
  for (const [name, value] of headers.entries()) {
    if (value === token || (value.endsWith(` ${token}`) && !value.slice(0, -token.length - 1).includes(" "))) holding.push(name);
  }
  for (const name of holding) headers.remove(name);
}

/**
 * The claims of a token in JWT form, unverified: for what the gateway keeps to itself, and for checks that the authorization
 * server makes again. undefined for any other token.
 */
export function unverifiedClaims(token: string): Claims | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1]!, "base64url").toString("utf8"));
    return isPlainObject(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** When a token in JWT form expires (RFC 7519 section 4.1.4): epoch milliseconds; undefined when it does not say. */
export function expiryOf(token: string): number | undefined {
  const exp = unverifiedClaims(token)?.["exp"];
  return typeof exp === "number" && Number.isFinite(exp) ? exp * 1000 : undefined;
}

/**
 * Whether the subject lets this actor act for it: each member of the subject's `may_act` (RFC 8693 section 4.4) is the
 * actor's claim of that name, or a list that has it.
 */
export function mayAct(exchange: Exchange, subject: string, actor: string): boolean {
  const { jwt } = exchange.identity;
  const allowed = (jwt?.token === subject ? jwt.claims : unverifiedClaims(subject))?.["may_act"];
  const claims = unverifiedClaims(actor);
  if (!isPlainObject(allowed) || claims === undefined) return false;
  const members = Object.entries(allowed);
  if (members.length === 0) return false; // names nobody
  return members.every(([name, expected]) => {
    const actual = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (actual === undefined) return false;
    return Array.isArray(expected) ? expected.some((one) => isDeepStrictEqual(one, actual)) : isDeepStrictEqual(expected, actual);
  });
}
