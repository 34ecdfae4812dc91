import { HeaderList } from "../../base/headers.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { Reply, type ReplyStream } from "../../contract/reply.ts";
import { EventRelay, Final, mayHaveMethod } from "../event-stream.ts";
import { AmbiguousKey } from "../json-view.ts";
import { parseObject } from "../message.ts";
import { readBody } from "../read-body.ts";
import { eventHeaders, isEventReply, replay } from "../relay.ts";
import { errorResponse } from "../rpc-error.ts";

export interface ReplyMap {
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
    return new Reply(
      reply.status,
      new HeaderList(["content-type", type]),
      parseObject(body) === undefined ? body : mapped(body, onResponse),
    );
  }
  // called from inside readers of streams, which nothing may be thrown into
  const transform = (message: Buffer): Buffer | Final | undefined => {
    try {
      return mayHaveMethod(message) && parseObject(message)?.["method"] !== undefined ? onMessage(message) : onResponse(message);
    } catch (thrown) {
      return new Final(errorResponse(map.id, -32603, `the server sent a message that cannot be passed on (${String(thrown)})`));
    }
  };
  return new Reply(200, eventHeaders(), new EventRelay(reply.body as ReplyStream, { transform, maxMessageBytes }));
}

/** An ambiguous key of a server's is not the client's mistake. @throws Error */
function mapped(response: Buffer, onResponse: ReplyMap["onResponse"]): Buffer {
  try {
    return onResponse(response);
  } catch (thrown) {
    if (!(thrown instanceof AmbiguousKey)) throw thrown;
    throw new Error(`the server sent a message that cannot be passed on (${thrown.message})`, { cause: thrown });
  }
}
