import { HeaderList } from "../../base/headers.ts";
import { within } from "../../base/deadline.ts";
import { type JsonObject, objectIn } from "../../base/json.ts";
import { PushStream } from "../../base/push-stream.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { isReplyStream, Reply, type ReplyStream } from "../../contract/reply.ts";
import { afterwards, detached } from "../afterwards.ts";
import { type Leg, ownRequest } from "../delivery.ts";
import { eventOf, readMessages } from "../event-stream.ts";
import { unlessAmbiguous } from "../json-view.ts";
import { parseObject } from "../message.ts";
import { drain } from "../read-body.ts";
import { eventHeaders, isEventReply } from "../relay.ts";
import { errorResponse } from "../rpc-error.ts";
import { serverRequestId } from "../server-message.ts";
import { type ClientHello, Session } from "../session.ts";
import type { Outbound, Target } from "../upstream/target.ts";
import { acknowledgement, type ListenFilter, passesFilter, readFilter, tagged } from "../wire/2026-07-28/listen.ts";
import { latestRevision } from "../wire/index.ts";
import type { BridgeParts } from "./parts.ts";
import { refuse } from "./shared-sessions.ts";

export interface BridgedListenRequest {
  readonly exchange: Exchange;
  readonly message: Outbound;
  readonly target: Target;
  readonly client: ClientHello;
}

/** `subscriptions/listen` at a server that has only sessions: a session of its own, with the server's stream and subscriptions. */
export async function bridgedListen(parts: BridgeParts, { exchange, message, target, client }: BridgedListenRequest): Promise<Reply> {
  const filter = readFilter(objectIn(parseObject(message.bytes) ?? {}, "params"));
  const id = message.id as RpcId;
  if (filter === undefined) {
    return new Reply(
      400,
      new HeaderList(["content-type", "application/json"]),
      errorResponse(id, -32602, "invalid params: notifications must be an object"),
    );
  }
  const session = new Session({
    id: "listen",
    backend: "",
    principal: undefined,
    client,
    revision: latestRevision,
    connect: (to, _client, previous) => to.connect("session", previous),
  });
  session.initialized = true;
  const leg: Leg = { exchange: detached(exchange), session, link: session.link(target), timeoutMs: 0, quiet: true };
  const close = (): void => void session.close(afterwards(leg.exchange));
  try {
    await parts.delivery.ready(leg);
    const honoured = honour(filter, leg.link.hello?.capabilities ?? {});
    const body = new PushStream({
      maxWaitingBytes: parts.limits.maxWaitingBytes,
      onCancel: (reason) => {
        leg.exchange.abort(reason);
        close();
      },
    });
    body.write(eventOf(acknowledgement(honoured, id)));
    const listening = listenAt(parts, leg, (heard) => {
      const value = parseObject(heard);
      const told = value !== undefined && passesFilter(honoured, value) ? unlessAmbiguous(() => tagged(heard, id)) : undefined;
      if (told !== undefined) body.write(eventOf(told));
    });
    // some servers send the head of their stream with the first message in it
    await within(parts.limits.streamGraceMs, listening, () => graceOver).catch((thrown: unknown) => {
      if (thrown !== graceOver) throw thrown;
      listening.catch((error: Error) => body.cancel(error));
    });
    await subscribe(parts, leg, honoured);
    return new Reply(200, eventHeaders(), body);
  } catch (thrown) {
    close();
    throw thrown;
  }
}

function honour(filter: ListenFilter, capabilities: JsonObject): ListenFilter {
  const can = (capability: string, what: string): boolean => objectIn(capabilities, capability)[what] === true;
  return {
    toolsListChanged: filter.toolsListChanged && can("tools", "listChanged"),
    promptsListChanged: filter.promptsListChanged && can("prompts", "listChanged"),
    resourcesListChanged: filter.resourcesListChanged && can("resources", "listChanged"),
    resourceSubscriptions: can("resources", "subscribe") ? filter.resourceSubscriptions.slice(0, maxSubscriptions) : [],
  };
}

/** Opens the server's stream, and again when it ends. A server without one says nothing of its own accord. */
async function listenAt(parts: BridgeParts, leg: Leg, onMessage: (message: Buffer) => void): Promise<void> {
  const { delivery } = parts;
  const reply = await delivery.listen(leg);
  if (!isEventReply(reply) || !isReplyStream(reply.body)) {
    drain(reply.body);
    if (reply.status !== 405) throw new Error(`the server's own stream cannot be opened (HTTP status ${reply.status})`);
    return; // it says nothing of its own accord
  }
  const again = (): void => {
    if (leg.session.closed) return;
    setTimeout(() => {
      if (!leg.session.closed) listenAt(parts, leg, onMessage).catch(again);
    }, retryMs).unref();
  };
  const stream: ReplyStream = reply.body;
  leg.session.stream = { end: () => stream.cancel(new Error("the session was ended")) };
  readMessages(stream, {
    maxMessageBytes: delivery.maxMessageBytes,
    onMessage: (heard) => {
      const asked = serverRequestId(heard);
      if (asked === undefined) onMessage(heard);
      else refuse(delivery, leg, asked);
    },
    onOver: again,
  });
}

async function subscribe({ delivery }: BridgeParts, leg: Leg, { resourceSubscriptions }: ListenFilter): Promise<void> {
  for (const uri of resourceSubscriptions) {
    const request = ownRequest(leg.session.nextId(), "resources/subscribe", Buffer.from(JSON.stringify({ uri })));
    await delivery.request(leg, request);
  }
}

const graceOver = new Error("grace over");
const retryMs = 1_000;
/** A stream. Each is a request to the server. */
const maxSubscriptions = 1_024;
