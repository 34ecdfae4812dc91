import { isJsonObject, type JsonObject } from "../../base/json.ts";
import { SseParser } from "../../base/sse.ts";
import type { McpCall, McpItem } from "../../contract/mcp.ts";
import { fieldTable } from "./field-view.ts";

export interface McpSubject {
  readonly call: Readonly<McpCall>;
  /** The reply's body as far as it was recorded, of an exchange that is over. */
  readonly recorded: Uint8Array | undefined;
}

/** CEL `mcp`. */
export const mcpFields = fieldTable<McpSubject>({
  methodName: ({ call }) => call.methodName,
  sessionId: ({ call }) => call.sessionId,
  tool: ({ call, recorded }) => tool(call, recorded),
  prompt: ({ call }) => item(call.prompt),
  resource: ({ call }) => item(call.resource),
  task: ({ call }) => item(call.task),
});

function item(found: McpItem | undefined): { target: string; name: string } | undefined {
  return found === undefined ? undefined : { target: found.target, name: found.name };
}

function tool({ tool: found, error }: Readonly<McpCall>, recorded: Uint8Array | undefined): object | undefined {
  if (found === undefined) return undefined;
  const response = recorded === undefined ? undefined : responseIn(Buffer.from(recorded));
  return {
    target: found.target,
    name: found.name,
    arguments: found.arguments,
    result: response?.["result"],
    error: response?.["error"] ?? error,
  };
}

/** The response in a body, JSON or event stream; undefined where it was cut off, or never came. */
function responseIn(body: Buffer): JsonObject | undefined {
  const whole = parse(body.toString());
  if (whole !== undefined) return whole;
  let response: JsonObject | undefined;
  const onEvent = ({ data }: { readonly data: string }): void => {
    const message = parse(data);
    if (message !== undefined && message["method"] === undefined) response = message;
  };
  new SseParser({ maxEventBytes: body.length, onEvent, onOversize() {} }).feed(body);
  return response;
}

function parse(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
