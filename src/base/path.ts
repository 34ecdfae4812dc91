/**
 * Normalises the path of a request target (RFC 3986 section 6.2.2): percent-encoded unreserved characters are decoded,
 * escapes are upper case, dot segments are removed. Done once, before routing: what is matched is what is forwarded, so
 * no spelling of a path reaches a backend past the rule that was written for it.
 *
 * @returns undefined when it is no valid path: bad escapes, raw control or non-ASCII bytes, backslashes, or dot segments
 * that climb above the root.
 */
export function normalisePath(path: string): string | undefined {
  if (plainPath.test(path)) return path;
  if (!allowedBytes.test(path)) return undefined;
  if (brokenEscape.test(path)) return undefined;
  const decoded = path.replace(/%[0-9A-Fa-f]{2}/g, decodeUnreserved);
  if (/%00/.test(decoded)) return undefined;
  return decoded.includes("/.") ? removeDotSegments(decoded) : decoded;
}

/** No escapes, and no segment that starts with a dot: nothing to do. Nearly every request. */
const plainPath = /^(?:\/(?:[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)?)+$/;
/** Printable ASCII less the characters that proxies and servers are known to read differently. */
const allowedBytes = /^\/[!-[\]-~]*$/;
const brokenEscape = /%(?![0-9A-Fa-f]{2})/;
const unreserved = /^[A-Za-z0-9._~-]$/;

function decodeUnreserved(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return unreserved.test(character) ? character : escape.toUpperCase();
}

/** RFC 3986 section 5.2.4, refusing to climb above the root instead of ignoring it. */
function removeDotSegments(path: string): string | undefined {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === ".") {
      if (last) kept.push("");
    } else if (segment === "..") {
      if (kept.pop() === undefined) return undefined;
      if (last) kept.push("");
    } else kept.push(segment);
  }
  return `/${kept.join("/")}`;
}
