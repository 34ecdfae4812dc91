/**
 * HTTP/1.1 messages off a connection (RFC 9112), as little as a benchmark needs: the head as text, the body as ranges of
 * the bytes that arrived. It trusts its peer; it is no parser for the open network.
 */
export interface MessageHandler {
  /** Start line and fields, without the empty line. */
  head(text: string): void;
  /** Bytes of the body: `chunk.subarray(start, end)`, chunked framing already taken off. */
  body(chunk: Buffer, start: number, end: number): void;
  end(): void;
}

type State = "head" | "length" | "chunk-size" | "chunk" | "chunk-end" | "trailer" | "close";

const headEnd = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");
const none = Buffer.alloc(0);

export class MessageReader {
  private readonly side: "request" | "response";
  private readonly handler: MessageHandler;
  private state: State = "head";
  private data: Buffer = none;
  private at = 0;
  /** Bytes of the body, or of the chunk, still to come. */
  private remaining = 0;

  constructor(side: "request" | "response", handler: MessageHandler) {
    this.side = side;
    this.handler = handler;
  }

  /** Takes bytes as they came. Throws on framing that cannot be read. */
  push(chunk: Buffer): void {
    this.data = this.at < this.data.length ? Buffer.concat([this.data.subarray(this.at), chunk]) : chunk;
    this.at = 0;
    while (this.at < this.data.length && this.step());
  }

  /** The peer ended the connection: the end of a body that has no other one. */
  finish(): void {
    if (this.state === "close") this.endMessage();
  }

  /** True between messages. */
  get idle(): boolean {
    return this.state === "head" && this.at >= this.data.length;
  }

  /** One step; false when it needs bytes that are not here. */
  private step(): boolean {
    switch (this.state) {
      case "head":
        return this.readHead();
      case "length":
        if (this.passOn()) this.endMessage();
        return true;
      case "chunk-size":
        return this.readChunkSize();
      case "chunk":
        if (this.passOn()) this.state = "chunk-end";
        return true;
      case "chunk-end":
        if (this.readLine() === undefined) return false;
        this.state = "chunk-size";
        return true;
      case "trailer": {
        const line = this.readLine();
        if (line === "") this.endMessage();
        return line !== undefined;
      }
      case "close":
        this.handler.body(this.data, this.at, this.data.length);
        this.at = this.data.length;
        return true;
    }
  }

  private readHead(): boolean {
    const end = this.data.indexOf(headEnd, this.at);
    if (end === -1) return false;
    const text = this.data.toString("latin1", this.at, end);
    this.at = end + headEnd.length;
    if (this.side === "response" && text.startsWith("HTTP/1.1 1")) return true; // 100 Continue and the like
    this.handler.head(text);
    this.frame(text);
    return true;
  }

  /** How the body ends (RFC 9112 section 6.3). */
  private frame(head: string): void {
    const lower = head.toLowerCase();
    if (lower.includes("\r\ntransfer-encoding: chunked")) {
      this.state = "chunk-size";
      return;
    }
    const length = fieldValue(lower, "content-length");
    if (length !== undefined) this.remaining = Number(length);
    else if (this.side === "request" || /^http\/1\.1 (?:204|304)/.test(lower)) this.remaining = 0;
    else {
      this.state = "close";
      return;
    }
    if (this.remaining === 0) this.endMessage();
    else this.state = "length";
  }

  private readChunkSize(): boolean {
    const line = this.readLine();
    if (line === undefined) return false;
    this.remaining = Number.parseInt(line, 16);
    if (Number.isNaN(this.remaining)) throw new Error(`not a chunk size: ${line}`);
    this.state = this.remaining === 0 ? "trailer" : "chunk";
    return true;
  }

  private readLine(): string | undefined {
    const end = this.data.indexOf(lineEnd, this.at);
    if (end === -1) return undefined;
    const line = this.data.toString("latin1", this.at, end);
    this.at = end + lineEnd.length;
    return line;
  }

  /** Hands on what is here of the body; true when that was the rest. */
  private passOn(): boolean {
    const end = Math.min(this.data.length, this.at + this.remaining);
    this.handler.body(this.data, this.at, end);
    this.remaining -= end - this.at;
    this.at = end;
    return this.remaining === 0;
  }

  private endMessage(): void {
    this.state = "head";
    this.handler.end();
  }
}

/** A field's value in a head. @param name lower case */
export function fieldValue(head: string, name: string): string | undefined {
  const start = head.toLowerCase().indexOf(`\r\n${name}:`);
  if (start === -1) return undefined;
  const end = head.indexOf("\r\n", start + 2);
  return head.slice(start + name.length + 3, end === -1 ? undefined : end).trim();
}
