import type { HeaderList } from "../../src/base/headers.ts";
import { SseParser } from "../../src/base/sse.ts";
import type { Exchange } from "../../src/contract/exchange.ts";
import { isReplyStream, type Reply, type ReplyBody } from "../../src/contract/reply.ts";
import type { GatewayMetrics } from "../../src/contract/metrics.ts";
import type { StateStore } from "../../src/contract/stores.ts";
import { compileMcpBackend } from "../../src/mcp/backend.ts";
import { PinRegistry } from "../../src/mcp/integrity/registry.ts";
import { readBody } from "../../src/mcp/read-body.ts";
import type { McpBackendSettings, McpContext, McpTargetSettings, SpawnProcess } from "../../src/mcp/settings.ts";
import { toReply } from "../../src/pipeline/compose.ts";
import { MemoryState } from "../../src/store/memory-state.ts";
import { MemorySessionStore } from "../../src/store/session-store.ts";
import { testClock, testContext, testExchange } from "../policy-harness.ts";
import type { FakeServer, RpcMessage } from "./fake-server.ts";

export interface RigOptions extends Partial<Omit<McpBackendSettings, "targets">> {
  readonly limits?: McpContext["limits"];
  readonly spawn?: SpawnProcess;
  readonly sessions?: MemorySessionStore;
  readonly sessionKey?: Buffer;
  /** Where pinned tool definitions are kept. */
  readonly state?: StateStore;
}

export interface Answered {
  readonly status: number;
  readonly headers: HeaderList;
  readonly text: string;
  /** The JSON-RPC messages in it. */
  readonly messages: RpcMessage[];
  readonly exchange: Exchange;
}

export interface RequestOptions {
  readonly session?: string | undefined;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly identity?: Exchange["identity"];
  /** The request's own span; without it nothing is traced. */
  readonly trace?: Exchange["trace"];
  readonly authority?: string;
  /** The address of the gateway that the client connected to. */
  readonly localAddress?: string;
  /** A `cors` policy allows the client's Origin. */
  readonly originAllowed?: boolean;
  readonly path?: string;
  readonly search?: string;
  /** The client leaves. */
  readonly signal?: AbortSignal;
}

/** An MCP backend without network, driven by requests as its route would. */
export class Rig {
  readonly clock = testClock();
  readonly log: string[];
  readonly sessions: MemorySessionStore;
  /** Definitions of tools that are pinned. */
  readonly pins: PinRegistry;
  /** What was counted about them: `backend target kind`. */
  readonly changes: string[] = [];
  /** How many wait for a decision, by `backend target`. */
  pending: () => Record<string, number> = () => ({});
  private readonly resources = new Map<string, { resource: unknown; dispose: () => void }>();
  private readonly compiled: ReturnType<typeof compileMcpBackend>;

  constructor(targets: Readonly<Record<string, FakeServer | McpTargetSettings>>, options: RigOptions = {}) {
    const { limits, spawn, sessions, sessionKey, state, ...settings } = options;
    const context = testContext();
    this.log = context.logged;
    this.sessions = sessions ?? new MemorySessionStore({ clock: this.clock, maxSessions: 100, reapEveryMs: 3_600_000 });
    const metrics = {
      toolChanged: (...labels: string[]) => void this.changes.push(labels.join(" ")),
      countPendingTools: (read) =>
        void (this.pending = () => Object.fromEntries(read().map(({ backend, target, count }) => [`${backend} ${target}`, count]))),
    } as GatewayMetrics;
    this.pins = new PinRegistry({ store: state ?? new MemoryState(), clock: this.clock, log: context.log, metrics });
    this.compiled = compileMcpBackend(
      {
        name: "mcp:test",
        targets: Object.entries(targets).map(([name, target]) => ("kind" in target ? target : httpTarget(name, target))),
        statefulMode: "stateful",
        prefixMode: "conditional",
        maxNameLength: 64,
        pageSize: 1_000,
        failureMode: "failClosed",
        dnsRebindingProtection: undefined,
        sessionTtlMs: 1_000,
        authorize: undefined,
        ...settings,
      },
      {
        clock: this.clock,
        log: context.log,
        sessions: this.sessions,
        sessionKey,
        resources: {
          acquire: (key, create, dispose) => {
            if (!this.resources.has(key)) {
              const resource = create();
              this.resources.set(key, { resource, dispose: () => dispose?.(resource) });
            }
            return this.resources.get(key)?.resource as ReturnType<typeof create>;
          },
        },
        environment: { PATH: process.env["PATH"] },
        spawn:
          spawn ??
          (() => {
            throw new Error("this test starts no processes");
          }),
        version: "0.0.1",
        pins: this.pins,
        ...(limits === undefined ? {} : { limits }),
      },
    );
  }

