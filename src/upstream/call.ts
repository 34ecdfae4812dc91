import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import { HeaderList } from "../base/headers.ts";
import { isHopByHop } from "../base/hop-by-hop.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Outgoing } from "../contract/outgoing.ts";
import { Reply, type ReplySink, type ReplyStream } from "../contract/reply.ts";
import { upstreamFailure } from "./failure.ts";

type ParsedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Called once: when the response headers are there, or when the call failed before them (status 0). */
export type HeadObserver = (status: number, failure: Error | undefined) => void;

/**
 * One request under way: undici's handler and the reply's stream in one object. Bytes that arrive before the reply has a
 * sink (the policies above are still at work) are kept, at most one socket read of them before the socket is paused; a
 * small reply is then often complete when it is written, and goes out in one piece.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler, ReplyStream {
  private readonly outgoing: Outgoing;
  private readonly endpoint: string;
  private observe: HeadObserver | undefined;
  private resolve: ((reply: Reply) => void) | undefined;
  private reject: ((error: Error) => void) | undefined;

  private controller: Dispatcher.DispatchController | undefined;
  private sink: ReplySink | undefined;
  private early: Uint8Array[] | undefined;
  private ended = false;
  private failure: Error | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly unregister: () => void;

  constructor(outgoing: Outgoing, endpoint: string, observe: HeadObserver) {
    this.outgoing = outgoing;
    this.endpoint = endpoint;
    this.observe = observe;
    this.unregister = outgoing.exchange.onAbort((reason) => this.cancel(reason));
    if (outgoing.timeoutMs > 0) {
      this.timer = setTimeout(() => this.cancel(new GatewayError("upstream_timeout")), outgoing.timeoutMs);
    }
  }

  /** The reply's head; rejects with a GatewayError. */
  head(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(this.failure);
        return;
      }
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  // undici's side

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.failure !== undefined) controller.abort(this.failure);
  }

  onRequestUpgrade(_controller: Dispatcher.DispatchController, status: number, headers: ParsedHeaders, socket: Duplex): void {
    this.finishHead(status);
    this.unregister();
    this.resolve?.(new Reply(status, responseHeaders(headers), { socket }));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ParsedHeaders): void {
    if (status < 200) return; // 103 Early Hints and the like are hop's business
    this.finishHead(status);
    if (this.outgoing.upgrade !== undefined && status < 300) {
      this.cancel(new GatewayError("upgrade_failed"));
      return;
    }
    this.resolve?.(new Reply(status, responseHeaders(headers), this));
    this.resolve = undefined;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.sink !== undefined) {
      if (!this.sink.data(chunk)) controller.pause();
      return;
    }
    if (this.early === undefined) {
      this.early = [chunk];
      // the rest of this socket read follows in the same turn; whoever starts later must not make us buffer more
      queueMicrotask(() => this.holdBack());
    } else this.early.push(chunk);
  }

  onResponseEnd(): void {
    this.ended = true;
    this.unregister();
    this.sink?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.fail(upstreamFailure(cause, this.endpoint));
  }

  // the reply's side

  start(sink: ReplySink): void {
    this.sink = sink;
    let room = true;
    if (this.early !== undefined) for (const chunk of this.early) room = sink.data(chunk);
    this.early = undefined;
    if (this.failure !== undefined) sink.fail(this.failure);
    else if (this.ended) sink.end();
    else if (room) this.resume();
    else this.controller?.pause();
  }

  /** The whole body if it already arrived, so that it can be written in one piece with the head. */
  takeComplete(): Uint8Array | undefined {
    if (!this.ended || this.failure !== undefined || this.sink !== undefined) return undefined;
    const { early } = this;
    this.early = undefined;
    if (early === undefined) return new Uint8Array(0);
    return early.length === 1 ? early[0] : Buffer.concat(early);
  }

  resume(): void {
    if (this.controller?.paused === true && !this.ended) this.controller.resume();
  }

  cancel(reason: Error): void {
    if (this.ended || this.failure !== undefined) return;
    this.fail(reason);
    this.controller?.abort(reason);
  }

  private holdBack(): void {
    if (this.sink === undefined && !this.ended && this.failure === undefined && this.early !== undefined) this.controller?.pause();
  }

  private finishHead(status: number): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.observe?.(status, this.failure);
    this.observe = undefined;
  }

  private fail(error: Error): void {
    if (this.failure !== undefined || this.ended) return;
    this.failure = error;
    this.unregister();
    this.finishHead(0);
    this.resolve = undefined;
    this.reject?.(error);
    this.sink?.fail(error);
  }
}

/** undici's parsed response headers as a list, less the hop-by-hop ones. */
function responseHeaders(record: ParsedHeaders): HeaderList {
  const flat: string[] = [];
  for (const name in record) {
    if (isHopByHop(name)) continue;
    const value = record[name];
    if (typeof value === "string") flat.push(name, value);
    else if (value !== undefined) for (const one of value) flat.push(name, one);
  }
  return new HeaderList(flat);
}
