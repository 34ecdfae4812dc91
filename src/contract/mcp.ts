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
