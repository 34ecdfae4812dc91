import { marker, prose } from "./replies.ts";

/** An MCP server's side of streamable HTTP (2025-11-25), as text ready to be sent. */

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly protocolVersion?: string };
}

const tools = Array.from({ length: 8 }, (_, i) => ({
  name: i === 0 ? "echo" : `tool-${i}`,
  description: prose(120),
  inputSchema: { type: "object", properties: { text: { type: "string" }, count: { type: "integer" } }, required: ["text"] },
}));

/** 1 KB of text, the size of a small tool result. */
const toolResult = JSON.stringify({ content: [{ type: "text", text: `${marker} ${prose(1_000)}` }], isError: false });
const toolList = JSON.stringify({ tools });

/** Tools of a server with many. */
export const listedTools = 100;

/** As servers of the larger kind have them, some 0.5 KB each, of which the schema is 0.3. */
const longToolList = JSON.stringify({
  tools: Array.from({ length: listedTools }, (_, i) => ({
    name: i === 0 ? "echo" : `tool-${i}`,
    description: i === 0 ? marker : prose(100),
    inputSchema: {
      type: "object",
      properties: {
        path: { type: "string", description: prose(20) },
        pattern: { type: "string", description: prose(20), minLength: 1 },
        limit: { type: "integer", minimum: 1, maximum: 1_000, default: 100 },
        recursive: { type: "boolean", default: false },
      },
      required: ["path", "pattern"],
    },
  })),
});

let sessions = 0;

/**
 * The reply to a POSTed message.
 * @param body empty for a DELETE
 * @param form whether results come as one JSON text or as a stream with one event; `list` is JSON, from a server with many tools
 */
export function answer(body: string, form: "json" | "sse" | "list"): string {
  if (body === "") return "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"; // DELETE: the session is over
  const message = JSON.parse(body) as Message;
  if (message.id === undefined) return "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
  const id = JSON.stringify(message.id);
  switch (message.method ?? "") {
    case "initialize":
      return reply(
        form,
        `{"jsonrpc":"2.0","id":${id},"result":${initializeResult(message)}}`,
        `mcp-session-id: bench-${(sessions += 1)}\r\n`,
      );
    case "tools/list":
      return reply(form, `{"jsonrpc":"2.0","id":${id},"result":${form === "list" ? longToolList : toolList}}`);
    case "tools/call":
      return reply(form, `{"jsonrpc":"2.0","id":${id},"result":${toolResult}}`);
    case "ping":
      return reply(form, `{"jsonrpc":"2.0","id":${id},"result":{}}`);
    default:
      return reply("json", `{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"method not found"}}`);
  }
}

function initializeResult(message: Message): string {
  return JSON.stringify({
    protocolVersion: message.params?.protocolVersion ?? "2025-11-25",
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: "bench", version: "1.0.0" },
  });
}

/** All texts here are ASCII, so characters are bytes. */
function reply(form: "json" | "sse" | "list", json: string, fields = ""): string {
  if (form !== "sse") return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${fields}content-length: ${json.length}\r\n\r\n${json}`;
  const event = `event: message\ndata: ${json}\n\n`;
  return `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n${fields}transfer-encoding: chunked\r\n\r\n${event.length.toString(16)}\r\n${event}\r\n0\r\n\r\n`;
}
