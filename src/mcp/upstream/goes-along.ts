import type { Exchange } from "../../contract/exchange.ts";

/**
 * What of one field of the request goes along to a target by itself (docs/decisions/0022). The caller's cookies are for the
 * gateway's address and stay behind. The caller's Authorization can only be meant for a target that is the only one. What
 * a policy put into either field is meant for the targets. Proxy-Authorization is hop-by-hop and has stayed behind already.
 * @param name in lower case
 * @param lone whether the backend has no other target
 * @returns undefined when nothing of it goes along
 */
export function goesAlong(exchange: Exchange, name: string, value: string, lone: boolean): string | undefined {
  switch (name) {
    case "authorization":
      return lone || !isCallersAuthorization(exchange, value) ? value : undefined;
    case "cookie":
      return withoutCallersCookies(exchange, value);
    default:
      return value;
  }
}

/** The caller's own Authorization field, as long as no policy has consumed or replaced it. */
export function callersAuthorization(exchange: Exchange): string | undefined {
  const value = exchange.request.headers.get("authorization");
  return value !== undefined && isCallersAuthorization(exchange, value) ? value : undefined;
}

function isCallersAuthorization({ incoming, request }: Exchange, value: string): boolean {
  return incoming.headers === request.headers || incoming.headers.getAll("authorization").includes(value);
}

/** Looks at each pair: a policy may have taken a single cookie out, or put one beside those that came. */
function withoutCallersCookies({ incoming, request }: Exchange, value: string): string | undefined {
  if (incoming.headers === request.headers) return undefined;
  const came = new Set(incoming.headers.getAll("cookie").flatMap(pairsOf));
  const added = pairsOf(value).filter((pair) => !came.has(pair));
  return added.length === 0 ? undefined : added.join("; ");
}

function pairsOf(field: string): string[] {
  return field
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "");
}
