import type { McpCall } from "../contract/mcp.ts";

export type ItemKind = "tool" | "prompt" | "resource" | "task";

/** One thing a server offers, by the name the server gave it; resources go by their URI. */
export interface Item {
  readonly kind: ItemKind;
  readonly target: string;
  readonly name: string;
  /** `params.arguments`; only calls of tools have them. */
  readonly arguments?: unknown;
}

/** One element of a list, with its owner. */
export interface CatalogueEntry {
  readonly item: Item;
  /** Its name for clients. */
  readonly published: string;
  /** The element as its server sent it, schemas included, with the published name in it. JSON text. */
  readonly source: Buffer;
  /** The same with the server's own name. */
  readonly definition: Buffer;
  /** The gateway's own: rules about what servers offer do not apply. */
  readonly always?: true;
}

/** The item as CEL, metrics and log see it. */
export function describeItem({ kind, target, name, arguments: given }: Item): Pick<McpCall, ItemKind> {
  switch (kind) {
    case "tool":
      return { tool: given === undefined ? { name, target } : { name, target, arguments: given } };
    case "prompt":
      return { prompt: { name, target } };
    case "resource":
      return { resource: { name, target } };
    case "task":
      return { task: { name, target } };
  }
}
