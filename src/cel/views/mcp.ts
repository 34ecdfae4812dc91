import type { McpCall, McpItem } from "../../contract/mcp.ts";
import { fieldTable } from "./field-view.ts";

/** CEL `mcp`. */
export const mcpFields = fieldTable<McpCall>({
  methodName: (call) => call.methodName,
  sessionId: (call) => call.sessionId,
  tool: ({ tool, error }) => (tool === undefined ? undefined : { target: tool.target, name: tool.name, arguments: tool.arguments, error }),
  prompt: (call) => item(call.prompt),
  resource: (call) => item(call.resource),
  task: (call) => item(call.task),
});

function item(found: McpItem | undefined): { target: string; name: string } | undefined {
  return found === undefined ? undefined : { target: found.target, name: found.name };
}
