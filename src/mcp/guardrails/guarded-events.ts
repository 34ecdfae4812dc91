import { SseParser } from "../../base/sse.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { ReplySink, ReplyStream } from "../../contract/reply.ts";
import { eventOf } from "../event-stream.ts";

export interface GuardSettings {
  /**
   * What goes on in place of a message; undefined when it passes as it is. A promise holds back what follows, so that
   * the order stays. Must not reject.
   */
  readonly check: (message: Buffer) => Promise<Buffer> | undefined;
  /** Bytes of one message, and of all that wait behind it. */
  readonly maxMessageBytes: number;
}

/** An event stream in which some messages have to wait for somebody's word. While one does, the source is held back. */
export class GuardedEvents implements ReplyStream, ReplySink {
  private readonly source: ReplyStream;
  private readonly settings: GuardSettings;
  private readonly parser: SseParser;
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  private checking = false;
  private sink: ReplySink | undefined;
  private room = true;
  /** How the source ended, once it has: told to the sink when nothing waits any more. */
  private ending: { readonly error: Error | undefined } | undefined;
  private over = false;

  constructor(source: ReplyStream, settings: GuardSettings) {
    this.source = source;
    this.settings = settings;
    this.parser = new SseParser({
      maxEventBytes: settings.maxMessageBytes,
      onEvent: ({ dataBytes }) => this.take(dataBytes),
      onOversize: () => this.tooMuch(),
    });
  }

  start(sink: ReplySink): void {
    this.sink = sink;
    this.source.start(this);
  }

  resume(): void {
    this.room = true;
    if (!this.checking) this.source.resume();
  }

  cancel(reason: Error): void {
    this.over = true;
    this.source.cancel(reason);
  }

  data(chunk: Uint8Array): boolean {
    if (this.over) return false;
    if (chunk[0] === COLON && !this.checking) this.write(keepAlive);
    this.parser.feed(chunk);
    return this.room && !this.checking;
  }

  end(): void {
    this.finish({ error: undefined });
  }

  fail(error: Error): void {
    this.finish({ error });
  }

  private take(message: Buffer): void {
    if (this.over || message.length === 0) return;
    this.waitingBytes += message.length;
    if (this.waitingBytes > 2 * this.settings.maxMessageBytes) this.tooMuch();
    else {
      this.waiting.push(Buffer.from(message)); // what the parser gives is a view of its chunk
      this.pass();
    }
  }

  /** Lets go on what may, up to the next message that has to wait. */
  private pass(): void {
    while (!this.checking && !this.over) {
      const message = this.waiting.shift();
      if (message === undefined) break;
      this.waitingBytes -= message.length;
      const checked = this.settings.check(message);
      if (checked === undefined) this.write(eventOf(message));
      else this.await(checked);
    }
    if (this.ending !== undefined && !this.checking) this.finish(this.ending);
  }

  private await(checked: Promise<Buffer>): void {
    this.checking = true;
    void checked.then((bytes) => {
      this.checking = false;
      if (this.over) return;
      this.write(eventOf(bytes));
      this.pass();
      if (this.room && !this.checking && this.ending === undefined) this.source.resume();
    });
  }

  private finish(ending: { readonly error: Error | undefined }): void {
    if (this.over) return;
    this.ending = ending;
    if (this.checking || this.waiting.length > 0) return;
    this.over = true;
    if (ending.error === undefined) this.sink?.end();
    else this.sink?.fail(ending.error);
  }

  private tooMuch(): void {
    const error = new GatewayError("response_too_large", { detail: `the limit for one message is ${this.settings.maxMessageBytes} bytes` });
    const told = !this.over;
    this.cancel(error);
    if (told) this.sink?.fail(error);
  }

  private write(bytes: Buffer): void {
    if (this.sink?.data(bytes) === false) this.room = false;
  }
}

const COLON = 0x3a;
const keepAlive = Buffer.from(":\n\n");
