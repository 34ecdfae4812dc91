import { PushStream } from "../base/push-stream.ts";
import type { ReplySink, ReplyStream } from "../contract/reply.ts";
import { type EventHooks, EventRelay } from "./event-stream.ts";

export interface MergedStreamSettings {
  /** Bytes that may wait for the client. */
  readonly maxWaitingBytes: number;
  readonly maxMessageBytes: number;
  /** It is over: ended, or the client left or was too slow; once. */
  readonly onClose: () => void;
}

/** Event streams of several targets as one, message by message. A slow client holds all of them back. */
export class MergedStream {
  readonly body: PushStream;
  private readonly settings: MergedStreamSettings;
  private readonly sources = new Set<ReplyStream>();

  constructor(settings: MergedStreamSettings) {
    this.settings = settings;
    this.body = new PushStream({
      maxWaitingBytes: settings.maxWaitingBytes,
      onRoom: () => {
        for (const source of this.sources) source.resume();
      },
      onCancel: (reason) => {
        this.dropAll(reason);
        settings.onClose();
      },
    });
  }

  /**
   * Adds a target's stream.
   * @param hooks what the client gets of a message and of an event's id
   * @param onEnd it is over: the target ended it, or the whole is; once
   */
  add(stream: ReplyStream, hooks: Pick<EventHooks, "transform" | "publishId" | "onId">, onEnd: () => void): void {
    if (!this.body.writable) {
      stream.cancel(new Error("the client closed the stream"));
      onEnd();
      return;
    }
    const source = new EventRelay(stream, { ...hooks, maxMessageBytes: this.settings.maxMessageBytes });
    this.sources.add(source);
    const over = (): void => {
      this.sources.delete(source);
      onEnd();
    };
    const sink: ReplySink = { data: (chunk) => this.body.write(chunk), end: over, fail: over };
    source.start(sink);
  }

  /** Ends it for the client and the targets. */
  end(): void {
    if (!this.body.writable) return;
    this.body.end();
    this.dropAll(new Error("the stream was ended"));
    this.settings.onClose();
  }

  private dropAll(reason: Error): void {
    for (const source of this.sources) source.cancel(reason);
    this.sources.clear();
  }
}
