import { Readable } from "node:stream";
import { HeaderList } from "../../src/base/headers.ts";
import type { RequestBody } from "../../src/contract/body.ts";
import { GatewayError } from "../../src/contract/errors.ts";
import { Exchange } from "../../src/contract/exchange.ts";
import type { Outgoing, Send } from "../../src/contract/outgoing.ts";
import { isReplyStream, Reply, type ReplySink, type ReplyStream } from "../../src/contract/reply.ts";
import type { CompileContext, UpstreamAddress } from "../../src/contract/runtime.ts";

/** What the LLM code needs of the rest of the gateway, without a server: a provider is a function that answers. */

export interface TestRequest {
  readonly method?: string;
  readonly path?: string;
  readonly search?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is bytes or text already. */
  readonly body?: unknown;
  readonly maxBufferSize?: number;
}

export function exchangeFor({
  method = "POST",
  path = "/v1/chat/completions",
  search = "",
  headers = {},
  body,
  maxBufferSize = 65_536,
}: TestRequest): Exchange {
  const fields = new HeaderList(["host", "gateway.test", "content-type", "application/json"]);
  for (const [name, value] of Object.entries(headers)) fields.set(name, value);
  return new Exchange({
    connection: { remoteAddress: "127.0.0.1", remotePort: 50_000, localAddress: "127.0.0.1", localPort: 4000 },
    listener: { bind: "b", gateway: "g", listener: "l" },
    request: { method, scheme: "http", authority: "gateway.test", path, search, headers: fields },
    body: new TestBody(bytesOf(body)),
    httpVersion: "1.1",
    limits: { maxBufferSize },
    startedAt: 1_700_000_000_000,
    startedMonotonic: 0,
  });
}

function bytesOf(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

class TestBody implements RequestBody {
  readonly recorded = undefined;
  record(): void {}

  readonly length: number;
  collected: Buffer | undefined = undefined;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.length = bytes.length;
  }

  async collect(limit: number): Promise<Buffer> {
    if (this.collected !== undefined) return this.collected;
    if (this.bytes.length > limit) throw new GatewayError("body_too_large");
    return (this.collected = this.bytes);
  }

  stream(): Readable {
    return Readable.from([this.bytes]);
  }

  replace(bytes: Buffer): void {
    this.collected = bytes;
  }
}

/** One request as a provider got it. */
export interface SentRequest {
  readonly address: UpstreamAddress;
  readonly policies: Readonly<Record<string, unknown>>;
  readonly outgoing: Outgoing;
  readonly url: string;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export class TestProvider {
  readonly sent: SentRequest[] = [];
  readonly warnings: string[] = [];
  failedRules = 0;
  /** What the clock shows, milliseconds. */
  now = 1_000;
  reply: (sent: SentRequest) => Reply = () => Reply.json(200, {});

  get last(): SentRequest {
    const last = this.sent.at(-1);
    if (last === undefined) throw new Error("nothing was sent");
    return last;
  }

  context(path = "llm"): CompileContext {
    const unavailable = (): never => {
      throw new Error("not part of this test");
    };
    return {
      path,
      clock: { wall: () => 1_700_000_000_000 + this.now, monotonic: () => this.now },
      resources: { acquire: (_key, create) => create() },
      stores: { rateLimits: { take: unavailable }, sessions: undefined } as unknown as CompileContext["stores"],
      log: { debug() {}, info() {}, warn: (message) => this.warnings.push(message), error() {} },
      metrics: { ruleFailed: () => (this.failedRules += 1) } as unknown as CompileContext["metrics"],
      readFile: unavailable,
      environment: {},
      upstream: unavailable,
      send: (address, policies) => this.sendTo(address, policies),
      backend: unavailable,
      expect: () => {},
      warn: (message) => this.warnings.push(message),
      pages: unavailable,
      needsCaller: unavailable,
    };
  }

  private sendTo(address: UpstreamAddress, policies: Readonly<Record<string, unknown>>): Send {
    return async (outgoing) => {
      const bytes = await readAll(outgoing.body);
      const text = bytes.toString();
      const { head } = outgoing;
      const url = `${address.tls === undefined ? "http" : "https"}://${address.host}:${address.port}${head.path}${head.search}`;
      const sent = { address, policies, outgoing, url, text, json: parsed(text) };
      this.sent.push(sent);
      return this.reply(sent);
    };
  }
}

async function readAll(body: Outgoing["body"]): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** A reply body that is pushed by hand. */
export class HandStream implements ReplyStream {
  sink: ReplySink | undefined = undefined;
  cancelled: Error | undefined = undefined;
  resumed = 0;

  start(sink: ReplySink): void {
    this.sink = sink;
  }

  resume(): void {
    this.resumed += 1;
  }

  cancel(reason: Error): void {
    this.cancelled = reason;
  }
}

/** A reply body that comes in these pieces as soon as it is started. */
export function streamOf(chunks: readonly (string | Uint8Array)[]): ReplyStream {
  return {
    start(sink) {
      for (const chunk of chunks) sink.data(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
      sink.end();
    },
    resume() {},
    cancel() {},
  };
}

export function eventStream(chunks: readonly (string | Uint8Array)[]): Reply {
  return new Reply(200, new HeaderList(["content-type", "text/event-stream; charset=utf-8"]), streamOf(chunks));
}

/** Every byte of a reply's body, as a client gets it. */
export function receive(reply: Reply): Promise<Buffer> {
  const { body } = reply;
  if (body === null) return Promise.resolve(Buffer.alloc(0));
  if (typeof body === "string" || body instanceof Uint8Array) return Promise.resolve(Buffer.from(body as Uint8Array));
  if (!isReplyStream(body)) return Promise.reject(new Error("the reply is a connection"));
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    body.start({
      data(chunk) {
        chunks.push(chunk);
        return true;
      },
      end: () => resolve(Buffer.concat(chunks)),
      fail: reject,
    });
  });
}

/** The code of the JSON error that a refusal carries. */
export function errorCode(thrown: unknown): string {
  if (!(thrown instanceof GatewayError)) throw thrown;
  const body = JSON.parse(thrown.details.body?.text ?? "{}") as { error?: { code?: string } };
  return `${thrown.status} ${body.error?.code}`;
}
