import type { AuthorityChange, PathChange } from "../contract/config/redirect.ts";
import { GatewayError } from "../contract/errors.ts";
import type { RouteNames } from "../contract/exchange.ts";

/** Path and query of a URL, query with its "?". */
export interface PathAndSearch {
  readonly path: string;
  readonly search: string;
}

/** What a rewritten or redirected URL's path becomes; the client's query stays behind it. */
export type PathRewrite = (from: PathAndSearch, route: RouteNames | undefined) => PathAndSearch;

/** Compiles a path change; undefined when there is none. */
export function compilePathChange(change: PathChange | undefined): PathRewrite | undefined {
  if (change === undefined) return undefined;
  if (change.kind === "full") {
    const [path, query] = splitQuery(change.full);
    const full = rooted(path);
    return ({ search }) => ({ path: full, search: joinQueries(query, search) });
  }
  const [replacement, query] = splitQuery(change.prefix);
  return ({ path, search }, route) => {
    const matched = route?.matchedPrefix;
    if (matched === undefined)
      throw new GatewayError("internal", { detail: "`path.prefix` works only on routes that match by pathPrefix" });
    return { path: withPrefix(replacement, path.slice(matched.length)), search: joinQueries(query, search) };
  };
}

/** Joins the new prefix and what followed the matched one, with exactly one slash between them. */
function withPrefix(prefix: string, rest: string): string {
  if (rest === "") return rooted(prefix);
  const left = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  return rooted(left + rooted(rest));
}

function rooted(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

function splitQuery(text: string): [path: string, query: string] {
  const mark = text.indexOf("?");
  return mark < 0 ? [text, ""] : [text.slice(0, mark), text.slice(mark + 1)];
}

function joinQueries(configured: string, search: string): string {
  if (configured === "") return search;
  return search.length > 1 ? `?${configured}&${search.slice(1)}` : `?${configured}`;
}

export type AuthorityRewrite = (authority: string, scheme: string) => string;

/**
 * Compiles a change of host and port; undefined where the authority stays as it is (`auto` is the backend's matter).
 * @param keepPort whether `host` keeps the request's port where that is not the scheme's default
 */
export function compileAuthorityChange(change: AuthorityChange | undefined, keepPort: boolean): AuthorityRewrite | undefined {
  switch (change?.kind) {
    case "full":
      return () => change.full;
    case "port":
      return (authority, scheme) => withPort(splitAuthority(authority).host, change.port, scheme);
    case "host":
      return keepPort ? (authority, scheme) => withPort(change.host, splitAuthority(authority).port, scheme) : () => change.host;
    case "auto":
    case "none":
    case undefined:
      return undefined;
  }
}

function withPort(host: string, port: number | undefined, scheme: string): string {
  return port === undefined || port === (scheme === "https" ? 443 : 80) ? host : `${host}:${port}`;
}

/** Host (an IPv6 address with its brackets) and port of an authority. */
export function splitAuthority(authority: string): { host: string; port: number | undefined } {
  const colon = authority.lastIndexOf(":");
  if (colon < 0 || colon < authority.indexOf("]")) return { host: authority, port: undefined };
  const port = Number(authority.slice(colon + 1));
  return { host: authority.slice(0, colon), port: Number.isInteger(port) && port > 0 ? port : undefined };
}
