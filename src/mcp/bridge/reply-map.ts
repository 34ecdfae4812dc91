import { HeaderList } from "../../base/headers.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { Reply, type ReplyStream } from "../../contract/reply.ts";
import { EventRelay, Final } from "../event-stream.ts";
import { AmbiguousKey } from "../json-view.ts";
import { isResponse, parseObject } from "../message.ts";
import { readBody } from "../read-body.ts";
import { eventHeaders, isEventReply, replay } from "../relay.ts";
import { errorResponse } from "../rpc-error.ts";

export interface ReplyMap {
  /** The server's name, for errors. */
  readonly target: string;
  readonly maxMessageBytes: number;
  /** Of the client's request. */
  readonly id: RpcId;
  readonly onResponse: (response: Buffer) => Buffer;
  /** undefined drops the message. */
  readonly onMessage: (message: Buffer) => Buffer | Final | undefined;
}

/** A server's successful reply with every message in it as the caller shall get it; anything else goes through. */
export async function mapReply(reply: Reply, map: ReplyMap): Promise<Reply> {
  const { maxMessageBytes, onResponse, onMessage } = map;
  if (reply.status >= 300 || reply.status === 202) return reply;
  if (!isEventReply(reply)) {
    const type = reply.headers.get("content-type") ?? "";
    const body = await readBody(reply.body, maxMessageBytes);
    if (type.startsWith("text/event-stream")) return mapReply(new Reply(200, reply.headers, replay(body)), map);
    return new Reply(reply.status, new HeaderList(["content-type", "application/json"]), mapped(body, onResponse));
  }
  // called from inside readers of streams, which nothing may be thrown into
  let heard = false;
  const withoutMore = (message: Buffer | Final | undefined): Buffer | Final | undefined => {
    heard ||= message instanceof Final;
    return message;
  };
  const transform = (message: Buffer): Buffer | Final | undefined => {
    try {
      const value = parseObject(message);
      if (value !== undefined && typeof value["method"] === "string") return withoutMore(onMessage(message));
      if (value === undefined || !isResponse(value)) return undefined;
      heard = true;
      return onResponse(message);
    } catch (thrown) {
      heard = true;
      return new Final(errorResponse(map.id, -32603, `target "${map.target}": ${unusable} (${String(thrown)})`));
    }
  };
  const lastWords = (error: Error | undefined): Buffer | undefined =>
    heard
      ? undefined
      : errorResponse(map.id, -32603, `target "${map.target}": ${error?.message ?? "the event stream ended without a response"}`);
  return new Reply(200, eventHeaders(), new EventRelay(reply.body as ReplyStream, { transform, maxMessageBytes, lastWords }));
}

/** An ambiguous key of a server's is not the client's mistake. @throws Error */
function mapped(response: Buffer, onResponse: ReplyMap["onResponse"]): Buffer {
  const value = parseObject(response);
  if (value === undefined || !isResponse(value)) throw new Error("the server's reply held no response");
  try {
    return onResponse(response);
  } catch (thrown) {
    if (!(thrown instanceof AmbiguousKey)) throw thrown;
    throw new Error(`${unusable} (${thrown.message})`, { cause: thrown });
  }
}

const unusable = "the server sent a message that cannot be passed on";
