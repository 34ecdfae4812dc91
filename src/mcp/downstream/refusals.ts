import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { AmbiguousKey } from "../json-view.ts";
import { rpcError } from "../rpc-error.ts";

/** @throws GatewayError `unsupported_media_type` for a body that is not plain JSON */
export function checkContentType(exchange: Exchange): void {
  const { headers } = exchange.request;
  const encoding = headers.get("content-encoding");
  if (!(headers.get("content-type") ?? "").toLowerCase().startsWith("application/json")) {
    throw new GatewayError("unsupported_media_type", { detail: "expected application/json" });
  }
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new GatewayError("unsupported_media_type", { detail: `content encoding ${encoding}` });
  }
}

/** @throws GatewayError `mcp_not_acceptable` when the client does not take an event stream */
export function checkAcceptsEvents(exchange: Exchange): void {
  const accept = exchange.request.headers.get("accept") ?? "";
  if (accept.includes("text/event-stream") || accept.includes("*/*")) return;
  throw new GatewayError("mcp_not_acceptable", {
    body: { contentType: "text/plain; charset=utf-8", text: "client must accept text/event-stream" },
  });
}

/** What was thrown while a message was handled, as an error that knows the request it is about. */
export function asError(thrown: unknown, id: RpcId | undefined): Error {
  if (thrown instanceof AmbiguousKey) return rpcError("mcp_invalid_message", { id, message: `invalid MCP message: ${thrown.message}` });
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
