import { PushStream } from "../base/push-stream.ts";
import { GatewayError } from "../contract/errors.ts";
import type { RpcId } from "../contract/mcp.ts";
import { Reply } from "../contract/reply.ts";
import { CancelledReply } from "./cancelled-reply.ts";
import { eventOf } from "./event-stream.ts";
import { eventHeaders, replyWith } from "./relay.ts";
import { errorResponse } from "./rpc-error.ts";

export interface PendingReplySettings {
  readonly id: RpcId;
  readonly progressToken: RpcId | undefined;
  /** Bytes that may wait for a slow client. */
  readonly maxWaitingBytes: number;
  /** The client has room again, or has left. */
  readonly onRoom: () => void;
}

/**
 * The reply to a request that is being worked on where answers do not come as HTTP. It is JSON when the response comes
 * first, and an event stream from the moment something else about the call comes before it.
 */
export class PendingReply {
  readonly id: RpcId;
  readonly progressToken: RpcId | undefined;
  readonly reply: Promise<Reply>;
  /** Called once when there is nothing more to come. */
  onEnd: (() => void) | undefined = undefined;
  private readonly settings: PendingReplySettings;
  private resolve!: (reply: Reply) => void;
  private reject!: (error: Error) => void;
  private stream: PushStream | undefined;

  constructor(settings: PendingReplySettings) {
    this.id = settings.id;
    this.progressToken = settings.progressToken;
    this.settings = settings;
    this.reply = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Fails it when no reply has begun by then. @param limitMs 0 = it may take for ever */
  limit(limitMs: number): void {
    if (limitMs <= 0) return;
    const timer = setTimeout(() => this.fail(new GatewayError("upstream_timeout")), limitMs);
    this.reply.finally(() => clearTimeout(timer)).catch(() => {}); // its caller is told
  }

  /** A notification or request that belongs to the call. Returns false when the client is behind. */
  message(bytes: Buffer): boolean {
    if (this.stream === undefined) {
      const { maxWaitingBytes, onRoom } = this.settings;
      const onCancel = (): void => {
        this.over();
        onRoom();
      };
      this.stream = new PushStream({ maxWaitingBytes, onRoom, onCancel });
      this.resolve(new Reply(200, eventHeaders(), this.stream));
    }
    return this.stream.write(eventOf(bytes));
  }

  /** The response; the call is over. */
  respond(bytes: Buffer): void {
    this.over();
    if (this.stream === undefined) {
      this.resolve(replyWith("json", bytes));
      return;
    }
    this.stream.write(eventOf(bytes));
    this.stream.end();
  }

  /** Something was said already: from now on the client can be told of failures only in its stream. */
  get began(): boolean {
    return this.stream !== undefined;
  }

  /** A whole reply of somebody else's, where nothing has been said yet. */
  pass(reply: Reply): void {
    this.over();
    this.resolve(reply);
  }

  /**
   * The client has cancelled it. A server then sends no response (specification, "Cancellation"), and clients keep their
   * request open, so that nothing else would end the call. A response that comes all the same is nobody's.
   */
  giveUp(): void {
    this.over();
    if (this.stream === undefined) this.resolve(new CancelledReply());
    else this.stream.end();
  }

  /** There will be no response. A client that is reading already gets a JSON-RPC error as the last event. */
  fail(error: Error): void {
    this.over();
    if (this.stream === undefined) this.reject(error);
    else this.respond(errorResponse(this.id, -32603, `failed to send message: ${error.message}`));
  }

  private over(): void {
    this.onEnd?.();
    this.onEnd = undefined;
  }
}
