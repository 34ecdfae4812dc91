import { HeaderList } from "../base/headers.ts";
import { isJsonObject } from "../base/json.ts";
import { SseParser } from "../base/sse.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import { isReplyStream, Reply, type ReplyStream } from "../contract/reply.ts";
import { CancelledReply } from "./cancelled-reply.ts";
import { EventRelay, eventOf, Final, JsonAsEvent, mayHaveMethod } from "./event-stream.ts";
import { parseObject } from "./message.ts";
import { completeBody, drain, readBody } from "./read-body.ts";
import { readResponse } from "./read-response.ts";
import { Tap } from "./tap.ts";

/** What a client takes as the reply to a request: an event stream, one JSON document, or whichever of them it is. */
export type Accepts = "events" | "json" | "either";

export interface RelayOptions {
  readonly accepts: Accepts;
  /** Bytes of one message. */
  readonly maxMessageBytes: number;
  /** Rewrites a request or notification of the server; undefined drops it, a Final ends the reply. Without it they go through as they are. */
  readonly onMessage?: ((message: Buffer) => Buffer | Final | undefined) | undefined;
  /** Rewrites the response. */
  readonly onResponse?: ((response: Buffer) => Buffer) | undefined;
  /** Whether `onResponse` could change anything in these bytes, which may hold events; without it, always. */
  readonly touches?: ((bytes: Buffer) => boolean) | undefined;
  /** What the client is told in place of a response that does not come: not at all, not whole, or as something else. */
  readonly onBroken?: ((error: Error) => Buffer) | undefined;
  /** The id of an event as the client gets it; as it is when absent. */
  readonly publishId?: ((id: string) => string) | undefined;
  /** When the reply is over; once. */
  readonly onEnd?: (() => void) | undefined;
}

/**
 * A target's reply to a request as the client's. What nobody has to change goes through as bytes: an event stream as it
 * is, JSON as the one event of a stream where clients expect streams, as in the reference.
 * @throws GatewayError `upstream_invalid` when the target answers neither JSON nor events
 */
export async function relay(exchange: Exchange, reply: Reply, options: RelayOptions): Promise<Reply> {
  if (reply.status >= 300 || reply instanceof CancelledReply) {
    options.onEnd?.();
    return passThrough(reply);
  }
  const type = reply.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) return relayEvents(exchange, reply, options);
  if (type.startsWith("application/json")) return relayJson(exchange, reply, options);
  options.onEnd?.();
  drain(reply.body);
  throw new GatewayError("upstream_invalid", { detail: `content type ${type === "" ? "missing" : type}` });
}

/** A target's HTTP reply as it is, less its own session id. */
export function passThrough(reply: Reply): Reply {
  reply.headers.remove("mcp-session-id");
  return reply;
}

/** A response that is already here, as the client takes it. */
export function replyWith(accepts: Accepts, response: Buffer): Reply {
  if (accepts === "events") return new Reply(200, eventHeaders(), eventOf(response));
  return new Reply(200, new HeaderList(["content-type", "application/json"]), response);
}

/** Of a stream to the client. The last one has nginx in front of us pass events on as they come, not in blocks. */
export function eventHeaders(): HeaderList {
  return new HeaderList(["content-type", "text/event-stream", "cache-control", "no-cache", "x-accel-buffering", "no"]);
}

async function relayJson(exchange: Exchange, reply: Reply, options: RelayOptions): Promise<Reply> {
  const { accepts, onResponse, onEnd } = options;
  let whole = completeBody(reply.body);
  if (whole === undefined && onResponse !== undefined) whole = await readBody(reply.body, options.maxMessageBytes);
  if (whole !== undefined) {
    onEnd?.();
    if (!isObject(whole)) throw new Error(`expected a JSON-RPC response, got ${whole.length} bytes that are none`);
    noteError(exchange, whole);
    return replyWith(accepts, onResponse === undefined ? whole : onResponse(whole));
  }
  const body = tapped(reply.body as ReplyStream, onEnd);
  if (accepts === "events") return new Reply(200, eventHeaders(), new JsonAsEvent(body));
  return new Reply(200, new HeaderList(["content-type", "application/json"]), body);
}

