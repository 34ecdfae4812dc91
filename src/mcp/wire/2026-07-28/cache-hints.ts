import { type Edit, insertMembers, JsonView, replace, splice } from "../../json-view.ts";

/**
 * A list's response that depends on who asks: no cache may keep it, and nobody else be shown it, whatever the server says
 * of its own list (specification 2026-07-28, "Caching").
 * @param response JSON text
 * @throws AmbiguousKey
 */
export function forThisCallerOnly(response: Buffer): Buffer {
  const result = new JsonView(response).member("result");
  if (result?.isObject !== true) return response;
  const edits: Edit[] = [];
  const missing: string[] = [];
  for (const [name, value] of hints) {
    const present = result.member(name);
    if (present === undefined) missing.push(`"${name}":${value}`);
    else if (present.bytes.toString() !== value) edits.push(replace(present, value));
  }
  if (missing.length > 0) edits.push(insertMembers(result, missing.join(",")));
  return splice(response, edits);
}

const hints = [
  ["ttlMs", "0"],
  ["cacheScope", '"private"'],
] as const;
