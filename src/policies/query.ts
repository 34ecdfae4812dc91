/**
 * Single parameters of a query in form encoding (https://url.spec.whatwg.org/#application/x-www-form-urlencoded). The
 * other parameters keep their bytes: a backend may have signed or may parse them in its own way.
 */

/** @param search the query with its "?", or "" */
export function readParameter(search: string, name: string): string | undefined {
  if (search.length < 2) return undefined;
  for (const pair of search.slice(1).split("&")) {
    const equals = pair.indexOf("=");
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (decode(key) === name) return equals < 0 ? "" : decode(pair.slice(equals + 1));
  }
  return undefined;
}

/** Replaces every parameter of that name by one at the end, or, without a value, takes them away. */
export function writeParameter(search: string, name: string, value: string | undefined): string {
  const pairs = search.length < 2 ? [] : search.slice(1).split("&");
  const kept = pairs.filter((pair) => decode(pair.split("=", 1)[0]!) !== name);
  if (value !== undefined) kept.push(new URLSearchParams([[name, value]]).toString());
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** Percent and plus decoding; what is no valid escape stays as it is written. */
function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
