import type { ReplySink, ReplyStream } from "../contract/reply.ts";

/** A stream that goes through untouched; `onEnd` is called once when it is over, however it ends. */
export class Tap implements ReplyStream, ReplySink {
  private readonly source: ReplyStream;
  private readonly onEnd: () => void;
  private isOver = false;
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

  /** Also for whoever wants it to be over: the receiver sees an ordinary end, and the source is told to stop. */
  end(): void {
    if (!this.over()) return;
    this.sink?.end();
    this.source.cancel(new Error("the stream was ended"));
  }

  fail(error: Error): void {
    if (this.over()) this.sink?.fail(error);
  }

  private over(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.onEnd();
    return true;
  }
}
