/**
 * Server-sent events, read as they arrive (WHATWG HTML, section 9.2 "Server-sent events").
 * The reader looks at bytes and hands out views of them: text is only decoded for an event whose `data` somebody asks
 * for, so a meter that wants one frame in fifty pays for one.
 */

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const NOTHING = Buffer.alloc(0);
const LINE_FEED = Buffer.from("\n");

/** One dispatched event. Its bytes may be a view of the chunk they came in: use them at once or copy them. */
export class SseEvent {
  /** The `event` field, `message` when there was none. */
  readonly event: string;
  /** The last `id` seen on the stream, also from earlier events; "" before the first. */
  readonly id: string;
  /** The data as bytes: the values of the `data` lines, joined by line feeds. */
  readonly dataBytes: Buffer;

  constructor(event: string, id: string, dataBytes: Buffer) {
    this.event = event;
    this.id = id;
    this.dataBytes = dataBytes;
  }

  /** The data as text; bytes that are not UTF-8 become U+FFFD. Decoded anew by each call. */
  get data(): string {
    return this.dataBytes.toString("utf8");
  }
}

export interface SseHandlers {
  /** Bytes that one event may take, line ends included; a larger one is skipped and reported. */
  readonly maxEventBytes: number;
  readonly onEvent: (event: SseEvent) => void;
  /** An event has grown over the limit; reading goes on with the next one. Without it such events vanish silently. */
  readonly onOversize?: () => void;
  /** The server's `retry` field, milliseconds. */
  readonly onRetry?: (milliseconds: number) => void;
}

/** Push parser: feed it chunks cut anywhere, it calls `onEvent` for each event that is complete. */
export class SseParser {
  private readonly handlers: SseHandlers;
  /** An unfinished line from earlier chunks, the first `heldLength` bytes; grows by doubling, so tiny chunks cost no more. */
  private held: Buffer = NOTHING;
  private heldLength = 0;
  /** Bytes of the event being read, lines already taken apart included. */
  private eventBytes = 0;
  private oversize = false;
  /** The last chunk ended in CR: an LF that comes first now belongs to it. */
  private skipLineFeed = false;
  private atStart = true;

  private event = "";
  private lastId = "";
  /** Value of the first `data` line; further ones go to `moreData`. */
  private data: Buffer | undefined = undefined;
  private moreData: Buffer[] | undefined = undefined;

  constructor(handlers: SseHandlers) {
    this.handlers = handlers;
  }

  /**
   * Takes the next bytes of the stream. At the end of the stream nothing needs to be called: the specification discards
   * an event that no blank line ended. What a handler throws comes out here.
   */
  feed(chunk: Uint8Array): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    if (this.skipLineFeed && bytes.length > 0) {
      this.skipLineFeed = false;
      if (bytes[0] === LF) start = 1;
    }
    // Nearly all streams use LF alone; one native scan tells, and spares the search for CR on every line.
    const hasCarriageReturn = bytes.includes(CR, start);
    while (start < bytes.length) {
      const end = hasCarriageReturn ? lineEnd(bytes, start) : bytes.indexOf(LF, start);
      if (end === -1) {
        this.count(bytes.length - start);
        this.hold(bytes, start, bytes.length);
        return;
      }
      this.finishLine(bytes, start, end);
      start = end + 1;
      if (bytes[end] !== CR) continue;
      if (start === bytes.length) this.skipLineFeed = true;
      else if (bytes[start] === LF) start += 1;
    }
  }

  private finishLine(bytes: Buffer, start: number, end: number): void {
    this.count(end - start + 1);
    if (this.heldLength === 0) {
      this.readLine(bytes, start, end);
      return;
    }
    this.hold(bytes, start, end);
    const { held, heldLength } = this;
    // The event may keep a view of these bytes: the next unfinished line gets a buffer of its own.
    this.held = NOTHING;
    this.heldLength = 0;
    this.readLine(held, 0, heldLength);
  }

  /** Keeps the part of a line whose end is not there yet. */
  private hold(bytes: Buffer, start: number, end: number): void {
    // Of an event that is dropped anyway one byte is enough: the line must not be taken for a blank one.
    const wanted = this.oversize ? Math.min(1, this.heldLength + end - start) : this.heldLength + end - start;
    if (wanted > this.held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, wanted, this.held.length * 2));
      this.held.copy(larger, 0, 0, this.heldLength);
      this.held = larger;
    }
    if (wanted > this.heldLength) bytes.copy(this.held, this.heldLength, start, start + wanted - this.heldLength);
    this.heldLength = wanted;
  }

  private count(bytes: number): void {
    this.eventBytes += bytes;
    if (this.oversize || this.eventBytes <= this.handlers.maxEventBytes) return;
    this.oversize = true;
    this.data = undefined;
    this.moreData = undefined;
    this.heldLength = Math.min(1, this.heldLength);
    this.held = Buffer.from(this.held.subarray(0, this.heldLength));
    this.handlers.onOversize?.(); // now, not when it ends: it may never
  }

  private readLine(bytes: Buffer, lineStart: number, end: number): void {
    let start = lineStart;
    if (this.atStart) {
      this.atStart = false;
      if (startsWithMark(bytes, start, end)) start += BYTE_ORDER_MARK.length;
    }
    if (start === end) this.dispatch();
    else if (!this.oversize) this.readField(bytes, start, end);
  }

  private readField(bytes: Buffer, start: number, end: number): void {
    const first = bytes[start];
    if (first === COLON) return;
    // "data" is told by its letters: it is the only field of nearly every line.
    if (first === 0x64 && isData(bytes, start, end)) {
      this.addData(bytes.subarray(valueStart(bytes, start + 4, end), end));
      return;
    }
    let colon = bytes.indexOf(COLON, start);
    if (colon === -1 || colon > end) colon = end;
    const name = bytes.toString("latin1", start, colon);
    const value = bytes.toString("utf8", valueStart(bytes, colon, end), end);
    if (name === "event") this.event = value;
    else if (name === "id" && !value.includes("\0")) this.lastId = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.handlers.onRetry?.(Number(value));
  }

  private addData(value: Buffer): void {
    if (this.data === undefined) this.data = value;
    else (this.moreData ??= [this.data]).push(LINE_FEED, value);
  }

  private dispatch(): void {
    const { event, data, moreData, oversize } = this;
    this.event = "";
    this.data = undefined;
    this.moreData = undefined;
    this.eventBytes = 0;
    this.oversize = false;
    if (oversize || data === undefined) return;
    const bytes = moreData === undefined ? data : Buffer.concat(moreData);
    this.handlers.onEvent(new SseEvent(event === "" ? "message" : event, this.lastId, bytes));
  }
}

/** Where the line that starts at `start` ends: the index of its LF or CR, -1 when neither is there. */
function lineEnd(bytes: Buffer, start: number): number {
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === LF || byte === CR) return i;
  }
  return -1;
}

function isData(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start + 1] !== 0x61 || bytes[start + 2] !== 0x74 || bytes[start + 3] !== 0x61) return false;
  return start + 4 === end || (start + 4 < end && bytes[start + 4] === COLON);
}

/** Where a field's value starts: after the colon and at most one space. */
function valueStart(bytes: Buffer, colon: number, end: number): number {
  if (colon >= end) return end;
  const start = colon + 1;
  return start < end && bytes[start] === SPACE ? start + 1 : start;
}

function startsWithMark(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= BYTE_ORDER_MARK.length && BYTE_ORDER_MARK.equals(bytes.subarray(start, start + BYTE_ORDER_MARK.length));
}
