import { isReplyStream, type Reply, type ReplySink, type ReplyStream } from "../contract/reply.ts";
import type { Resources } from "../contract/resources.ts";
import { isEventReply } from "./relay.ts";

const comment = Buffer.from(":\n\n");
/** Ticks of the timer in one interval: a stream is silent for that many before it gets a comment. Many, so that few are due at once. */
const ticksEach = 15;

/**
 * Keeps event streams to clients from being cut by whoever is between, or by the client, because nothing happens on them.
 * One timer for all: it looks at each stream some times an interval and runs while there are any. A stream that is over
 * before costs its place in a set, and not even that if all of it is here at once.
 */
export class KeepAlive {
  private readonly streams = new Set<KeptStream>();
  private readonly tickMs: number;
  private timer: NodeJS.Timeout | undefined;

  /** @param intervalMs silence at most, in milliseconds */
  constructor(intervalMs: number) {
    this.tickMs = intervalMs / ticksEach;
  }

  /** The reply as it is, unless it is an event stream whose end is not here yet. Errors of servers stay what they are. */
  watch(reply: Reply): Reply {
    if (reply.status === 200 && isEventReply(reply) && isReplyStream(reply.body)) reply.body = new KeptStream(reply.body, this);
    return reply;
  }

  add(stream: KeptStream): void {
    this.streams.add(stream);
    this.timer ??= setInterval(() => this.tick(), this.tickMs).unref();
  }

  delete(stream: KeptStream): void {
    this.streams.delete(stream);
  }

  private tick(): void {
    for (const stream of this.streams) stream.tick();
    if (this.streams.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/** All streams of a process share one. */
export function acquireKeepAlive(resources: Resources, intervalMs: number): KeepAlive {
  return resources.acquire(`mcp keep-alive ${intervalMs}`, () => new KeepAlive(intervalMs));
}

/** A stream that goes through untouched, with comments between events. */
class KeptStream implements ReplyStream, ReplySink {
  private readonly source: ReplyStream;
  private readonly keeper: KeepAlive;
  private sink: ReplySink | undefined;
  private silentTicks = 0;
  private isFull = false;
  private isOver = false;
  /** The last three bytes that were sent; as at the start, when nothing is begun, after a blank line. */
  private tail = BLANK;

  constructor(source: ReplyStream, keeper: KeepAlive) {
    this.source = source;
    this.keeper = keeper;
  }

  start(sink: ReplySink): void {
    this.sink = sink;
    this.source.start(this);
    if (!this.isOver) this.keeper.add(this);
  }

  resume(): void {
    this.isFull = false;
    this.source.resume();
  }

  takeComplete(): Uint8Array | undefined {
    return this.source.takeComplete?.();
  }

  cancel(reason: Error): void {
    this.leave();
    this.source.cancel(reason);
  }

  data(chunk: Uint8Array): boolean {
    this.silentTicks = 0;
    for (let i = Math.max(0, chunk.length - 3); i < chunk.length; i++) this.tail = ((this.tail << 8) | (chunk[i] as number)) & 0xffffff;
    const hasRoom = this.sink?.data(chunk) ?? true;
    this.isFull = !hasRoom;
    return hasRoom;
  }

  end(): void {
    this.leave();
    this.sink?.end();
  }

  fail(error: Error): void {
    this.leave();
    this.sink?.fail(error);
  }

  /** A client that does not take what there is needs no more, and an event that is begun must not be torn. */
  tick(): void {
    this.silentTicks += 1;
    if (this.silentTicks < ticksEach || this.isFull || !endsInBlankLine(this.tail)) return;
    this.silentTicks = 0;
    this.isFull = this.sink?.data(comment) === false;
  }

  private leave(): void {
    this.isOver = true;
    this.keeper.delete(this);
  }
}

const LF = 0x0a;
const CR = 0x0d;
const BLANK = (LF << 8) | LF;

/** Whether bytes end in a blank line, whichever line ends they have (HTML, "Server-sent events": LF, CR or both). */
function endsInBlankLine(tail: number): boolean {
  const last = tail & 0xff;
  const before = (tail >> 8) & 0xff;
  if (last === CR) return before === CR || before === LF;
  if (last !== LF) return false;
  return before === CR ? isLineEnd(tail >> 16) : before === LF;
}

function isLineEnd(byte: number): boolean {
  return byte === CR || byte === LF;
}
