import { ByteParts } from "../../base/byte-parts.ts";

/** Cuts a byte stream into lines, without their line feeds. Empty lines are skipped. */
export class LineReader {
  private readonly maxBytes: number;
  private readonly onLine: (line: Buffer) => void;
  private readonly onOversize: () => void;
  private readonly parts = new ByteParts();
  private stopped = false;

  /**
   * @param maxBytes of one line; a longer one is not read
   * @param onOversize what to do about a longer one; nothing is read after it
   */
  constructor(maxBytes: number, onLine: (line: Buffer) => void, onOversize: () => void) {
    this.maxBytes = maxBytes;
    this.onLine = onLine;
    this.onOversize = onOversize;
  }

  feed(chunk: Buffer): void {
    if (this.stopped) return;
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.finish(chunk.subarray(start, end));
      if (this.stopped) return;
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.parts.add(chunk.subarray(start));
    if (this.parts.size > this.maxBytes) this.stop();
  }

  private finish(rest: Buffer): void {
    let line = rest;
    if (this.parts.size > 0) {
      this.parts.add(rest);
      line = this.parts.take();
    }
    if (line.length > this.maxBytes + 1) {
      this.stop(); // a carriage return at its end is none of it
      return;
    }
    if (line.at(-1) === CR) line = line.subarray(0, -1);
    if (line.length > 0) this.onLine(line);
  }

  private stop(): void {
    this.stopped = true;
    this.parts.clear();
    this.onOversize();
  }
}

const LF = 0x0a;
const CR = 0x0d;
