import type { ReplySink, ReplyStream } from "../contract/reply.ts";

/** A stream that goes through untouched; `onEnd` is called once when it is over, however it ends. */
export class Tap implements ReplyStream, ReplySink {
  private readonly source: ReplyStream;
  private onEnd: (() => void) | undefined;
  private sink: ReplySink | undefined;

  constructor(source: ReplyStream, onEnd: () => void) {
    this.source = source;
    this.onEnd = onEnd;
  }

  start(sink: ReplySink): void {
    this.sink = sink;
    this.source.start(this);
  }

  resume(): void {
    this.source.resume();
  }

  cancel(reason: Error): void {
    this.over();
    this.source.cancel(reason);
  }

  data(chunk: Uint8Array): boolean {
    return this.sink?.data(chunk) ?? true;
  }

  end(): void {
    this.over();
    this.sink?.end();
  }

  fail(error: Error): void {
    this.over();
    this.sink?.fail(error);
  }

  private over(): void {
    this.onEnd?.();
    this.onEnd = undefined;
  }
}
