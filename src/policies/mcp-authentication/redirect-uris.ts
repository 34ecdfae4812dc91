import { isLoopback } from "../../upstream/server-metadata.ts";

/** Which redirect URIs clients may use: `undefined` where the operator leaves that to the provider. */
export type RedirectUris = (uri: string) => boolean;

const maxLength = 2048;
/** Characters of a path (RFC 3986 section 3.3): nothing that another parser could take for the end of it. */
const pathText = /^[\w.~!$&'()+,;=:@/%-]*$/;
const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:$|\/)/i;
const wildcard = /^(http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]))(:(?:\d{1,5}|\*))?(?:(\/[^*?#]*)(?:(\*)([^*?#]*))?)?$/;
/** Schemes that are not answered by an application but run or read something. */
const dangerous = new Set(["javascript:", "data:", "vbscript:", "blob:", "file:", "about:", "ws:", "wss:", "ftp:"]);

/**
 * Why a text cannot stand in the list, in words for an operator; undefined when it can.
 * Without `*` it is a URI that must be equal to the letter (RFC 9700 section 2.1); `*` stands for any port and, once, for
 * any part of the path, and only in addresses of the client's own machine (RFC 8252 section 7.3).
 */
export function redirectUriProblem(text: string): string | undefined {
  if (text.includes("*")) {
    if (wildcard.test(text)) return undefined;
    return "`*` may stand for the port and once in the path of http://localhost, http://127.0.0.1 or http://[::1] only";
  }
  const url = URL.parse(text);
  if (url === null) return "expected an absolute URI";
  if (url.hash !== "" || text.endsWith("#")) return "a redirect URI has no fragment";
  if (url.username !== "" || url.password !== "") return "a redirect URI has no user name";
  if (dangerous.has(url.protocol)) return "a redirect URI leads to an application: https, http on the own machine, or a scheme of its own";
  if (url.protocol === "http:" && !isLoopback(url.hostname)) return "http is only for the client's own machine; use https";
  return undefined;
}

/** @param list entries without problems */
export function compileRedirectUris(list: readonly string[]): RedirectUris {
  const exact = new Set(list.filter((text) => !text.includes("*")));
  const patterns = list.filter((text) => text.includes("*")).map(compilePattern);
  return (uri) => uri.length <= maxLength && (exact.has(uri) || patterns.some((matches) => matches(uri)));
}

/**
 * Compares the text itself, not what a URL parser makes of it: up to the path only digits can differ from the pattern, so
 * that no other parser can see another host.
 */
function compilePattern(pattern: string): RedirectUris {
  const [, origin = "", port = "", before = "", star = "", after = ""] = wildcard.exec(pattern) ?? [];
  return (uri) => {
    const path = uri.startsWith(origin) ? afterPort(uri.slice(origin.length), port) : undefined;
    if (path === undefined || star === "") return path === before;
    if (path.length < before.length + after.length || !path.startsWith(before) || !path.endsWith(after)) return false;
    return pathText.test(path) && !dotSegment.test(path);
  };
}

/** What follows the port in `:1234/path`; undefined when the port is another one. */
function afterPort(text: string, port: string): string | undefined {
  const found = port === ":*" ? (/^:\d{1,5}/.exec(text)?.[0] ?? "") : port;
  if (!text.startsWith(found)) return undefined;
  const rest = text.slice(found.length);
  return rest === "" || rest.startsWith("/") ? rest : undefined;
}
