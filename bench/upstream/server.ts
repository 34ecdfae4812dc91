import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type MessageHandler, MessageReader } from "../wire/message-reader.ts";
import { answer } from "./mcp-replies.ts";
import { chatEvents, chatReply, firstEvent, plainReply, streamEnd, streamHead } from "./replies.ts";

/**
 * The upstream of every candidate, a process of its own: replies built beforehand, straight to the socket, as little work
 * as Node allows. Answers by path:
 *   /idle                    one event, then silence
 *   .../chat/completions     a chat completion, streamed if the request says `"stream":true`
 *   /mcp/json, /mcp/sse      MCP; GET opens a silent stream
 *   /mcp/list                the same in JSON, with a hundred tools
 *   anything else            1.5 KB of JSON
 * Serves the same on four ports, for cases with several servers, and sends them to its parent as `{ports}`.
 */

type Route = "plain" | "chat" | "idle" | "mcp-json" | "mcp-sse" | "mcp-list";

class UpstreamConnection implements MessageHandler {
  private readonly socket: Socket;
  private route: Route = "plain";
  private get = false;
  private bytes: Buffer | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  head(text: string): void {
    const line = text.slice(0, text.indexOf("\r\n"));
    this.get = line.startsWith("GET ");
    this.route = routeOf(line);
    this.bytes = undefined;
  }

  body(chunk: Buffer, start: number, end: number): void {
    if (this.route === "plain") return;
    const part = chunk.subarray(start, end);
    this.bytes = this.bytes === undefined ? part : Buffer.concat([this.bytes, part]);
  }

  end(): void {
    const { socket } = this;
    switch (this.route) {
      case "plain":
        socket.write(plainReply);
        return;
      case "chat":
        if (this.bytes?.includes('"stream":true') === true) streamChat(socket);
        else socket.write(chatReply);
        return;
      case "idle":
        socket.write(Buffer.concat([streamHead, firstEvent]));
        return;
      case "mcp-json":
      case "mcp-sse":
      case "mcp-list":
        if (this.get) socket.write(streamHead);
        else socket.write(answer(this.bytes?.toString("latin1") ?? "", formOf[this.route]), "latin1");
    }
  }
}

const formOf = { "mcp-json": "json", "mcp-sse": "sse", "mcp-list": "list" } as const;

function routeOf(line: string): Route {
  if (line.includes("/mcp/json")) return "mcp-json";
  if (line.includes("/mcp/sse")) return "mcp-sse";
  if (line.includes("/mcp/list")) return "mcp-list";
  if (line.includes("/chat/completions")) return "chat";
  return line.includes("/idle") ? "idle" : "plain";
}

/** One event a turn of the event loop, so that each travels by itself, as tokens do. */
function streamChat(socket: Socket): void {
  let next = 0;
  const write = (): void => {
    if (socket.destroyed) return;
    const event = chatEvents[next] as Buffer;
    socket.write(next === 0 ? Buffer.concat([streamHead, event]) : event);
    next += 1;
    if (next < chatEvents.length) setImmediate(write);
    else socket.write(streamEnd);
  };
  write();
}

function accept(socket: Socket): void {
  const reader = new MessageReader("request", new UpstreamConnection(socket));
  socket.on("data", (chunk) => reader.push(chunk as Buffer));
  socket.on("error", () => socket.destroy());
}

async function listen(): Promise<number> {
  const server = createServer({ noDelay: true }, accept);
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

process.on("disconnect", () => process.exit(0));
const ports = await Promise.all(Array.from({ length: 4 }, listen));
process.send?.({ ports });
