import { objectIn } from "../base/json.ts";
import { spliceJsonMembers } from "../base/json-members.ts";
import type { CatalogueEntry, Item } from "./item.ts";
import { AmbiguousKey, JsonView } from "./json-view.ts";
import { parseObject } from "./message.ts";

const nested = "resourceUri";
const flat = "ui/resourceUri";

/**
 * A tool without its user interface (MCP Apps, and the older flat key), where the caller may not see the resource that it
 * is: what could not be read is not offered. The rest of `_meta` stays.
 * @param allows whether the caller may see an item
 */
export function withoutHiddenApp(entry: CatalogueEntry, allows: (item: Item) => boolean): CatalogueEntry {
  const { item, definition, source } = entry;
  if (item.kind !== "tool" || !definition.includes(nested)) return entry;
  const own = objectIn(parseObject(definition) ?? {}, "_meta");
  const hides = (uri: unknown): boolean => typeof uri === "string" && !allows({ kind: "resource", target: item.target, name: uri });
  const hidesNested = hides(objectIn(own, "ui")[nested]);
  const hidesFlat = hides(own[flat]);
  if (!hidesNested && !hidesFlat) return entry;
  return { ...entry, source: spliceJsonMembers(source, new Map([["_meta", metaWithout(source, { hidesNested, hidesFlat })]])) };
}

/** JSON text; undefined where readers would disagree about what there is: then nothing of it is shown. */
function metaWithout(source: Buffer, { hidesNested, hidesFlat }: { hidesNested: boolean; hidesFlat: boolean }): string | undefined {
  try {
    const meta = new JsonView(source).member("_meta");
    if (meta === undefined) return undefined;
    const changes = new Map<string, string | undefined>();
    if (hidesFlat) changes.set(flat, undefined);
    const ui = hidesNested ? meta.member("ui")?.bytes : undefined;
    if (ui !== undefined) changes.set("ui", spliceJsonMembers(ui, new Map([[nested, undefined]])).toString());
    return spliceJsonMembers(meta.bytes, changes).toString();
  } catch (thrown) {
    if (thrown instanceof AmbiguousKey) return undefined;
    throw thrown;
  }
}
