import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { RequestBody } from "../contract/body.ts";
import { GatewayError } from "../contract/errors.ts";

const empty = Buffer.alloc(0);

/** A request's bytes on a node:http message. Nothing is read before somebody asks, so a refused upload costs nothing. */
export class NodeRequestBody implements RequestBody {
  readonly length: number | undefined;
  collected: Buffer | undefined;
  private readonly message: IncomingMessage;
  /** Sends "100 Continue" before the first read, if the client waits for it (RFC 9110 section 10.1.1). */
  private allowContinue: (() => void) | undefined;
  private pending: Promise<Buffer> | undefined;
  private streamed = false;
  private recordLimit = 0;
  private kept: Buffer[] = [];

  constructor(message: IncomingMessage, length: number | undefined, allowContinue?: () => void) {
    this.message = message;
    this.length = length;
    this.allowContinue = allowContinue;
    if (length === 0) this.collected = empty;
  }

  /** True when bytes may still be coming that nobody has asked for. */
  get unread(): boolean {
    return this.collected === undefined && this.pending === undefined && !this.streamed;
  }

  collect(limit: number): Promise<Buffer> {
    if (this.collected !== undefined)
      return this.collected.length > limit ? Promise.reject(tooLarge(limit)) : Promise.resolve(this.collected);
    if (this.length !== undefined && this.length > limit) return Promise.reject(tooLarge(limit));
    return (this.pending ??= this.read(limit));
  }

  stream(): Readable {
    if (!this.unread) throw new Error("the request body was already read");
    this.streamed = true;
    if (this.recordLimit > 0) this.keep();
    this.askForIt();
    return this.message;
  }

  get recorded(): Buffer | undefined {
    return this.kept.length === 0 ? undefined : Buffer.concat(this.kept);
  }

  record(limit: number): void {
    this.recordLimit = limit;
  }

  replace(bytes: Buffer): void {
    this.collected = bytes;
  }

  private keep(): void {
    let left = this.recordLimit;
    this.message.on("data", (chunk: Buffer) => {
      if (left <= 0) return;
      this.kept.push(chunk.length <= left ? chunk : chunk.subarray(0, left));
      left -= chunk.length;
    });
  }

  private askForIt(): void {
    this.allowContinue?.();
    this.allowContinue = undefined;
  }

  private read(limit: number): Promise<Buffer> {
    this.askForIt();
    const { message } = this;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const settle = (then: () => void): void => {
        message.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
        then();
      };
      const onData = (chunk: Buffer): void => {
        size += chunk.length;
        chunks.push(chunk);
        if (size <= limit) return;
        settle(() => {
          // left as it was: whoever passes it on as a stream gets every byte
          message.pause();
          message.unshift(Buffer.concat(chunks, size));
          this.pending = undefined;
          reject(tooLarge(limit));
        });
      };
      const onEnd = (): void =>
        settle(() => resolve((this.collected ??= chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size))));
      const onError = (cause: Error): void => settle(() => reject(new GatewayError("client_closed", { cause })));
      const onClose = (): void => settle(() => reject(new GatewayError("client_closed")));
      message.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
      message.resume(); // an earlier attempt with a lower limit may have paused it
    });
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("body_too_large", { detail: `the limit is ${limit} bytes` });
}
