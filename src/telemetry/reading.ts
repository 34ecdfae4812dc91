import type { Exchange } from "../contract/exchange.ts";
import type { McpCall, McpItem } from "../contract/mcp.ts";

/** What log, spans and metrics all say about a finished exchange, so that they say the same. */

/** The kind of backend the exchange was for; undefined when it never got as far as one. */
export function protocolOf(exchange: Exchange): "http" | "llm" | "mcp" | undefined {
  if (exchange.protocol === "http" && exchange.attempts.length === 0) return undefined;
  return exchange.protocol;
}

/** The `reason` label: who made the reply, `Upstream` when a backend did. */
export function reasonOf(exchange: Exchange): string {
  if (exchange.error !== undefined) return exchange.error.row.reason;
  if (exchange.reason !== undefined) return exchange.reason;
  return protocolOf(exchange) === undefined ? "DirectResponse" : "Upstream";
}

/** From the request's arrival to the end of the reply, milliseconds. */
export function durationOf(exchange: Exchange): number {
  return Math.max(0, exchange.finishedAt - exchange.startedMonotonic);
}

/** Milliseconds from the request's arrival to a stream's first token; undefined for replies that were not streamed. */
export function firstTokenDelay(exchange: Exchange): number | undefined {
  const at = exchange.llm?.firstTokenAt;
  return at === undefined ? undefined : Math.max(0, at - exchange.startedMonotonic);
}

/** Milliseconds per output token after the first one came; undefined when there was no stream or no count. */
export function timePerOutputToken(exchange: Exchange): number | undefined {
  const { llm } = exchange;
  const tokens = llm?.usage.outputTokens;
  if (llm?.firstTokenAt === undefined || tokens === undefined || tokens <= 0) return undefined;
  return Math.max(0, exchange.finishedAt - llm.firstTokenAt) / tokens;
}

export type McpSubjectType = "tool" | "prompt" | "resource" | "task";

/** What an MCP call is about: its kind and the item. */
export interface McpSubject {
  readonly type: McpSubjectType;
  readonly item: McpItem;
}

export function mcpSubject(mcp: McpCall): McpSubject | undefined {
  if (mcp.tool !== undefined) return { type: "tool", item: mcp.tool };
  if (mcp.prompt !== undefined) return { type: "prompt", item: mcp.prompt };
  if (mcp.resource !== undefined) return { type: "resource", item: mcp.resource };
  if (mcp.task !== undefined) return { type: "task", item: mcp.task };
  return undefined;
}

/** The target that served an MCP call; undefined for a fan-out. */
export function mcpTarget(mcp: McpCall): string | undefined {
  return mcp.target ?? mcpSubject(mcp)?.item.target;
}

/** What went wrong, for log and span; undefined when nothing did. */
export function failureOf(exchange: Exchange): Error | undefined {
  return exchange.error ?? exchange.streamError;
}
