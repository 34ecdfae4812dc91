import type { Exchange } from "../contract/exchange.ts";
import type { McpMessage } from "../contract/mcp.ts";
import { isJsonObject } from "../base/json.ts";
import { rpcError } from "./rpc-error.ts";
import { findRevision, supportedVersions } from "./wire/index.ts";

/** Where revisions after 2025-11-25 say in every request which one they are. */
const metaKey = "io.modelcontextprotocol/protocolVersion";

/**
 * Checks the revision a message claims to follow, in its header and in its body.
 * @throws GatewayError `mcp_version_unsupported`, `mcp_header_mismatch`
 */
export function checkVersion(exchange: Exchange, message: McpMessage | undefined): void {
  const header = exchange.request.headers.get("mcp-protocol-version");
  const body = message === undefined ? undefined : versionInBody(message);
  const initializes = message?.method === "initialize";
  // an initialize may propose any version; the server answers with one it knows
  const claimed = header ?? (initializes ? undefined : body);
  const id = message?.id;
  if (claimed !== undefined && findRevision(claimed) === undefined) {
    const data = initializes ? undefined : { supported: supportedVersions, requested: claimed };
    throw rpcError("mcp_version_unsupported", { id, message: `unsupported MCP protocol version: ${claimed}`, data });
  }
  if (header !== undefined && body !== undefined && header !== body) throw rpcError("mcp_header_mismatch", { id });
}

function versionInBody({ method, params }: McpMessage): string | undefined {
  if (params === undefined) return undefined;
  const meta = params["_meta"];
  const version = method === "initialize" ? params["protocolVersion"] : isJsonObject(meta) ? meta[metaKey] : undefined;
  return typeof version === "string" ? version : undefined;
}
