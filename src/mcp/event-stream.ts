import { SseParser } from "../base/sse.ts";
import { GatewayError } from "../contract/errors.ts";
import type { ReplySink, ReplyStream } from "../contract/reply.ts";

const head = Buffer.from("event: message\ndata: ");
const tail = Buffer.from("\n\n");
const keepAlive = Buffer.from(":\n\n");
const emptyData = Buffer.from("data: \n\n");
const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/** One JSON-RPC message as a server-sent event, in the form the reference sends. */
export function eventOf(message: Buffer): Buffer {
  return Buffer.concat([head, withoutLineEnds(message), tail]);
}

/**
 * Whether a message of a server may be a request or a notification. Only responses have no `method`, and a quote inside
 * a JSON string is escaped, so a text without these bytes is a response and needs no parsing.
 */
export function mayHaveMethod(bytes: Buffer): boolean {
  return bytes.includes(methodKey);
}

const methodKey = Buffer.from('"method"');

/** A message after which there is to be none. */
export class Final {
  readonly message: Buffer;

  constructor(message: Buffer) {
    this.message = message;
  }
}

export interface EventHooks {
  /** What goes on in place of a message; undefined drops it, a Final ends the stream. */
  readonly transform: (message: Buffer) => Buffer | Final | undefined;
  readonly maxMessageBytes: number;
  /** The id of an event as the client gets it; as it is when absent. */
  readonly publishId?: ((id: string) => string) | undefined;
  /** Where the source could be gone on with. */
  readonly onId?: ((id: string) => void) | undefined;
  /**
   * The source broke off, or ended (error undefined): a last message for the client, after which its stream ends well.
   * Without one the client's stream ends, or fails, like the source's. A client that left is told nothing, and so is one
   * that was given an id before the end: it comes back for the rest (specification 2025-11-25, "Resumability").
   */
  readonly lastWords?: ((error: Error | undefined) => Buffer | undefined) | undefined;
  /** After the last byte, a failure or a cancel; once. */
  readonly onEnd?: (() => void) | undefined;
}

/** An event stream passed on message by message, with back-pressure. */
export class EventRelay implements ReplyStream, ReplySink {
  private readonly source: ReplyStream;
  private readonly hooks: EventHooks;
  private readonly parser: SseParser;
  private sink: ReplySink | undefined;
  private room = true;
  private over = false;
  /** Of the last event that had one. */
  private id = "";

  constructor(source: ReplyStream, hooks: EventHooks) {
    this.source = source;
    this.hooks = hooks;
    this.parser = new SseParser({
      maxEventBytes: hooks.maxMessageBytes,
      onEvent: ({ dataBytes, id }) => this.pass(dataBytes, id),
      onRetry: (milliseconds) => this.passRetry(milliseconds),
      onOversize: () =>
        this.abandon(new GatewayError("response_too_large", { detail: `the limit for one message is ${hooks.maxMessageBytes} bytes` })),
    });
  }

  start(sink: ReplySink): void {
    this.sink = sink;
    this.source.start(this);
  }

  resume(): void {
    this.room = true;
    this.source.resume();
  }

  cancel(reason: Error): void {
    this.source.cancel(reason);
    if (this.close()) this.sink?.fail(reason);
  }

  data(chunk: Uint8Array): boolean {
    if (this.over) return false;
    // a comment keeps the connection alive; in front of whole events it can go on without being understood
    if (chunk[0] === COLON) this.write(keepAlive);
    try {
      this.parser.feed(chunk);
    } catch (thrown) {
      this.abandon(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    return this.room;
  }

  end(): void {
    this.finish(undefined);
  }

  fail(error: Error): void {
    this.finish(error);
  }

  /** The source is not to be read any further. */
  private abandon(reason: Error): void {
    this.finish(reason);
    this.source.cancel(reason);
  }

  private finish(error: Error | undefined): void {
    if (!this.close()) return;
    const words = error === undefined && this.id !== "" ? undefined : this.hooks.lastWords?.(error);
    if (words !== undefined) this.write(eventOf(words));
    if (error === undefined || words !== undefined) this.sink?.end();
    else this.sink?.fail(error);
  }

  private pass(message: Buffer, id: string): void {
    if (this.over) return;
    const isNew = id !== this.id;
    this.id = id;
    if (isNew) this.hooks.onId?.(id);
    const passed = message.length === 0 ? undefined : this.hooks.transform(message);
    if (passed instanceof Final) {
      this.write(eventOf(passed.message));
      this.end();
      this.source.cancel(new Error("the stream was ended"));
    } else if (passed !== undefined) this.write(isNew ? Buffer.concat([this.idLine(id), eventOf(passed)]) : eventOf(passed));
    else if (isNew) this.write(Buffer.concat([this.idLine(id), emptyData])); // it is behind this one that the client can go on
  }

  private passRetry(milliseconds: number): void {
    if (!this.over && Number.isSafeInteger(milliseconds)) this.write(Buffer.from(`retry: ${milliseconds}\n\n`));
  }

  private idLine(id: string): Buffer {
    return Buffer.from(`id: ${this.hooks.publishId?.(id) ?? id}\n`);
  }

  private write(bytes: Buffer): void {
    if (this.sink?.data(bytes) === false) this.room = false;
  }

  private close(): boolean {
    if (this.over) return false;
    this.over = true;
    this.hooks.onEnd?.();
    return true;
  }
}

export interface MessageReader {
  readonly maxMessageBytes: number;
  readonly onMessage: (message: Buffer) => void;
  /** There is nothing more to come, for whatever reason. */
  readonly onOver: () => void;
}

/** Reads a server's stream for the gateway's own use, as fast as it comes: what is made of it has bounds of its own. */
export function readMessages(stream: ReplyStream, { maxMessageBytes, onMessage, onOver }: MessageReader): void {
  const parser = new SseParser({ maxEventBytes: maxMessageBytes, onEvent: ({ dataBytes }) => onMessage(Buffer.from(dataBytes)) });
  stream.start({
    data: (chunk) => {
      parser.feed(chunk);
      return true;
    },
    end: onOver,
    fail: onOver,
  });
}

/** A JSON document sent as the one event of a stream, while it arrives. */
export class JsonAsEvent implements ReplyStream, ReplySink {
  private readonly source: ReplyStream;
  private sink: ReplySink | undefined;

  constructor(source: ReplyStream) {
    this.source = source;
  }

  start(sink: ReplySink): void {
    this.sink = sink;
    sink.data(head);
    this.source.start(this);
  }

  resume(): void {
    this.source.resume();
  }

  cancel(reason: Error): void {
    this.source.cancel(reason);
  }

  data(chunk: Uint8Array): boolean {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    return this.sink?.data(withoutLineEnds(bytes)) ?? true;
  }

  end(): void {
    this.sink?.data(tail);
    this.sink?.end();
  }

  fail(error: Error): void {
    this.sink?.fail(error);
  }
}

/** Between tokens of JSON a line end is white space, and inside them it cannot stand: a space means the same. */
export function withoutLineEnds(json: Buffer): Buffer {
  if (!json.includes(LF) && !json.includes(CR)) return json;
  const flat = Buffer.from(json);
  for (let i = 0; i < flat.length; i++) if (flat[i] === LF || flat[i] === CR) flat[i] = 0x20;
  return flat;
}
