import { isJsonObject, type JsonObject, objectIn } from "../base/json.ts";
import type { McpMessage, RpcId } from "../contract/mcp.ts";
import { rpcError } from "./rpc-error.ts";

/**
 * Reads one JSON-RPC 2.0 message of a client.
 * Batches are refused for every revision, as in the reference (only 2025-03-26 had them, hardly any client sends them).
 * @throws GatewayError `mcp_invalid_message`, or `mcp_invalid_params`, with a JSON-RPC error as body
 */
export function decodeMessage(bytes: Buffer): McpMessage {
  const value = parse(bytes);
  if (Array.isArray(value)) throw invalid("batches are not supported; send one message per request");
  if (!isJsonObject(value)) throw invalid("expected a JSON object");
  if (value["jsonrpc"] !== "2.0") throw invalid('expected "jsonrpc": "2.0"', value["id"]);
  const { id, method, params } = value;
  if (typeof method !== "string") return response(bytes, value);
  if (params !== undefined && !isJsonObject(params)) throw malformed(id);
  if (id === undefined) return { kind: "notification", id, method, params, bytes };
  if (!isRpcId(id)) throw invalid("id must be a string or a number");
  return { kind: "request", id, method, params, bytes };
}

/** Whether a value can be a JSON-RPC id in MCP, which leaves null out. */
export function isRpcId(value: unknown): value is RpcId {
  return typeof value === "string" || typeof value === "number";
}

/** The JSON of an object that a server sent; undefined when it is anything else. */
export function parseObject(bytes: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a message without a method answers anything. */
export function isResponse(message: JsonObject): boolean {
  return isJsonObject(message["result"]) || isJsonObject(message["error"]);
}

/** The id of the request that a `notifications/cancelled` is about; undefined for any other message. */
export function cancelledId({ method, bytes }: { readonly method: string | undefined; readonly bytes: Buffer }): RpcId | undefined {
  if (method !== "notifications/cancelled") return undefined;
  const { requestId } = objectIn(parseObject(bytes) ?? {}, "params");
  return isRpcId(requestId) ? requestId : undefined;
}

/** The progress token of a request, undefined where it asks for no progress. */
export function progressToken(params: JsonObject | undefined): RpcId | undefined {
  const meta = params?.["_meta"];
  const token = isJsonObject(meta) ? meta["progressToken"] : undefined;
  return isRpcId(token) ? token : undefined;
}

function response(bytes: Buffer, value: JsonObject): McpMessage {
  const { id, method } = value;
  if (method !== undefined) throw invalid("method must be a string", id);
  if ("result" in value === "error" in value) throw invalid("expected a method, a result or an error", id);
  if (!isRpcId(id)) throw invalid("id must be a string or a number");
  return { kind: "response", id, method: undefined, params: undefined, bytes };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // V8's text quotes the body, which may hold secrets
    throw invalid("the body is not JSON");
  }
}

/** A message that is one, but for its parameters (JSON-RPC 2.0, "Parameter Structures"; MCP has them by name). */
function malformed(id: unknown): Error {
  return rpcError("mcp_invalid_params", { message: "invalid params: expected an object", id: isRpcId(id) ? id : undefined });
}

function invalid(what: string, id?: unknown): Error {
  return rpcError("mcp_invalid_message", { message: `invalid MCP message: ${what}`, id: isRpcId(id) ? id : undefined });
}
