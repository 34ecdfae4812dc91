import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { systemClock } from "../../src/base/clock.ts";
import type { McpTargetSettings } from "../../src/mcp/settings.ts";
import { createUpstream } from "../../src/upstream/pool.ts";
import type { RpcMessage } from "./fake-server.ts";

/** What a server does with a request instead of answering it. */
export type Misdeed = (response: ServerResponse, message: RpcMessage) => void;

const json = { "content-type": "application/json" };
const events = { "content-type": "text/event-stream" };
const answerTo = ({ id }: RpcMessage, result: unknown): string => JSON.stringify({ jsonrpc: "2.0", id, result });
const tools = { tools: [{ name: "bad", inputSchema: { type: "object" } }] };

/** Writes for as long as somebody reads. */
function endlessly(response: ServerResponse, chunk: string | Buffer): void {
  const write = (): void => {
    if (response.destroyed) return;
    if (response.write(chunk)) setImmediate(write);
    else response.once("drain", write);
  };
  write();
}

function slowly(response: ServerResponse, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at < text.length && !response.destroyed) response.write(text[at++] as string);
    else {
      clearInterval(timer);
      response.end();
    }
  }, everyMs);
}

const mebibyte = "x".repeat(1_048_576);
const flood = `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: mebibyte } })}\n\n`;

/** By what people would say about such a server. */
export const misdeeds: Readonly<Record<string, Misdeed>> = {
  "never answers": () => {},
  "sends a head of JSON and hangs": (response) => response.writeHead(200, json).flushHeaders(),
  "sends a head of events and hangs": (response) => response.writeHead(200, events).flushHeaders(),
  "hangs up": (response) => void response.destroy(),
  "hangs up in the middle of an event": (response) => {
    response.writeHead(200, events).write('data: {"jsonrpc":"2.0",', () => response.destroy());
  },
  "hangs up in the middle of JSON": (response) => {
    response.writeHead(200, json).write('{"jsonrpc":"2.0",', () => response.destroy());
  },
  "ends its events without an answer": (response) => void response.writeHead(200, events).end(": that was it\n\n"),
  "floods with notifications": (response) => endlessly(response.writeHead(200, events), flood),
  "sends an event without end": (response) => {
    response.writeHead(200, events).write("data: ");
    endlessly(response, mebibyte);
  },
  "sends JSON without end": (response) => endlessly(response.writeHead(200, json), mebibyte),
  "sends an error without end": (response) => endlessly(response.writeHead(500, json), mebibyte),
  "calls HTML JSON": (response) => void response.writeHead(200, json).end("<html>welcome</html>"),
  "sends no content type": (response) => void response.writeHead(200).end("hello"),
  "answers with nothing": (response) => void response.writeHead(200, json).end(),
  "accepts and says no more": (response) => void response.writeHead(202).end(),
  "answers with a string": (response) => void response.writeHead(200, json).end('"fine"'),
  "answers neither way": (response, { id }) => void response.writeHead(200, json).end(JSON.stringify({ jsonrpc: "2.0", id })),
  "results in a number": (response, message) => void response.writeHead(200, json).end(answerTo(message, 7)),
  "lists a text": (response, message) => void response.writeHead(200, json).end(answerTo(message, { tools: "many" })),
  "lists numbers": (response, message) => void response.writeHead(200, json).end(answerTo(message, { tools: [1, null, [], { name: 5 }] })),
  "pages for ever": (response, message) => void response.writeHead(200, json).end(answerTo(message, { tools: [], nextCursor: "again" })),
  "answers in a batch": (response, message) => void response.writeHead(200, json).end(`[${answerTo(message, tools)}]`),
  "answers somebody else": (response) => void response.writeHead(200, json).end(answerTo({ id: "somebody" }, tools)),
  "fails in other types": (response, { id }) => void response.writeHead(200, json).end(JSON.stringify({ jsonrpc: "2.0", id, error: "no" })),
  "sends huge headers": (response) => void response.writeHead(200, { ...json, "x-huge": "x".repeat(100_000) }).end("{}"),
  "sends junk as gzip": (response) =>
    void response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(Buffer.from([0x1f, 0x8b, 8, 0, 255, 254, 1, 2, 3, 0])),
  "speaks no HTTP": (response) => void response.socket?.end("SSH-2.0-OpenSSH_9.6\r\n"),
  "speaks slower than anybody waits": (response, message) =>
    slowly(response.writeHead(200, json), answerTo(message, { ...tools, padding: "x".repeat(400) }), 20),
};

