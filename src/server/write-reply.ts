import type { ServerResponse } from "node:http";
import type { Exchange } from "../contract/exchange.ts";
import { isReplyStream, isUpgraded, type Reply, type ReplySink, type ReplyStream } from "../contract/reply.ts";

/**
 * Writes a reply to the client: in one piece where all of it is there, else streaming with back-pressure. The exchange
 * is over when `response` closes; the caller listens for that.
 */
export function writeReply(response: ServerResponse, reply: Reply, exchange: Exchange): void {
  const { body, headers, status } = reply;
  exchange.status = status;
  exchange.responseHeaders = headers;

  if (response.destroyed || response.writableEnded) {
    if (isReplyStream(body)) body.cancel(new Error("client closed the connection"));
    return;
  }
  if (!isReplyStream(body)) {
    const bytes = isUpgraded(body) || body === null ? "" : body;
    writeWhole(response, reply, exchange, bytes);
    return;
  }
  if (exchange.incoming.method === "HEAD" || status === 204 || status === 304) {
    response.writeHead(status, headers.flat);
    response.end();
    body.cancel(new Error("a reply without a body"));
    return;
  }
  const whole = body.takeComplete?.();
  if (whole !== undefined) writeWhole(response, reply, exchange, whole);
  else writeStream(response, reply, exchange, body);
}

function writeWhole(response: ServerResponse, reply: Reply, exchange: Exchange, bytes: string | Uint8Array): void {
  const { headers, status } = reply;
  const length = typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length;
  const bodyless = exchange.incoming.method === "HEAD" || status === 204 || status === 304;
  if (!bodyless) {
    headers.set("content-length", String(length));
    exchange.responseBytes = length;
    if (exchange.recordsResponse) exchange.responseBody ??= Buffer.from(bytes).subarray(0, exchange.limits.maxBufferSize);
  }
  response.writeHead(status, headers.flat);
  if (bodyless || length === 0) response.end();
  else response.end(bytes);
}

function writeStream(response: ServerResponse, reply: Reply, exchange: Exchange, body: ReplyStream): void {
  response.writeHead(reply.status, reply.headers.flat);
  const record = exchange.recordsResponse ? new Recorder(exchange.limits.maxBufferSize) : undefined;
  const sink: ReplySink = {
    data(chunk) {
      record?.add(chunk);
      exchange.responseBytes += chunk.length;
      return response.write(chunk);
    },
    end() {
      if (record !== undefined) exchange.responseBody ??= record.bytes();
      response.end();
    },
    fail(error) {
      exchange.streamError ??= error;
      response.destroy(); // the only way left to tell the client that the body is not whole
    },
  };
  response.on("drain", () => body.resume());
  response.once("close", () => {
    if (!response.writableFinished) body.cancel(new Error("client closed the connection"));
  });
  body.start(sink);
  // an event stream may stay silent for long: its head must not wait for the first event
  if (exchange.responseBytes === 0 && !response.writableEnded) response.flushHeaders();
}

/** Keeps the beginning of a streamed reply, for expressions that run at the end. */
class Recorder {
  private readonly kept: Uint8Array[] = [];
  private left: number;

  constructor(limit: number) {
    this.left = limit;
  }

  add(chunk: Uint8Array): void {
    if (this.left <= 0) return;
    this.kept.push(chunk.length <= this.left ? chunk : chunk.subarray(0, this.left));
    this.left -= chunk.length;
  }

  bytes(): Buffer {
    return Buffer.concat(this.kept);
  }
}