  /** What the backend holds under a key beyond its own life; fails the test when there is nothing. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the test says what it expects
  held<T>(key: string): T {
    const found = this.resources.get(key);
    if (found === undefined) throw new Error(`nothing is held under ${key}`);
    return found.resource as T;
  }

  /** Ends sessions and child processes. */
  close(): void {
    this.sessions.close();
    for (const { dispose } of this.resources.values()) dispose();
  }

  /** The reply, its stream not yet started. */
  async send(method: string, body: unknown, options: RequestOptions = {}): Promise<{ reply: Reply; exchange: Exchange }> {
    const headers: Record<string, string | readonly string[]> = {
      accept: "application/json, text/event-stream",
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
      ...(options.session === undefined ? {} : { "mcp-session-id": options.session }),
      ...options.headers,
    };
    const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
    const exchange = testExchange({
      method,
      path: options.path ?? "/mcp",
      search: options.search ?? "",
      headers,
      body: text,
      ...(options.authority === undefined ? {} : { authority: options.authority }),
      ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
    });
    exchange.originAllowed = options.originAllowed ?? false;
    Object.assign(exchange.identity, options.identity);
    exchange.trace = options.trace;
    options.signal?.addEventListener("abort", () => exchange.abort(new Error("the client left")));
    try {
      await this.compiled.decode(exchange);
      return { reply: await this.compiled.backend.call(exchange), exchange };
    } catch (thrown) {
      return { reply: toReply(exchange, thrown), exchange };
    }
  }

  async request(method: string, body: unknown, options: RequestOptions = {}): Promise<Answered> {
    const { reply, exchange } = await this.send(method, body, options);
    const text = await textOf(reply.body);
    return {
      status: reply.status,
      headers: reply.headers,
      text,
      messages: messagesIn(reply.headers.get("content-type") ?? "", text),
      exchange,
    };
  }

  post(message: unknown, options: RequestOptions = {}): Promise<Answered> {
    return this.request("POST", message, options);
  }

  /** One call, `id` 1. */
  call(method: string, params: unknown, options: RequestOptions = {}): Promise<Answered> {
    return this.post({ jsonrpc: "2.0", id: 1, method, params }, options);
  }

  /** Opens a session as a client does. @returns its id */
  async open(options: RequestOptions = {}): Promise<string> {
    const opened = await this.post(initialize(), options);
    const session = opened.headers.get("mcp-session-id");
    if (session === undefined) throw new Error(`no session: ${opened.status} ${opened.text}`);
    await this.post({ jsonrpc: "2.0", method: "notifications/initialized" }, { ...options, session });
    return session;
  }
}

export function initialize(params: Record<string, unknown> = {}): unknown {
  return {
    jsonrpc: "2.0",
    id: "init",
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: { sampling: {} }, clientInfo: { name: "test", version: "1" }, ...params },
  };
}

export function httpTarget(name: string, server: FakeServer): McpTargetSettings {
  return { kind: "http", name, scheme: "http", authority: `${name}.test`, path: `/${name}/mcp`, send: server.send };
}

async function textOf(body: ReplyBody): Promise<string> {
  return (await readBody(body, 10_000_000)).toString();
}

function messagesIn(type: string, text: string): RpcMessage[] {
  if (type.startsWith("application/json")) return [JSON.parse(text) as RpcMessage];
  if (!type.startsWith("text/event-stream")) return [];
  const messages: RpcMessage[] = [];
  new SseParser({ maxEventBytes: 1_000_000, onEvent: ({ data }) => messages.push(JSON.parse(data) as RpcMessage) }).feed(Buffer.from(text));
  return messages;
}

/** An open event stream whose messages are collected as they come. */
export class OpenStream {
  readonly messages: RpcMessage[] = [];
  ended = false;
  private readonly cancelStream: (reason: Error) => void;

  constructor(reply: Reply) {
    if (!isReplyStream(reply.body)) throw new Error(`no stream: ${reply.status}`);
    const { body } = reply;
    this.cancelStream = (reason) => body.cancel(reason);
    const parser = new SseParser({ maxEventBytes: 1_000_000, onEvent: ({ data }) => this.messages.push(JSON.parse(data) as RpcMessage) });
    const over = (): void => void (this.ended = true);
    body.start({
      data(chunk) {
        parser.feed(chunk);
        return true;
      },
      end: over,
      fail: over,
    });
  }

  /** The client leaves. */
  close(): void {
    this.cancelStream(new Error("client left"));
  }
}

/** The result in the last message; fails the test when there is none. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the test says what it expects
export function resultOf<T>({ messages, text }: Answered): T {
  const result = messages.at(-1)?.result;
  if (result === undefined) throw new Error(`no result: ${text}`);
  return result as T;
}

/** Lets everything that waits for nothing but its turn happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
