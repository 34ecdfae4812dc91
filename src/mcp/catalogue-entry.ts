import type { Item } from "./item.ts";

/** One element of a list, with its owner. */
export interface CatalogueEntry {
  readonly item: Item;
  /** Its name for clients. */
  readonly published: string;
  /** The element as its server sent it, schemas included, with the published name in it. JSON text. */
  readonly source: Buffer;
  /** The gateway's own: rules about what servers offer do not apply. */
  readonly always?: true;
}
