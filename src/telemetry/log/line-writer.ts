/** Where lines go in the end: standard output, a file. */
export interface LogOutput {
  /** Writes all of `text`, later. Calls `done` once, with an error when it could not. One call at a time. */
  write(text: string, done: (error?: Error | null) => void): void;
}

export interface LineWriterSettings {
  readonly output: LogOutput;
  /** Makes the line that tells of lines that were dropped. */
  readonly droppedLine: (count: number) => string;
  /** Characters after which the buffer is written at once. */
  readonly flushAt?: number;
  /** Milliseconds a line waits at most for others to join it. */
  readonly flushAfterMs?: number;
  /** Characters kept while the output does not keep up; lines beyond it are dropped. */
  readonly maxPending?: number;
}

/**
 * Collects lines and writes them in large pieces. The output may be slow or stuck (a pipe that nobody reads): what waits
 * has a bound, beyond it lines are dropped and counted, and once there is room again a line tells how many were.
 */
export class LineWriter {
  private readonly output: LogOutput;
  private readonly droppedLine: (count: number) => string;
  private readonly flushAt: number;
  private readonly flushAfterMs: number;
  private readonly maxPending: number;
  private pending = "";
  private writing = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private untold = 0;
  private drained: (() => void) | undefined;
  /** Lines dropped since the start. */
  dropped = 0;

  constructor(settings: LineWriterSettings) {
    this.output = settings.output;
    this.droppedLine = settings.droppedLine;
    this.flushAt = settings.flushAt ?? 65_536;
    this.flushAfterMs = settings.flushAfterMs ?? 100;
    this.maxPending = settings.maxPending ?? 4_194_304;
  }

  /** @param line with its line feed */
  write(line: string): void {
    if (this.closed || this.pending.length + line.length > this.maxPending) {
      this.dropped++;
      this.untold++;
      return;
    }
    this.pending += line;
    if (this.pending.length >= this.flushAt) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), this.flushAfterMs);
  }

  /** Writes what is there without waiting for more. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.writing) return;
    if (this.pending === "") {
      this.drained?.();
      return;
    }
    const text = this.pending;
    this.pending = "";
    this.writing = true;
    this.output.write(text, (error) => this.written(text, error));
  }

  /** Writes what is left. Resolves when it is written, or after `deadlineMs` with whatever could not be. Later lines are dropped. */
  async close(deadlineMs = 2_000): Promise<void> {
    this.closed = true;
    if (!this.writing && this.pending === "") return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, deadlineMs);
      this.drained = () => {
        clearTimeout(deadline);
        resolve();
      };
      this.flush();
    });
  }

  private written(text: string, error: Error | null | undefined): void {
    this.writing = false;
    if (error !== undefined && error !== null) {
      // the output is gone for good (EPIPE) or for now (ENOSPC): these lines are lost, later ones are tried
      const lost = text.split("\n").length - 1;
      this.dropped += lost;
      this.untold += lost;
    } else if (this.untold > 0) {
      this.pending += this.droppedLine(this.untold);
      this.untold = 0;
    }
    if (this.closed || this.pending.length >= this.flushAt) this.flush();
    else if (this.pending !== "") this.timer ??= setTimeout(() => this.flush(), this.flushAfterMs);
  }
}
