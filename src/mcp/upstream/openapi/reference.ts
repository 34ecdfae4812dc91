import { isJsonObject, type JsonObject } from "../../../base/json.ts";

const maxReferenceLength = 2_048;
const maxHops = 16;

/**
 * What a reference into the same document leads to (RFC 6901, as a URI fragment). References to other documents are not
 * followed: whoever writes the description must not choose what the gateway reads.
 * @returns undefined when it leads nowhere, or elsewhere
 */
export function resolveReference(root: JsonObject, reference: string): unknown {
  if (reference.length > maxReferenceLength) return undefined;
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  let value: unknown = root;
  for (const step of decodeFragment(reference.slice(2)).split("/")) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value;
}

/** The object itself, or what it refers to with `$ref`. @returns undefined for anything else, and for references in a circle */
export function dereference(root: JsonObject, value: unknown): JsonObject | undefined {
  let found = value;
  for (let hops = 0; hops < maxHops; hops++) {
    if (!isJsonObject(found)) return undefined;
    const reference = found["$ref"];
    if (typeof reference !== "string") return found;
    found = resolveReference(root, reference);
  }
  return undefined;
}

function decodeFragment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
