import { ByteParts } from "../base/byte-parts.ts";
import { GatewayError } from "../contract/errors.ts";
import { isReplyStream, isUpgraded, type ReplyBody, type ReplyStream } from "../contract/reply.ts";

/** What of a reply's body is already here in one piece; undefined when it is still coming. */
export function completeBody(body: ReplyBody): Buffer | undefined {
  if (body === null || isUpgraded(body)) return nothing;
  if (typeof body === "string") return Buffer.from(body);
  const whole = isReplyStream(body) ? body.takeComplete?.() : body;
  return whole === undefined ? undefined : asBuffer(whole);
}

/**
 * The whole body.
 * @param limit bytes; above it the body is cancelled and the call fails with `response_too_large`
 */
export function readBody(body: ReplyBody, limit: number): Promise<Buffer> {
  const whole = completeBody(body);
  if (whole !== undefined) return whole.length > limit ? Promise.reject(tooLarge(limit)) : Promise.resolve(whole);
  return collect(body as ReplyStream, limit);
}

/** Reads a body nobody wants, so that its connection can be used again; one that does not end soon is cancelled. */
export function drain(body: ReplyBody): void {
  if (completeBody(body) !== undefined) return;
  const stream = body as ReplyStream;
  const timer = setTimeout(() => stream.cancel(new Error("nobody reads this body")), drainMs).unref();
  const over = (): void => clearTimeout(timer);
  stream.start({ data: () => true, end: over, fail: over });
}

const drainMs = 5_000;

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const nothing = Buffer.alloc(0);

function collect(body: ReplyStream, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts = new ByteParts();
    body.start({
      data(chunk) {
        parts.add(chunk);
        if (parts.size > limit) {
          parts.clear();
          const error = tooLarge(limit);
          reject(error);
          body.cancel(error);
          return false;
        }
        return true;
      },
      end: () => resolve(parts.take()),
      fail: reject,
    });
  });
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("response_too_large", { detail: `the limit is ${limit} bytes` });
}
