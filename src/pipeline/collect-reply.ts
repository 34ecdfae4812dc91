import { isReplyStream, isUpgraded, type Reply, type ReplySink, type ReplyStream } from "../contract/reply.ts";

/**
 * Reads a reply's body into memory: afterwards `reply.body` is the bytes. A body larger than `limit` stays a stream that
 * loses nothing: what was read of it comes first.
 * @param limit bytes
 * @returns whether the body is now in memory
 * @throws what the stream failed with, if it broke off
 */
export async function collectReply(reply: Reply, limit: number): Promise<boolean> {
  const { body } = reply;
  if (isUpgraded(body)) return false;
  if (!isReplyStream(body)) return true;
  const complete = body.takeComplete?.();
  if (complete !== undefined) {
    reply.body = complete;
    return complete.length <= limit;
  }
  if (Number(reply.headers.get("content-length")) > limit) return false; // NaN, when there is none, is not
  const collector = new Collector(body, limit);
  const whole = await collector.done;
  reply.body = whole ?? collector;
  return whole !== undefined;
}

/** Takes the bytes in until the end or the limit; past the limit it is a stream in front of the one it read. */
class Collector implements ReplySink, ReplyStream {
  /** The whole body, or undefined when it is larger than the limit. */
  readonly done: Promise<Uint8Array | undefined>;
  private readonly source: ReplyStream;
  private readonly limit: number;
  private readonly settle: { resolve: (whole: Uint8Array | undefined) => void; reject: (error: Error) => void };
  private chunks: Uint8Array[] = [];
  private size = 0;
  private sink: ReplySink | undefined = undefined;
  private ended = false;
  private failure: Error | undefined = undefined;

  constructor(source: ReplyStream, limit: number) {
    this.source = source;
    this.limit = limit;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | undefined>();
    this.done = promise;
    this.settle = { resolve, reject };
    source.start(this);
  }

  data(chunk: Uint8Array): boolean {
    if (this.sink !== undefined) return this.sink.data(chunk);
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size <= this.limit) return true;
    this.settle.resolve(undefined);
    return false;
  }

  end(): void {
    this.ended = true;
    if (this.sink !== undefined) this.sink.end();
    else if (this.size <= this.limit) this.settle.resolve(joined(this.chunks));
  }

  fail(error: Error): void {
    this.failure = error;
    if (this.sink !== undefined) this.sink.fail(error);
    else this.settle.reject(error); // of no effect once the limit was passed: start() tells it then
  }

  start(sink: ReplySink): void {
    this.sink = sink;
    const { chunks } = this;
    this.chunks = [];
    let room = true;
    for (const chunk of chunks) room = sink.data(chunk);
    if (this.failure !== undefined) sink.fail(this.failure);
    else if (this.ended) sink.end();
    else if (room) this.source.resume();
  }

  resume(): void {
    this.source.resume();
  }

  cancel(reason: Error): void {
    this.source.cancel(reason);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
