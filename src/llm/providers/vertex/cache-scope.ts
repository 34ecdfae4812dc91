import { isJsonObject, type JsonObject } from "../../../base/json.ts";
import type { RequestEdits } from "../../request-edits.ts";

/** Levels of lists below a member: blocks of a message, and the content blocks of a tool result among them. */
const maxDepth = 3;
/** Members of a messages request whose blocks may hold `cache_control`. */
const places = ["system", "messages", "tools"] as const;

/**
 * Takes `scope` out of every `cache_control`: Vertex AI refuses it. Only what holds one is rewritten, so that all other
 * bytes, and with them the provider's prompt cache, stay as they are.
 */
export function removeCacheScopes(request: RequestEdits): void {
  for (const place of places) request.set(place, withoutScopes(request.get(place), maxDepth));
}

/** The value itself when nothing in it has to go. */
function withoutScopes(value: unknown, depth: number): unknown {
  if (!Array.isArray(value) || depth === 0) return value;
  const changed = value.map((item: unknown) => (isJsonObject(item) ? blockWithoutScopes(item, depth - 1) : item));
  return changed.some((item, index) => item !== value[index]) ? changed : value;
}

function blockWithoutScopes(block: JsonObject, depth: number): JsonObject {
  const control = block["cache_control"];
  const content = block["content"];
  const plainControl = isJsonObject(control) ? withoutScope(control) : control;
  const plainContent = withoutScopes(content, depth);
  if (plainControl === control && plainContent === content) return block;
  return {
    ...block,
    ...(control === undefined ? {} : { cache_control: plainControl }),
    ...(content === undefined ? {} : { content: plainContent }),
  };
}

function withoutScope(control: JsonObject): JsonObject {
  if (!Object.hasOwn(control, "scope")) return control;
  const { scope: _removed, ...rest } = control;
  return rest;
}
