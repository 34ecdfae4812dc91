import type { CompiledExpression } from "../../cel/compile.ts";
import { ReadSet } from "../../cel/read-set.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { evaluate } from "../expressions.ts";

/** A scope that is always needed, or scopes that are needed under a condition. */
export type RequiredScope = string | { readonly scopes: readonly string[]; readonly when: CompiledExpression };

/** What a token must allow. */
export interface RequiredScopes {
  /** Needed by every request; what a client is told before it logs in. */
  readonly always: readonly string[];
  /** What the conditions read. */
  readonly reads: ReadSet;
  /** All scopes that this request needs. */
  readonly of: (exchange: Exchange) => readonly string[];
  /** Whether the claims hold all these scopes. */
  readonly held: (claims: Claims, scopes: readonly string[]) => boolean;
}

type Claims = Readonly<Record<string, unknown>>;

/** @param inToken a scope as it stands in tokens, where that is not how it is requested */
export function compileRequiredScopes(required: readonly RequiredScope[], inToken: (scope: string) => string): RequiredScopes {
  const always = unique(required.filter((entry) => typeof entry === "string"));
  const conditional = required.filter((entry) => typeof entry !== "string");
  const granted = new WeakMap<Claims, ReadonlySet<string>>(); // verified claims are kept, so this is worked out once a token
  const grantedBy = (claims: Claims): ReadonlySet<string> => {
    const known = granted.get(claims);
    if (known !== undefined) return known;
    const found = scopesIn(claims);
    granted.set(claims, found);
    return found;
  };
  return {
    always,
    reads: ReadSet.union(conditional.map(({ when }) => when.reads)),
    of(exchange) {
      if (conditional.length === 0) return always;
      // a condition that fails counts as true: nobody gets around it by sending what it cannot deal with
      const more = conditional.filter(({ when }) => evaluate(when, exchange) !== false);
      return more.length === 0 ? always : unique([...always, ...more.flatMap(({ scopes }) => scopes)]);
    },
    held(claims, scopes) {
      const has = grantedBy(claims);
      return scopes.every((scope) => has.has(scope) || has.has(inToken(scope)));
    },
  };
}

/** `scope` (RFC 8693 section 4.2: one text, spaces between; some send a list) and `scp`, which Entra and Okta use instead. */
export function scopesIn(claims: Claims): ReadonlySet<string> {
  const found = new Set<string>();
  for (const claim of [claims["scope"], claims["scp"]]) {
    const texts: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
    for (const text of texts) if (typeof text === "string") for (const scope of text.split(" ")) if (scope !== "") found.add(scope);
  }
  return found;
}

function unique(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes)];
}
