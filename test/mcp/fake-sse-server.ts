import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import type { Send } from "../../src/contract/outgoing.ts";
import { Reply } from "../../src/contract/reply.ts";
import type { McpTargetSettings } from "../../src/mcp/settings.ts";
import type { RpcMessage } from "./fake-server.ts";

export interface FakeSseOptions {
  /** Data of the endpoint event; undefined sends none. */
  readonly endpoint?: string | undefined;
  readonly answers?: Readonly<Record<string, (message: RpcMessage, server: FakeSseServer) => unknown>>;
}

/** A server of the HTTP+SSE transport without a network: the `send` of a target. */
export class FakeSseServer {
  readonly received: { readonly path: string; readonly search: string; readonly headers: HeaderList; readonly message: RpcMessage }[] = [];
  /** Streams opened so far. */
  readonly streams: PushStream[] = [];
  cancelled = 0;
  /** Answers each POST instead of the server. */
  refusal: (() => Reply) | undefined;
  private readonly options: FakeSseOptions;

  constructor(options: FakeSseOptions = {}) {
    this.options = { endpoint: "/messages?sessionId=1", ...options };
  }

  get methods(): (string | undefined)[] {
    return this.received.map(({ message }) => message.method);
  }

  readonly send: Send = async ({ head, body }) => {
    if (head.method === "GET") return this.open();
    const message = JSON.parse(Buffer.from(body as Uint8Array).toString()) as RpcMessage;
    this.received.push({ path: head.path, search: head.search, headers: head.headers, message });
    if (this.refusal !== undefined) return this.refusal();
    const { id, method } = message;
    if (id !== undefined && method !== undefined) {
      const result = method === "initialize" ? hello : await this.options.answers?.[method]?.(message, this);
      if (result !== undefined) this.say({ jsonrpc: "2.0", id, result });
    }
    return new Reply(202, new HeaderList(), "Accepted");
  };

  /** Sends a message into the newest stream. Returns false when the reader is behind. */
  say(message: unknown): boolean {
    return this.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  write(text: string): boolean {
    return this.streams.at(-1)?.write(Buffer.from(text)) ?? false;
  }

  private open(): Reply {
    const stream = new PushStream({ maxWaitingBytes: 1_000_000, onCancel: () => (this.cancelled += 1) });
    this.streams.push(stream);
    if (this.options.endpoint !== undefined) this.write(`event: endpoint\ndata: ${this.options.endpoint}\n\n`);
    return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), stream);
  }
}

const hello = { protocolVersion: "2024-11-05", capabilities: { tools: {} }, serverInfo: { name: "old", version: "1" } };

export function sseTarget(name: string, server: FakeSseServer): McpTargetSettings {
  return { kind: "sse", name, scheme: "http", authority: `${name}.test`, path: "/sse", send: server.send };
}
