import { HeaderList } from "../../base/headers.ts";
import { Reply, type ReplyStream } from "../../contract/reply.ts";
import { EventRelay, mayHaveMethod } from "../event-stream.ts";
import { parseObject } from "../message.ts";
import { readBody } from "../read-body.ts";
import { eventHeaders, isEventReply, replay } from "../relay.ts";

export interface ReplyMap {
  readonly maxMessageBytes: number;
  readonly onResponse: (response: Buffer) => Buffer;
  /** undefined drops the message. */
  readonly onMessage: (message: Buffer) => Buffer | undefined;
}

/** A server's successful reply with every message in it as the caller shall get it; anything else goes through. */
export async function mapReply(reply: Reply, { maxMessageBytes, onResponse, onMessage }: ReplyMap): Promise<Reply> {
  if (reply.status >= 300 || reply.status === 202) return reply;
  if (!isEventReply(reply)) {
    const type = reply.headers.get("content-type") ?? "";
    const body = await readBody(reply.body, maxMessageBytes);
    if (type.startsWith("text/event-stream"))
      return mapReply(new Reply(200, reply.headers, replay(body)), { maxMessageBytes, onResponse, onMessage });
    return new Reply(reply.status, new HeaderList(["content-type", type]), parseObject(body) === undefined ? body : onResponse(body));
  }
  const transform = (message: Buffer): Buffer | undefined =>
    mayHaveMethod(message) && parseObject(message)?.["method"] !== undefined ? onMessage(message) : onResponse(message);
  return new Reply(200, eventHeaders(), new EventRelay(reply.body as ReplyStream, { transform, maxMessageBytes }));
}
