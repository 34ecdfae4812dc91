import type { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { McpRequest, RpcId } from "../contract/mcp.ts";
import type { Reply } from "../contract/reply.ts";
import type { Decision } from "./decision.ts";
import type { Delivery, Message } from "./delivery.ts";
import type { Guardrails } from "./guardrails/guardrails.ts";
import { describeItem, type Item, type ItemKind } from "./item.ts";
import { JsonView, replace, splice } from "./json-view.ts";
import { nameIn } from "./protocol-version.ts";
import { rpcError } from "./rpc-error.ts";
import type { Link, Session } from "./session.ts";

/** A request that concerns one item of one target. */
export interface ItemCall {
  /** The caller: rules see its request and identity, the target its headers. */
  readonly exchange: Exchange;
  readonly session: Session;
  readonly link: Link;
  readonly item: Item;
  readonly request: McpRequest;
  /** Where `params` of the request names the item. */
  readonly path: readonly string[];
  /** The name standing there. */
  readonly published: string;
}

export interface ExecuteSettings {
  readonly decision: Decision;
  readonly delivery: Delivery;
  readonly guardrails: Guardrails | undefined;
}

/**
 * Executes one call on behalf of a caller: note what it is about for log and metrics, let guardrails look, may they (rules
 * see what guardrails made of the call), put in the name the target knows, send. Every call of a tool, prompt or resource
 * comes through here, whoever made it up.
 * @throws GatewayError `mcp_item_unknown` when the rules say no: hidden items and those that do not exist look alike
 * @throws GatewayError `mcp_guardrail_*` when a guardrail refuses
 * @throws TargetFailure, AmbiguousKey
 */
export async function executeCall(settings: ExecuteSettings, asked: ItemCall): Promise<Reply> {
  const { guardrails } = settings;
  note(asked.exchange, asked.item);
  const call = guardrails === undefined ? asked : await guardrails.beforeCall(asked, withName);
  const { exchange, session, link, item, request, published } = call;
  if (call !== asked) note(exchange, item);
  const permitted = settings.decision.permits(call);
  if (!(typeof permitted === "boolean" ? permitted : await permitted)) {
    throw unknownItem(request.id, item.kind, published);
  }
  const bytes = item.name === published && !settings.decision.active ? request.bytes : withName(call);
  const { kind, id, method, params } = request;
  const name = nameIn(method, params ?? {}) === undefined ? undefined : item.name;
  const message: Message = { kind, id, method, params, bytes, name };
  const reply = settings.delivery.post({ exchange, session, link, timeoutMs: 0 }, message);
  return guardrails === undefined ? reply : guardrails.afterCall(call, await reply);
}

/** The answer to who may not see an item, and, where that can be told, to who names one that does not exist. */
export function unknownItem(id: RpcId, kind: ItemKind, published: string): GatewayError {
  return rpcError("mcp_item_unknown", { id, message: `Unknown ${kind}: ${published}` });
}

/** The request naming the item as its target does. Walking there also makes sure that nobody can read it otherwise. */
function withName({ request, path, published, item }: ItemCall): Buffer {
  const message = new JsonView(request.bytes);
  message.member("method");
  let view = message.member("params");
  for (const step of path) view = view?.member(step);
  if (view === undefined || published === item.name) return request.bytes;
  return splice(request.bytes, [replace(view, JSON.stringify(item.name))]);
}

function note(exchange: Exchange, item: Item): void {
  const call = (exchange.mcp ??= {});
  call.target = item.target;
  Object.assign(call, describeItem(item) satisfies Partial<Record<ItemKind, unknown>>);
}
