import { hash } from "node:crypto";
import type { JsonObject } from "../base/json.ts";
import { within } from "../base/deadline.ts";
import { SseParser } from "../base/sse.ts";
import { isReplyStream, type Reply, type ReplyBody, type ReplySink, type ReplyStream } from "../contract/reply.ts";
import { mayHaveMethod } from "./event-stream.ts";
import { JsonView } from "./json-view.ts";
import { parseObject } from "./message.ts";
import { completeBody, readBody } from "./read-body.ts";

/** A server's JSON-RPC response, as bytes and parsed. */
export class ServerResponse {
  readonly bytes: Buffer;
  readonly value: JsonObject;
  private found: { readonly result: Buffer | undefined } | undefined;
  private hashed: Buffer | undefined;

  constructor(bytes: Buffer, value: JsonObject) {
    this.bytes = bytes;
    this.value = value;
  }

  /** JSON text of its `result`; undefined where there is none. Found at the first look. @throws AmbiguousKey */
  get result(): Buffer | undefined {
    this.found ??= { result: new JsonView(this.bytes).member("result")?.bytes };
    return this.found.result;
  }

  /** What tells its `result` from others. @throws AmbiguousKey */
  get digest(): Buffer {
    return (this.hashed ??= hash("sha256", this.result ?? nothing, "buffer"));
  }
}

const nothing = Buffer.alloc(0);

export interface ReadOptions {
  /** Bytes of one message. */
  readonly limit: number;
  /** Milliseconds until the response must be there; the body is left then. 0 = however long it takes. */
  readonly timeoutMs: number;
  /** Requests and notifications that come before the response. */
  readonly onMessage?: (message: Buffer) => void;
}

/**
 * The response that a successful reply to a request carries, as JSON or in an event stream; what follows it in the
 * stream is not waited for.
 * @throws Error when there is none: the text says what came instead
 */
export async function readResponse(reply: Reply, options: ReadOptions): Promise<ServerResponse> {
  const type = reply.headers.get("content-type") ?? "";
  return inTime(
    reply.body,
    options.timeoutMs,
    type.startsWith("text/event-stream") ? readStream(reply, options) : readJson(reply, options),
  );
}

/** The work of reading a body, which is cancelled when that takes too long: one who hangs must not hold a connection for ever. */
export function inTime<T>(body: ReplyBody, timeoutMs: number, reading: Promise<T>): Promise<T> {
  if (timeoutMs <= 0 || !isReplyStream(body)) return reading;
  return within(timeoutMs, reading, () => {
    const late = new Error(`no whole answer within ${timeoutMs} ms`);
    body.cancel(late);
    return late;
  });
}

async function readJson(reply: Reply, { limit }: ReadOptions): Promise<ServerResponse> {
  const bytes = await readBody(reply.body, limit);
  const value = parseObject(bytes);
  if (value === undefined || !isResponse(value)) {
    throw new Error(`expected a JSON-RPC response, got ${describe(reply.headers.get("content-type") ?? "", bytes)}`);
  }
  return new ServerResponse(bytes, value);
}

function isResponse(value: JsonObject): boolean {
  return !("method" in value) && ("result" in value || "error" in value);
}

function readStream(reply: Reply, options: ReadOptions): Promise<ServerResponse> {
  return new Promise((resolve, reject) => {
    const { body } = reply;
    let found = false;
    const parser = new SseParser({
      maxEventBytes: options.limit,
      onEvent({ dataBytes }) {
        const value = found ? undefined : parseObject(dataBytes);
        if (value === undefined) return;
        if (mayHaveMethod(dataBytes) && "method" in value) options.onMessage?.(Buffer.from(dataBytes));
        else if (isResponse(value)) {
          found = true;
          resolve(new ServerResponse(Buffer.from(dataBytes), value));
        }
      },
      onOversize() {
        const error = new Error(`a message is larger than ${options.limit} bytes`);
        reject(error);
        if (isReplyStream(body)) body.cancel(error);
      },
    });
    const whole = completeBody(body);
    if (whole !== undefined) {
      parser.feed(whole);
      if (!found) reject(new Error(unanswered));
    } else if (isReplyStream(body)) {
      body.start(new Listener(body, parser, () => found, reject));
    }
  });
}

/** Feeds a parser; after the response it lets the stream run out, so that the connection can be used again. */
class Listener implements ReplySink {
  private readonly body: ReplyStream;
  private readonly parser: SseParser;
  private readonly isFound: () => boolean;
  private readonly reject: (error: Error) => void;
  private timer: NodeJS.Timeout | undefined;

  constructor(body: ReplyStream, parser: SseParser, isFound: () => boolean, reject: (error: Error) => void) {
    this.body = body;
    this.parser = parser;
    this.isFound = isFound;
    this.reject = reject;
  }

  data(chunk: Uint8Array): boolean {
    if (this.timer !== undefined) return true;
    try {
      this.parser.feed(chunk);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown)); // of a message that cannot be passed on
      this.reject(error);
      this.body.cancel(error);
      return false;
    }
    if (this.isFound()) this.timer = setTimeout(() => this.body.cancel(new Error("the response has been read")), lingerMs).unref();
    return true;
  }

  end(): void {
    clearTimeout(this.timer);
    this.reject(new Error(unanswered));
  }

  fail(error: Error): void {
    clearTimeout(this.timer);
    this.reject(error);
  }
}

/** Milliseconds a server has to end its stream after the response. */
const lingerMs = 1_000;
const unanswered = "the event stream ended without a response";

function describe(type: string, bytes: Buffer): string {
  return bytes.length === 0 ? "an empty body" : `${bytes.length} bytes of ${type === "" ? "no content type" : type}`;
}
