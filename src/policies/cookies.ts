import type { HeaderList } from "../base/headers.ts";

/** The first cookie of that name in the request's Cookie fields (RFC 6265 section 5.4), as it came. */
export function readCookie(headers: HeaderList, name: string): string | undefined {
  const { flat } = headers;
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i] !== "cookie") continue;
    for (const pair of flat[i + 1]!.split(";")) {
      const [key, value] = splitPair(pair);
      if (key === name) return value;
    }
  }
  return undefined;
}

/** Replaces every cookie of that name by one at the end, or, without a value, takes them away. Other cookies keep their bytes. */
export function writeCookie(headers: HeaderList, name: string, value: string | undefined): void {
  const kept: string[] = [];
  for (const field of headers.getAll("cookie")) {
    for (const pair of field.split(";")) {
      const trimmed = pair.trim();
      if (trimmed !== "" && splitPair(pair)[0] !== name) kept.push(trimmed);
    }
  }
  if (value !== undefined) kept.push(`${name}=${value}`);
  if (kept.length === 0) headers.remove("cookie");
  else headers.set("cookie", kept.join("; "));
}

function splitPair(pair: string): [name: string, value: string] {
  const equals = pair.indexOf("=");
  return equals < 0 ? ["", pair.trim()] : [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
}
