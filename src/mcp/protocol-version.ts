import { isJsonObject, type JsonObject, objectIn } from "../base/json.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { McpMessage } from "../contract/mcp.ts";
import { rpcError } from "./rpc-error.ts";
import { versionInMeta } from "./wire/2026-07-28/envelope.ts";
import { decodeHeaderValue } from "./wire/2026-07-28/header-value.ts";
import { findRevision, supportedVersions } from "./wire/index.ts";
import type { Revision } from "./wire/revision.ts";

/**
 * Checks the revision a message claims to follow, in its header and in its body.
 * @returns the revision, when it is one without sessions; undefined for all that have them, and for a message that says
 *   nothing: the session knows
 * @throws GatewayError `mcp_version_unsupported`, `mcp_header_mismatch`, `mcp_method_not_found`, `mcp_invalid_params`
 */
export function checkVersion(exchange: Exchange, message: McpMessage | undefined): Revision | undefined {
  const header = exchange.request.headers.get("mcp-protocol-version");
  const body = message === undefined ? undefined : versionInBody(message);
  const initializes = message?.method === "initialize";
  // an initialize may propose any version; the server answers with one it knows
  const claimed = header ?? (initializes ? undefined : body);
  const id = message?.id;
  const revision = claimed === undefined ? undefined : findRevision(claimed);
  if (claimed !== undefined && revision === undefined) {
    const data = initializes ? undefined : { supported: supportedVersions, requested: claimed };
    throw rpcError("mcp_version_unsupported", { id, message: `unsupported MCP protocol version: ${claimed}`, data });
  }
  if (revision?.stateless === true) {
    if (message !== undefined) checkStateless(exchange, message, revision);
    return revision;
  }
  if (header !== undefined && body !== undefined && header !== body) throw rpcError("mcp_header_mismatch", { id });
  return undefined;
}

/** Header fields repeat the message for whoever routes by them; what they say must be true (specification, "Server Validation"). */
function checkStateless(exchange: Exchange, message: McpMessage, revision: Revision): void {
  const { headers } = exchange.request;
  const { id, method, params, kind } = message;
  if (kind === "response")
    throw rpcError("mcp_invalid_message", { id, message: "invalid MCP message: servers ask nothing in this revision" });
  if (kind === "notification") return; // the specification asks nothing of their headers
  const header = headers.get("mcp-protocol-version");
  // before the method: to a client that names its revision in the body alone, a 404 would say that its session is gone
  if (header === undefined) throw mismatch(id, "the MCP-Protocol-Version header is missing");
  if (!revision.methods.has(method)) throw rpcError("mcp_method_not_found", { id, message: `method not found: ${method}` });
  const body = versionInMeta(params);
  if (body === undefined) {
    throw rpcError("mcp_invalid_params", { id, message: 'invalid params: _meta["io.modelcontextprotocol/protocolVersion"] is missing' });
  }
  if (header !== body) throw rpcError("mcp_header_mismatch", { id });
  const malformed = malformedIn(params ?? {});
  if (malformed !== undefined) throw rpcError("mcp_invalid_params", { id, message: `invalid params: ${malformed}` });
  checkField(exchange, message, { name: "mcp-method", shown: "Mcp-Method", expected: method });
  const name = nameIn(method, params ?? {});
  if (name !== undefined) checkField(exchange, message, { name: "mcp-name", shown: "Mcp-Name", expected: name });
}

/** What members that every method means the same by must be; those that name an item are checked where it is looked for. */
function malformedIn({ arguments: given, cursor }: JsonObject): string | undefined {
  if (given !== undefined && !isJsonObject(given)) return "arguments must be an object";
  return cursor === undefined || typeof cursor === "string" ? undefined : "cursor must be a string";
}

interface ExpectedField {
  readonly name: string;
  readonly shown: string;
  readonly expected: string;
}

function checkField(exchange: Exchange, { id }: McpMessage, { name, shown, expected }: ExpectedField): void {
  const values = exchange.request.headers.getAll(name);
  const [value] = values;
  if (value === undefined) throw mismatch(id, `the ${shown} header is missing`);
  const decoded = name === "mcp-name" ? decodeHeaderValue(value) : value;
  if (values.length > 1 || decoded !== expected) throw mismatch(id, `the ${shown} header is not what the body says`);
}

/** What the Mcp-Name header repeats; undefined for methods that need none. */
export function nameIn(method: string, params: JsonObject): string | undefined {
  const name =
    method === "tools/call" || method === "prompts/get" ? params["name"] : method === "resources/read" ? params["uri"] : undefined;
  return typeof name === "string" ? name : undefined;
}

function mismatch(id: McpMessage["id"], what: string): Error {
  return rpcError("mcp_header_mismatch", { id, message: `header mismatch: ${what}` });
}

function versionInBody({ method, params }: McpMessage): string | undefined {
  if (method !== "initialize") return versionInMeta(params);
  const version = objectIn({ params }, "params")["protocolVersion"];
  return typeof version === "string" ? version : undefined;
}
