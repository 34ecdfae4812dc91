import type { Clock } from "../base/clock.ts";
import { SseParser } from "../base/sse.ts";
import type { LlmCall } from "../contract/llm.ts";
import { isReplyStream, type Reply, type ReplyBody, type ReplySink, type ReplyStream } from "../contract/reply.ts";
import { collectReply } from "../pipeline/collect-reply.ts";
import { decodeContent, isIdentity } from "../base/content-encoding.ts";
import type { ReplyReader, StreamReader } from "./format.ts";

export interface MeterSettings {
  readonly reader: ReplyReader;
  readonly clock: Clock;
  /** Bytes of a reply, or of one event of a stream, that are held to be read. A larger one is passed on unread. */
  readonly limit: number;
}

/**
 * Notes in the call what a reply says it used. The client gets the provider's bytes: a stream is read on the side while
 * it passes, a whole reply before it goes out. Errors of the provider are passed on unread.
 */
export async function meterReply(reply: Reply, call: LlmCall, settings: MeterSettings): Promise<Reply> {
  if (reply.status < 200 || reply.status > 299) return reply;
  if (isReplyStream(reply.body) && isEventStream(reply)) {
    // We asked for identity; a provider that compresses nevertheless is passed on, its usage unknown.
    if (isIdentity(reply.headers.get("content-encoding"))) reply.body = new MeteredStream(reply.body, call, settings);
    return reply;
  }
  if (!(await collectReply(reply, settings.limit))) return reply;
  await undoEncoding(reply, settings.limit);
  const bytes = bytesOf(reply.body);
  if (bytes !== undefined) settings.reader.readReply(bytes, call);
  return reply;
}

function isEventStream(reply: Reply): boolean {
  return reply.headers.get("content-type")?.toLowerCase().startsWith("text/event-stream") === true;
}

/** Nobody asked for a compressed reply; one that came nevertheless is unpacked, for us and for the client. */
async function undoEncoding(reply: Reply, limit: number): Promise<void> {
  const encoding = reply.headers.get("content-encoding");
  const bytes = bytesOf(reply.body);
  if (encoding === undefined || isIdentity(encoding) || bytes === undefined) return;
  try {
    const plain = await decodeContent(bytes, encoding, limit);
    reply.body = plain;
    reply.headers.remove("content-encoding");
    if (reply.headers.has("content-length")) reply.headers.set("content-length", String(plain.length));
  } catch {
    // Unknown, broken or too large once unpacked: passed on as it came, its usage unknown.
  }
}

/** A body that is in memory. */
function bytesOf(body: ReplyBody): Buffer | undefined {
  if (typeof body === "string") return Buffer.from(body);
  if (Buffer.isBuffer(body)) return body;
  return body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : undefined;
}

/** A sink in front of the client's that looks at the bytes once they have been passed on. */
class MeteredStream implements ReplyStream, ReplySink {
  private readonly source: ReplyStream;
  private readonly clock: Clock;
  private readonly stream: StreamReader;
  private readonly parser: SseParser;
  private sink: ReplySink | undefined = undefined;
  private over = false;

  constructor(source: ReplyStream, call: LlmCall, { reader, clock, limit }: MeterSettings) {
    this.source = source;
    this.clock = clock;
    this.stream = reader.createStreamReader(call);
    this.parser = new SseParser({
      maxEventBytes: limit,
      onEvent: (event) => {
        if (this.stream.read(event) && call.firstTokenAt === undefined) call.firstTokenAt = this.clock.monotonic();
      },
    });
  }

  start(sink: ReplySink): void {
    this.sink = sink;
    this.source.start(this);
  }

  data(chunk: Uint8Array): boolean {
    const room = (this.sink as ReplySink).data(chunk);
    if (!this.over) this.parser.feed(chunk);
    return room;
  }

  end(): void {
    this.finish();
    (this.sink as ReplySink).end();
  }

  fail(error: Error): void {
    this.finish();
    (this.sink as ReplySink).fail(error);
  }

  resume(): void {
    this.source.resume();
  }

  takeComplete(): Uint8Array | undefined {
    const whole = this.source.takeComplete?.();
    if (whole === undefined) return undefined;
    this.parser.feed(whole);
    this.finish();
    return whole;
  }

  /** The client left: what was seen until now counts. */
  cancel(reason: Error): void {
    this.finish();
    this.source.cancel(reason);
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.stream.end();
  }
}
