/** Cuts a byte stream into lines, without their line feeds. Empty lines are skipped. */
export class LineReader {
  private readonly maxBytes: number;
  private readonly onLine: (line: Buffer) => void;
  private readonly onOversize: () => void;
  private parts: Buffer[] = [];
  private size = 0;

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
    if (this.size > this.maxBytes) return;
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.parts.push(chunk.subarray(start));
    this.size += chunk.length - start;
    if (this.size <= this.maxBytes) return;
    this.parts = [];
    this.onOversize();
  }

  private finish(rest: Buffer): void {
    let line = rest;
    if (this.parts.length > 0) {
      line = Buffer.concat([...this.parts, rest]);
      this.parts = [];
      this.size = 0;
    }
    if (line.at(-1) === CR) line = line.subarray(0, -1);
    if (line.length > 0) this.onLine(line);
  }
}

const LF = 0x0a;
const CR = 0x0d;