async function relayEvents(exchange: Exchange, reply: Reply, options: RelayOptions): Promise<Reply> {
  const { accepts, onMessage, onResponse, onBroken, onEnd, maxMessageBytes } = options;
  if (accepts === "json") {
    const { bytes } = await readResponse(reply, {
      limit: maxMessageBytes,
      timeoutMs: 0,
      onMessage: (message) => void onMessage?.(message),
    });
    onEnd?.();
    noteError(exchange, bytes);
    return replyWith("json", onResponse === undefined ? bytes : onResponse(bytes));
  }
  const whole = completeBody(reply.body);
  const untouched = onResponse === undefined || (whole !== undefined && options.touches?.(whole) === false);
  if (
    whole !== undefined &&
    untouched &&
    (onMessage === undefined || !mayHaveMethod(whole)) &&
    (onBroken === undefined || mayRespond(whole)) &&
    (options.publishId === undefined || !idLine.test(whole.toString("latin1")))
  ) {
    onEnd?.();
    noteErrorEvent(exchange, whole);
    return new Reply(200, eventHeaders(), whole);
  }
  const source = whole === undefined ? (reply.body as ReplyStream) : replay(whole);
  if (onMessage === undefined && onResponse === undefined) return new Reply(200, eventHeaders(), tapped(source, onEnd));
  let answered = false;
  const transform = (message: Buffer): Buffer | Final | undefined => {
    if (onBroken !== undefined && !isObject(message)) return undefined;
    if (onMessage !== undefined && mayHaveMethod(message) && parseObject(message)?.["method"] !== undefined) {
      const passed = onMessage(message);
      answered ||= passed instanceof Final;
      return passed;
    }
    answered = true;
    noteError(exchange, message);
    return onResponse === undefined ? message : onResponse(message);
  };
  const lastWords = (error: Error | undefined): Buffer | undefined =>
    answered ? undefined : onBroken?.(error ?? new Error("the event stream ended without a response"));
  return new Reply(
    200,
    eventHeaders(),
    new EventRelay(source, { transform, maxMessageBytes, publishId: options.publishId, lastWords, onEnd }),
  );
}

const idLine = /^id:/m;

/** Whether bytes look like a JSON object, at both ends: a page of HTML, a batch or nothing at all is no message. */
function isObject(bytes: Buffer): boolean {
  let start = 0;
  while (isSpace(bytes[start])) start += 1;
  let last = bytes.length - 1;
  while (last > start && isSpace(bytes[last])) last -= 1;
  return bytes[start] === OPEN_BRACE && bytes[last] === CLOSE_BRACE;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Whether there may be a response among the messages. */
function mayRespond(events: Buffer): boolean {
  return events.includes(resultKey) || events.includes(errorKey);
}

const resultKey = Buffer.from('"result"');

function tapped(body: ReplyStream, onEnd: (() => void) | undefined): ReplyStream {
  return onEnd === undefined ? body : new Tap(body, onEnd);
}

/** Bytes that are all here, as a stream. */
export function replay(bytes: Buffer): ReplyStream {
  return {
    start(sink) {
      sink.data(bytes);
      sink.end();
    },
    resume() {},
    cancel() {},
  };
}

/** Larger responses are not looked into for an error: errors are short. Bytes. */
const maxErrorBytes = 65_536;
const errorKey = Buffer.from('"error"');

/** Notes for log and metrics that the call ended in a JSON-RPC error. */
function noteError(exchange: Exchange, response: Buffer): void {
  if (exchange.mcp === undefined || response.length > maxErrorBytes || !response.includes(errorKey)) return;
  const error = parseObject(response)?.["error"];
  if (!isJsonObject(error)) return;
  const { code, message } = error;
  exchange.mcp.error = { code: typeof code === "number" ? code : 0, message: typeof message === "string" ? message : "" };
}

/** The same for a response inside an event stream. */
function noteErrorEvent(exchange: Exchange, events: Buffer): void {
  if (exchange.mcp === undefined || events.length > maxErrorBytes || !events.includes(errorKey)) return;
  new SseParser({ maxEventBytes: maxErrorBytes, onEvent: ({ dataBytes }) => noteError(exchange, dataBytes) }).feed(events);
}

/** Whether a target's reply is a stream of events that goes on. */
export function isEventReply(reply: Reply): boolean {
  return isReplyStream(reply.body) && (reply.headers.get("content-type") ?? "").startsWith("text/event-stream");
}
