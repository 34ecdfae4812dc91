import type { Duplex } from "node:stream";
import { HeaderList } from "../base/headers.ts";

/** Receives a reply's bytes: any number of `data`, then exactly one of `end` and `fail`. */
export interface ReplySink {
  /** Returns false when the receiver is full: the stream must then hold back until its `resume()` is called. */
  data(chunk: Uint8Array): boolean;
  end(): void;
  /** The stream broke off after it started; the receiver closes the connection, as HTTP has no other way to say so. */
  fail(error: Error): void;
}

/**
 * A reply's bytes, pushed to one sink. Lighter than node:stream (no event emitter, no read-ahead buffer of its own): a
 * stage that only looks at the bytes (usage metering, recording for a log) is a sink in front of another sink.
 */
export interface ReplyStream {
  /** Starts the flow; called once. */
  start(sink: ReplySink): void;
  /** Back-pressure let go: the sink that answered false to `data` has room again. */
  resume(): void;
  /** The whole body, if all of it is already here and nobody started it: it then goes out in one piece with the head. */
  takeComplete?(): Uint8Array | undefined;
  /** The receiver is gone (or lost interest): stop, and let go of whatever feeds the stream. Safe after the end. */
  cancel(reason: Error): void;
}

/** A connection that left HTTP (101 Switching Protocols); bytes go both ways from here on. */
export interface UpgradedConnection {
  readonly socket: Duplex;
}

export type ReplyBody = null | string | Uint8Array | ReplyStream | UpgradedConnection;

/** What the client will get. Policies may change it on its way back. */
export class Reply {
  status: number;
  headers: HeaderList;
  body: ReplyBody;

  constructor(status: number, headers: HeaderList = new HeaderList(), body: ReplyBody = null) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  static text(status: number, text: string): Reply {
    return new Reply(status, new HeaderList(["content-type", "text/plain; charset=utf-8"]), text);
  }

  static json(status: number, value: unknown): Reply {
    return new Reply(status, new HeaderList(["content-type", "application/json"]), JSON.stringify(value));
  }
}

/** Narrows a body to a stream. */
export function isReplyStream(body: ReplyBody): body is ReplyStream {
  return body !== null && typeof body === "object" && "start" in body;
}

/** Narrows a body to an upgraded connection. */
export function isUpgraded(body: ReplyBody): body is UpgradedConnection {
  return body !== null && typeof body === "object" && "socket" in body;
}

/** The rest of the request path. Never throws and never rejects: failures come as replies with `exchange.error` set. */
export type Next = () => Promise<Reply>;
