import type { Exchange } from "../contract/exchange.ts";
import type { AskedCall, Integrity } from "./integrity/integrity.ts";
import { describeItem, type Item } from "./item.ts";
import type { Authorize } from "./settings.ts";

/** Whether a caller may see and use an item. Of an item in a list, `integrity` is asked too. */
export interface Decision {
  /** False when nothing is ever hidden: lists then need no filtering. */
  readonly active: boolean;
  /** What lists are shown to, in order to be compared with what was approved; undefined = tools are not pinned. */
  readonly integrity: Integrity | undefined;
  allows(exchange: Exchange, item: Item): boolean;
  /** Whether a call may be made: `allows`, and what it calls is as it was approved. @throws TargetFailure */
  permits(call: AskedCall): boolean | Promise<boolean>;
}

/** The one place where mcpAuthorization and toolIntegrity are asked: by lists for what they show, by calls for what they do. */
export function createDecision(authorize: Authorize | undefined, integrity: Integrity | undefined): Decision {
  const allows: Decision["allows"] = authorize === undefined ? () => true : (exchange, item) => authorize(exchange, describeItem(item));
  return {
    active: authorize !== undefined || integrity?.blocks === true,
    integrity,
    allows,
    permits: (call) => allows(call.exchange, call.item) && (integrity?.permits(call) ?? true),
  };
}
