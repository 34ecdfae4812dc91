/** What an MCP message is about. Filled by the decoder and the federation; read by CEL (`mcp`), metrics and log. */
export interface McpCall {
  /** JSON-RPC method, `tools/call`. */
  methodName?: string;
  sessionId?: string;
  /** The target that got the call; undefined for a fan-out to several. */
  target?: string;
  tool?: McpTool;
  prompt?: McpItem;
  resource?: McpItem;
  task?: McpItem;
  /** JSON-RPC error that the call ended in. */
  error?: { readonly code: number; readonly message: string };
  /** The decoded message, from the decoder to the MCP backend; undefined for GET and DELETE. */
  message?: McpMessage;
}

/** JSON-RPC 2.0 ids as MCP allows them: null is not one. */
export type RpcId = string | number;

/** One JSON-RPC 2.0 message of a client. What nobody changes is forwarded from `bytes` as it came. */
export type McpMessage = McpRequest | McpNotification | McpResponse;

interface McpMessageBase {
  /** The bytes it was decoded from. */
  readonly bytes: Buffer;
}

export interface McpRequest extends McpMessageBase {
  readonly kind: "request";
  readonly id: RpcId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>> | undefined;
}

export interface McpNotification extends McpMessageBase {
  readonly kind: "notification";
  readonly id: undefined;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>> | undefined;
}

/** A client's answer to a request of a server (sampling, elicitation, roots). */
export interface McpResponse extends McpMessageBase {
  readonly kind: "response";
  readonly id: RpcId;
  readonly method: undefined;
  readonly params: undefined;
}

export interface McpItem {
  /** Without the multiplexing prefix; for a resource its URI. */
  readonly name: string;
  readonly target: string;
}

export interface McpTool extends McpItem {
  /** `params.arguments` of tools/call. */
  readonly arguments?: unknown;
}
