import { type SseEvent, SseParser } from "../../base/sse.ts";
import type { JsonObject } from "../../base/json.ts";
import type { ReplySink, ReplyStream } from "../../contract/reply.ts";
import { parseObject } from "../message.ts";
import { type MessageEndpoint, readEndpoint } from "./sse-endpoint.ts";

export interface SseStreamSettings {
  /** URL of the stream, which its endpoint is resolved against. */
  readonly url: string;
  readonly maxMessageBytes: number;
  /** Returns false when nobody has room for more: the stream then waits for `resume`. */
  readonly onMessage: (bytes: Buffer, message: JsonObject) => boolean;
  /** It is over, by whoever's doing; once. */
  readonly onEnd: (error: Error) => void;
}

/** A server's event stream of the HTTP+SSE transport: first its `endpoint`, then every message it has for the session. */
export class SseStream implements ReplySink {
  /** Rejects when the stream ends before it said where messages go. */
  readonly endpoint: Promise<MessageEndpoint>;
  private readonly source: ReplyStream;
  private readonly settings: SseStreamSettings;
  private readonly parser: SseParser;
  private room = true;
  private over = false;
  private resolve!: (endpoint: MessageEndpoint) => void;
  private reject!: (error: Error) => void;

  constructor(source: ReplyStream, settings: SseStreamSettings) {
    this.source = source;
    this.settings = settings;
    this.endpoint = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.endpoint.catch(() => {}); // whoever waits is told; later nobody does
    const { maxMessageBytes } = settings;
    this.parser = new SseParser({
      maxEventBytes: maxMessageBytes,
      onEvent: (event) => this.read(event),
      onOversize: () => this.cancel(new Error(`a message is larger than ${maxMessageBytes} bytes`)),
    });
    source.start(this);
  }

  get open(): boolean {
    return !this.over;
  }

  resume(): void {
    if (this.room || this.over) return;
    this.room = true;
    this.source.resume();
  }

  cancel(reason: Error): void {
    if (this.over) return;
    this.fail(reason);
    this.source.cancel(reason);
  }

  data(chunk: Uint8Array): boolean {
    if (this.over) return false;
    this.parser.feed(chunk);
    return this.room;
  }

  end(): void {
    this.fail(new Error("the server ended its event stream"));
  }

  fail(error: Error): void {
    if (this.over) return;
    this.over = true;
    this.reject(error);
    this.settings.onEnd(error);
  }

  private read(event: SseEvent): void {
    if (this.over) return;
    if (event.event === "endpoint") this.readEndpoint(event.data);
    else if (event.event === "message") {
      const bytes = Buffer.from(event.dataBytes); // outlives the chunk it is a view of
      const message = parseObject(bytes);
      if (message !== undefined && !this.settings.onMessage(bytes, message)) this.room = false;
    }
  }

  /** Only the first one counts: a promise is kept once. */
  private readEndpoint(data: string): void {
    try {
      this.resolve(readEndpoint(data, this.settings.url));
    } catch (thrown) {
      this.cancel(thrown as Error);
    }
  }
}
