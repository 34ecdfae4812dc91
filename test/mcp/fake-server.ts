import { HeaderList } from "../../src/base/headers.ts";
import { PushStream } from "../../src/base/push-stream.ts";
import type { Outgoing, Send } from "../../src/contract/outgoing.ts";
import { Reply } from "../../src/contract/reply.ts";

/** One request as the server got it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: string;
  /** The message in it; undefined for GET and DELETE. */
  readonly message: RpcMessage | undefined;
}

export interface RpcMessage {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A result, a whole HTTP reply, or what decides on one of them. */
export type Behaviour = object | ((received: Received) => unknown);

export interface FakeServerOptions {
  readonly capabilities?: Record<string, unknown>;
  readonly protocolVersion?: string;
  readonly instructions?: string;
  /** Hands out session ids and insists on them. */
  readonly sessions?: boolean;
  /** Answers requests with an event stream instead of JSON. */
  readonly events?: boolean;
  /** By method; tools/list and the like have no default. */
  readonly answers?: Record<string, Behaviour>;
}

/** An MCP server without a network: the `send` of a target. */
export class FakeServer {
  readonly received: Received[] = [];
  readonly options: FakeServerOptions;
  /** Session ids that are valid now. */
  readonly sessions = new Set<string>();
  /** The open GET stream. */
  stream: PushStream | undefined;
  private count = 0;

  constructor(options: FakeServerOptions = {}) {
    this.options = options;
  }

  /** Methods received so far, `GET` and `DELETE` among them. */
  get methods(): string[] {
    return this.received.map(({ method, message }) => message?.method ?? (message === undefined ? method : "response"));
  }

  readonly send: Send = async (outgoing) => {
    const received = read(outgoing);
    this.received.push(received);
    const { method, message, headers } = received;
    if (this.options.sessions === true && message?.method !== "initialize" && !this.sessions.has(headers.get("mcp-session-id") ?? "")) {
      return Reply.text(404, "session not found");
    }
    if (method === "GET") return this.listen();
    if (method === "DELETE") {
      this.sessions.delete(headers.get("mcp-session-id") ?? "");
      return new Reply(200, new HeaderList());
    }
    if (message?.method === undefined || message.id === undefined) return new Reply(202, new HeaderList());
    return this.answer(received, message);
  };

  /** Sends the client a message of the server's own. */
  push(message: unknown): void {
    this.stream?.write(Buffer.from(`data: ${JSON.stringify(message)}\n\n`));
  }

  private listen(): Reply {
    const answer = this.options.answers?.["GET"];
    if (answer instanceof Reply) return answer;
    this.stream = new PushStream({ maxWaitingBytes: 1_000_000 });
    return new Reply(200, new HeaderList(["content-type", "text/event-stream"]), this.stream);
  }

  private async answer(received: Received, message: RpcMessage): Promise<Reply> {
    const behaviour = this.options.answers?.[message.method ?? ""] ?? this.defaults()[message.method ?? ""];
    const outcome: unknown = typeof behaviour === "function" ? await (behaviour as (received: Received) => unknown)(received) : behaviour;
    if (outcome instanceof Reply) return outcome;
    const response =
      outcome === undefined
        ? { jsonrpc: "2.0", id: message.id, error: { code: -32601, message: `method not found: ${message.method}` } }
        : { jsonrpc: "2.0", id: message.id, result: outcome };
    const reply =
      this.options.events === true
        ? new Reply(200, new HeaderList(["content-type", "text/event-stream"]), `event: message\ndata: ${JSON.stringify(response)}\n\n`)
        : Reply.json(200, response);
    if (message.method === "initialize" && this.options.sessions === true) reply.headers.set("mcp-session-id", this.open());
    return reply;
  }

  private open(): string {
    this.count += 1;
    const id = `upstream-${this.count}`;
    this.sessions.add(id);
    return id;
  }

  private defaults(): Record<string, Behaviour> {
    const { protocolVersion = "2025-06-18", capabilities = { tools: {} }, instructions } = this.options;
    return {
      initialize: {
        protocolVersion,
        capabilities,
        serverInfo: { name: "fake", version: "1" },
        ...(instructions === undefined ? {} : { instructions }),
      },
      ping: {},
      "tools/call": ({ message }: Received) => ({ content: [{ type: "text", text: JSON.stringify(message?.params) }] }),
    };
  }
}

function read({ head, body }: Outgoing): Received {
  const text = body instanceof Uint8Array ? Buffer.from(body).toString() : "";
  const message = text === "" ? undefined : (JSON.parse(text) as RpcMessage);
  return { method: head.method, path: head.path, headers: head.headers, body: text, message };
}

/** Tools by name, as tools/list has them. */
export function tools(...names: readonly string[]): { tools: { name: string; inputSchema: { type: string } }[] } {
  return { tools: names.map((name) => ({ name, inputSchema: { type: "object" } })) };
}
