import type { Exchange } from "../contract/exchange.ts";
import { describeItem, type Item } from "./item.ts";
import type { Authorize } from "./settings.ts";

/** Whether a caller may see and use an item. */
export interface Decision {
  /** False when there are no rules: lists then need no filtering. */
  readonly active: boolean;
  allows(exchange: Exchange, item: Item): boolean;
}

/** The one place where mcpAuthorization is asked: by lists for what they show, by calls for what they do. */
export function createDecision(authorize: Authorize | undefined): Decision {
  if (authorize === undefined) return { active: false, allows: () => true };
  return { active: true, allows: (exchange, item) => authorize(exchange, describeItem(item)) };
}
