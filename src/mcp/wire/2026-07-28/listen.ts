import { isJsonObject, type JsonObject, objectIn } from "../../../base/json.ts";
import type { RpcId } from "../../../contract/mcp.ts";
import { insertMembers, JsonView, replace, splice } from "../../json-view.ts";
import { resultResponse } from "../../rpc-error.ts";
import { metaKeys } from "./envelope.ts";

/** The messages of `subscriptions/listen` (specification 2026-07-28, "Subscriptions"). */

/** What of a server's messages a client has asked for (`subscriptions/listen`). */
export interface ListenFilter {
  readonly toolsListChanged: boolean;
  readonly promptsListChanged: boolean;
  readonly resourcesListChanged: boolean;
  readonly resourceSubscriptions: readonly string[];
}

/** @returns undefined when `notifications` is none */
export function readFilter(params: JsonObject): ListenFilter | undefined {
  const { notifications } = params;
  if (!isJsonObject(notifications)) return undefined;
  const uris = notifications["resourceSubscriptions"];
  if (uris !== undefined && !(Array.isArray(uris) && uris.every((uri) => typeof uri === "string"))) return undefined;
  return {
    toolsListChanged: notifications["toolsListChanged"] === true,
    promptsListChanged: notifications["promptsListChanged"] === true,
    resourcesListChanged: notifications["resourcesListChanged"] === true,
    resourceSubscriptions: (uris ?? []) as readonly string[],
  };
}

/** The filter as the wire has it, less what is not asked for. */
export function filterMembers({ resourceSubscriptions, ...kinds }: ListenFilter): JsonObject {
  const asked = Object.entries(kinds).filter(([, wanted]) => wanted);
  return { ...Object.fromEntries(asked), ...(resourceSubscriptions.length === 0 ? {} : { resourceSubscriptions }) };
}

/** Whether a notification is one that the filter lets through. */
export function passesFilter(filter: ListenFilter, message: JsonObject): boolean {
  switch (message["method"]) {
    case "notifications/tools/list_changed":
      return filter.toolsListChanged;
    case "notifications/prompts/list_changed":
      return filter.promptsListChanged;
    case "notifications/resources/list_changed":
      return filter.resourcesListChanged;
    case "notifications/resources/updated": {
      const { uri } = objectIn(message, "params");
      // a server may report a part of what was subscribed to
      return typeof uri === "string" && filter.resourceSubscriptions.some((one) => uri === one || uri.startsWith(`${one}/`));
    }
    default:
      return false;
  }
}

/** The message marked as one of a subscription. */
export function tagged(message: Buffer, subscription: RpcId): Buffer {
  const tag = `${JSON.stringify(metaKeys.subscriptionId)}:${JSON.stringify(subscription)}`;
  const view = new JsonView(message);
  const params = view.member("params");
  if (params === undefined) return splice(message, [insertMembers(view, `"params":{"_meta":{${tag}}}`)]);
  if (!params.isObject) return splice(message, [replace(params, `{"_meta":{${tag}}}`)]);
  const meta = params.member("_meta");
  if (meta === undefined) return splice(message, [insertMembers(params, `"_meta":{${tag}}`)]);
  if (!meta.isObject) return splice(message, [replace(meta, `{${tag}}`)]);
  const old = meta.member(metaKeys.subscriptionId);
  return splice(message, [
    old === undefined ? insertMembers(meta, tag) : { start: old.start, end: old.end, text: JSON.stringify(subscription) },
  ]);
}

/** The first message of a subscription: what of the filter the server goes by. */
export function acknowledgement(filter: ListenFilter, subscription: RpcId): Buffer {
  const params = { notifications: filterMembers(filter), _meta: { [metaKeys.subscriptionId]: subscription } };
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params }));
}

/** The response that ends a subscription in order. */
export function listenEnd(subscription: RpcId): Buffer {
  return resultResponse(
    subscription,
    Buffer.from(JSON.stringify({ resultType: "complete", _meta: { [metaKeys.subscriptionId]: subscription } })),
  );
}
