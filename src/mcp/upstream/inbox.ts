import type { JsonObject } from "../../base/json.ts";
import { objectIn } from "../../base/json.ts";
import { PushStream } from "../../base/push-stream.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { Reply } from "../../contract/reply.ts";
import { eventOf } from "../event-stream.ts";
import { isRpcId } from "../message.ts";
import { eventHeaders } from "../relay.ts";
import { serverRequestId } from "../server-message.ts";
import type { McpLimits } from "../settings.ts";
import { PendingReply } from "../pending-reply.ts";
import { HeldMessages } from "./held-messages.ts";
import { TargetBusy } from "./target-busy.ts";
import type { Outbound } from "./target.ts";

export interface InboxSettings {
  readonly limits: McpLimits;
  /** A client that was behind has room again, or has left. */
  readonly onRoom: () => void;
  /** Tells the server that a request of its will not be answered. */
  readonly refuse: (id: RpcId) => void;
}

/**
 * What one server says to one session over a single channel, sorted: responses to their calls, progress to the call it is
 * of, the rest to the client's own stream, or with the newest call, or kept until there is one of them.
 */
export class Inbox {
  private readonly settings: InboxSettings;
  private readonly calls = new Map<RpcId, PendingReply>();
  private stream: PushStream | undefined;
  private readonly held: HeldMessages;

  constructor(settings: InboxSettings) {
    this.settings = settings;
    const { maxHeldMessages: maxMessages, maxWaitingBytes: maxBytes } = settings.limits;
    this.held = new HeldMessages({ maxMessages, maxBytes, onDrop: (message) => this.drop(message) });
  }

  /** Notes a request that is about to be sent. @throws TargetBusy when too many are under way, or one of the same id; why its client has left */
  expect(exchange: Exchange, message: Outbound): PendingReply {
    const { limits, onRoom } = this.settings;
    const { calls } = this;
    const id = message.id as RpcId;
    if (exchange.aborted !== undefined) throw exchange.aborted;
    if (calls.size >= limits.maxPendingCalls) throw new TargetBusy(`${limits.maxPendingCalls} calls are under way`);
    if (calls.has(id)) throw new TargetBusy(`a request with id ${JSON.stringify(id)} is under way`);
    const call = new PendingReply({ id, progressToken: message.progressToken, maxWaitingBytes: limits.maxWaitingBytes, onRoom });
    calls.set(id, call);
    const unregister = exchange.onAbort((reason) => call.fail(reason));
    call.onEnd = () => {
      unregister();
      if (calls.get(id) === call) calls.delete(id);
    };
    return call;
  }

  /** The client has cancelled a call: no response will come for it. */
  giveUp(id: RpcId): void {
    this.calls.get(id)?.giveUp();
  }

  /** Sorts in one message of the server, which must not be a view of bytes that change. Returns false when the client is behind. */
  accept(bytes: Buffer, message: JsonObject): boolean {
    const { id, method } = message;
    if (typeof method === "string") return this.deliver(bytes, method === "notifications/progress" ? this.callOf(message) : undefined);
    const call = isRpcId(id) ? this.calls.get(id) : undefined;
    call?.respond(bytes);
    return true;
  }

  /** The client's own stream; the newest one wins. */
  listen(): Reply {
    const { limits, onRoom } = this.settings;
    this.stream?.end();
    const stream = new PushStream({ maxWaitingBytes: limits.maxWaitingBytes, onRoom, onCancel: onRoom });
    this.stream = stream;
    for (const message of this.held.take()) stream.write(eventOf(message));
    return new Reply(200, eventHeaders(), stream);
  }

  /** Nothing more will come for the calls under way. */
  fail(error: Error): void {
    for (const call of this.calls.values()) call.fail(error);
  }

  /** Ends the client's own stream. */
  end(): void {
    this.stream?.end();
  }

  private callOf(message: JsonObject): PendingReply | undefined {
    const token = objectIn(message, "params")["progressToken"];
    for (const call of this.calls.values()) if (token !== undefined && call.progressToken === token) return call;
    return undefined;
  }

  private deliver(message: Buffer, call: PendingReply | undefined): boolean {
    if (call !== undefined) return call.message(message);
    if (this.stream?.writable === true) return this.stream.write(eventOf(message));
    const newest = Array.from(this.calls.values()).at(-1);
    if (newest !== undefined) return newest.message(message);
    this.held.hold(message);
    return true;
  }

  /** A request that nobody hears is answered, so that the server does not wait for ever. */
  private drop(message: Buffer): void {
    const id = serverRequestId(message);
    if (id !== undefined) this.settings.refuse(id);
  }
}
