/** Who gets the bytes of a PushStream. */
export interface PushReceiver {
  /** Returns false when it is full: nothing more until the stream's `resume()`. */
  data(chunk: Uint8Array): boolean;
  end(): void;
  fail(error: Error): void;
}

export interface PushHooks {
  /** Bytes that may wait for a slow reader; more of them end the stream with an error. */
  readonly maxWaitingBytes: number;
  /** The reader has room again after a `write` that returned false, or the stream was ended before it had. */
  readonly onRoom?: () => void;
  /** The reader is gone. Called at most once, and not after the end. */
  readonly onCancel?: (reason: Error) => void;
}

/**
 * A reply body that code writes into piece by piece: events of several servers merged into one stream, messages of a
 * child process. It has the shape of the contract's ReplyStream. What the reader does not take yet waits here, up to a
 * bound: a reader that stays behind it loses its stream instead of the gateway its memory.
 */
export class PushStream {
  private readonly hooks: PushHooks;
  private receiver: PushReceiver | undefined;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private open = true;
  private full = false;
  private ended = false;
  private failure: Error | undefined;

  constructor(hooks: PushHooks) {
    this.hooks = hooks;
  }

  /** False once it was ended, failed or cancelled. */
  get writable(): boolean {
    return !this.ended && this.failure === undefined;
  }

  /** Appends bytes. Returns false when the reader is behind: hold back until `onRoom`, if the source can. One who is gone is not. */
  write(chunk: Uint8Array): boolean {
    if (!this.writable) return true;
    if (this.receiver !== undefined && this.open) {
      this.open = this.receiver.data(chunk);
      if (!this.open) this.full = true;
      return this.open;
    }
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.waitingBytes > this.hooks.maxWaitingBytes) {
      this.fail(new Error("the reader of the stream is too slow"));
      return true;
    }
    // before the first reader is there, nobody is behind yet
    this.full = this.receiver !== undefined;
    return !this.full;
  }

  end(): void {
    if (!this.writable) return;
    this.ended = true;
    this.finish();
    if (!this.full) return;
    this.full = false;
    this.hooks.onRoom?.(); // what else the source has is not for this reader
  }

  fail(error: Error): void {
    if (!this.writable) return;
    this.failure = error;
    this.waiting = [];
    this.receiver?.fail(error);
    this.hooks.onCancel?.(error);
  }

  start(receiver: PushReceiver): void {
    this.receiver = receiver;
    if (this.failure !== undefined) receiver.fail(this.failure);
    else this.flush();
  }

  resume(): void {
    this.open = true;
    this.flush();
  }

  takeComplete(): Uint8Array | undefined {
    if (!this.ended || this.receiver !== undefined) return undefined;
    const { waiting } = this;
    this.waiting = [];
    return waiting.length === 1 ? waiting[0] : Buffer.concat(waiting);
  }

  cancel(reason: Error): void {
    if (!this.writable) return;
    this.failure = reason;
    this.waiting = [];
    this.hooks.onCancel?.(reason);
  }

  private flush(): void {
    const { receiver } = this;
    if (receiver === undefined || this.failure !== undefined) return;
    while (this.open && this.waiting.length > 0) {
      const chunk = this.waiting.shift() as Uint8Array;
      this.waitingBytes -= chunk.length;
      this.open = receiver.data(chunk);
    }
    this.finish();
    if (!this.open || !this.full || !this.writable) return;
    this.full = false;
    this.hooks.onRoom?.();
  }

  /** The end is told only after the last waiting byte. */
  private finish(): void {
    if (!this.ended || this.receiver === undefined || this.waiting.length > 0) return;
    const { receiver } = this;
    this.receiver = undefined;
    receiver.end();
  }
}
