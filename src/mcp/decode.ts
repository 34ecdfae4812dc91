import type { Exchange } from "../contract/exchange.ts";
import type { McpCall, McpMessage } from "../contract/mcp.ts";
import { describeItem } from "./item.ts";
import { decodeMessage } from "./message.ts";
import type { Names } from "./names.ts";
import { assumedRevision, findRevision, latestRevision } from "./wire/index.ts";

/** Notes on the exchange what a message is about, so that policies, CEL, metrics and log can tell. */
export function describeMessage(exchange: Exchange, message: McpMessage | undefined, names: Names): void {
  const call: McpCall = (exchange.mcp = {});
  const sessionId = exchange.request.headers.get("mcp-session-id");
  if (sessionId !== undefined) call.sessionId = sessionId;
  if (message === undefined) return;
  call.message = message;
  if (message.method === undefined) return;
  call.methodName = message.method;
  if (message.kind === "request") describeTarget(call, exchange, message, names);
}

/**
 * The message of a request, once more from the start if a policy has replaced the body since it was decoded.
 * @throws GatewayError `mcp_invalid_message`, `mcp_invalid_params`
 */
export function currentMessage(exchange: Exchange, names: Names): McpMessage | undefined {
  const { collected } = exchange.body;
  const decoded = exchange.mcp?.message;
  if (decoded === undefined || collected === undefined || collected === decoded.bytes) return decoded;
  const message = decodeMessage(collected);
  describeMessage(exchange, message, names);
  return message;
}

/** The item by the name its target knows, as far as the name alone tells. */
function describeTarget(call: McpCall, exchange: Exchange, { method, params }: McpMessage, names: Names): void {
  const version = exchange.request.headers.get("mcp-protocol-version");
  const revision = version === undefined ? assumedRevision : (findRevision(version) ?? latestRevision);
  const known = revision.methods.get(method ?? "");
  if (known?.routing !== "item" || params === undefined) return;
  const reference = known.locate(params);
  const resolved = reference === undefined ? undefined : names.resolve(reference.kind, reference.name);
  const owner = resolved !== undefined && "among" in resolved ? resolved.likely : resolved;
  if (reference === undefined || owner === undefined) return;
  const { kind } = reference;
  const given = kind === "tool" ? params["arguments"] : undefined;
  call.target = owner.target;
  Object.assign(call, describeItem({ kind, ...owner, ...(given === undefined ? {} : { arguments: given }) }));
}