export interface HostileOptions {
  /** What it does with requests; undefined = nothing bad. */
  readonly misdeed: Misdeed | undefined;
  /** Greets like a good server, and does its misdeed afterwards. */
  readonly polite: boolean;
  /** Goes wrong with the client's own stream alone. */
  readonly streamsOnly?: boolean;
  /** Answers byte by byte, this many milliseconds each. */
  readonly byteMs?: number;
}

/** An MCP server over real HTTP that goes wrong in one way. */
export class HostileServer {
  /** Requests that came. */
  requests = 0;
  private readonly options: HostileOptions;
  private readonly sockets = new Set<Socket>();
  private readonly open = new Set<ServerResponse>();
  private readonly server = createServer({ noDelay: true }, (request, response) => void this.serve(request, response));

  constructor(options: HostileOptions) {
    this.options = options;
    this.server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => this.sockets.delete(socket));
    });
  }

  /** Replies that somebody still waits for or reads. */
  get underWay(): number {
    return this.open.size;
  }

  /** Bytes that went out to those who are connected. */
  get sentBytes(): number {
    return Array.from(this.sockets).reduce((sum, { bytesWritten, writableLength }) => sum + bytesWritten - writableLength, 0);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  /** As a target with a connection pool of its own. */
  target(name: string): McpTargetSettings {
    const { port } = this;
    const pool = { connectTimeoutMs: 1_000, idleTimeoutMs: 5_000, maxIdle: undefined, keepAlive: undefined };
    const metrics = { upstreamCalled() {}, upstreamConnected() {} } as unknown as Parameters<typeof createUpstream>[2]["metrics"];
    const { send } = createUpstream({ host: "127.0.0.1", port }, pool, { clock: systemClock, metrics });
    return { kind: "http", name, scheme: "http", authority: `127.0.0.1:${port}`, path: "/mcp", send };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    this.open.add(response);
    response.once("close", () => this.open.delete(response));
    response.on("error", () => {});
    let body = "";
    try {
      for await (const chunk of request) body += String(chunk);
    } catch {
      return; // whoever asked has left
    }
    const message = body === "" ? {} : (JSON.parse(body) as RpcMessage);
    const { misdeed, polite, streamsOnly = false } = this.options;
    const bad = streamsOnly ? request.method === "GET" : !polite || isWork(message, request);
    if (misdeed !== undefined && bad) misdeed(response, message);
    else this.answer(request, response, message);
  }

  private answer(request: IncomingMessage, response: ServerResponse, message: RpcMessage): void {
    if (request.method === "GET") response.writeHead(200, events).flushHeaders();
    else if (message.id === undefined) response.writeHead(request.method === "DELETE" ? 200 : 202).end();
    else {
      response.writeHead(200, json);
      const text = answerTo(message, results[message.method ?? ""] ?? {});
      if (this.options.byteMs === undefined) response.end(text);
      else slowly(response, text, this.options.byteMs);
    }
  }
}

/** Whether it is no part of the greeting. */
function isWork({ method }: RpcMessage, request: IncomingMessage): boolean {
  return method !== "initialize" && method !== "notifications/initialized" && request.method !== "DELETE";
}

const results: Readonly<Record<string, unknown>> = {
  initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } },
  "tools/list": { tools: [{ name: "good", inputSchema: { type: "object" } }] },
  "tools/call": { content: [{ type: "text", text: "done" }] },
};
