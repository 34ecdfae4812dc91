import { isJsonObject } from "../../../base/json.ts";
import type { PathPart } from "./operation.ts";

/** A path of the document, `/pets/{id}`, in pieces; what may not stand in a path as it is gets percent-encoded. */
export function readPath(template: string): PathPart[] {
  const path = template.startsWith("/") ? template : `/${template}`;
  const parts: PathPart[] = [];
  for (const piece of path.split(/(\{[^{}]+\})/)) {
    if (piece.startsWith("{") && piece.endsWith("}")) parts.push({ parameter: piece.slice(1, -1) });
    else if (piece !== "") parts.push({ text: encodeText(piece) });
  }
  return parts;
}

/**
 * What a list of `servers` puts in front of paths. Host and port come from the target, so only the path counts.
 * @throws Error when the entries differ: nobody could say which of them the target is
 */
export function readPrefix(servers: unknown): string {
  const entries: unknown[] = Array.isArray(servers) ? servers : [];
  const prefixes = new Set(entries.map(prefixOf));
  if (prefixes.size > 1) throw new Error("has several `servers` with different paths; keep the one that the target is");
  return [...prefixes][0] ?? "";
}

function prefixOf(entry: unknown): string {
  const url = isJsonObject(entry) ? entry["url"] : undefined;
  if (typeof url !== "string") return "";
  return pathOf(withDefaults(url, isJsonObject(entry) ? entry["variables"] : undefined));
}

/** A path as a prefix of others: normalised, without query, fragment and slashes at its end. @param url absolute or relative */
function pathOf(url: string): string {
  const parsed = URL.parse(url, "http://target/");
  return parsed === null ? "" : encodeText(parsed.pathname).replace(/\/+$/, "");
}

function withDefaults(url: string, variables: unknown): string {
  return url.replace(/\{([^{}]+)\}/g, (whole, name: string) => {
    const variable = isJsonObject(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined;
    const preset = isJsonObject(variable) ? variable["default"] : undefined;
    return typeof preset === "string" || typeof preset === "number" ? String(preset) : whole;
  });
}

/** Leaves escapes and what RFC 3986 allows in a path; everything else is encoded. */
function encodeText(text: string): string {
  return text.toWellFormed().replace(/%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/%-]/gu, encodeURIComponent);
}
