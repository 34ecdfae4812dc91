import { HeaderList } from "../../base/headers.ts";
import { type JsonObject, objectIn } from "../../base/json.ts";
import { PushStream } from "../../base/push-stream.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { Reply } from "../../contract/reply.ts";
import { eventOf } from "../event-stream.ts";
import { cancelledId, isRpcId } from "../message.ts";
import { eventHeaders } from "../relay.ts";
import { errorResponse } from "../rpc-error.ts";
import { serverRequestId } from "../server-message.ts";
import { PendingReply } from "../pending-reply.ts";
import { HeldMessages } from "./held-messages.ts";
import { OwnLineFailure } from "./own-line-failure.ts";
import { Backoff, type ProcessListener, type StdioLauncher } from "./stdio-launcher.ts";
import type { StdioProcess } from "./stdio-process.ts";
import { TargetBusy } from "./target-busy.ts";
import type { Connection, Outbound } from "./target.ts";

/**
 * A child process for one session alone: ids and progress tokens are the client's own, and whatever the process says is
 * for this client. Messages that belong to no call wait for the client's stream.
 */
export class StdioConnection implements Connection, ProcessListener {
  lost = false;
  /** A process has answered: the server is one that works. */
  private served = false;
  private readonly launcher: StdioLauncher;
  private readonly backoff: Backoff;
  private process: StdioProcess | undefined;
  private readonly calls = new Map<RpcId, PendingReply>();
  private stream: PushStream | undefined;
  private readonly held: HeldMessages;

  constructor(launcher: StdioLauncher) {
    this.launcher = launcher;
    this.backoff = new Backoff(launcher);
    const { maxHeldMessages: maxMessages, maxWaitingBytes: maxBytes } = launcher.limits;
    this.held = new HeldMessages({ maxMessages, maxBytes, onDrop: (message) => this.drop(message) });
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    const process = this.process ?? this.start();
    if (message.kind === "request") return this.request(process, exchange, message);
    this.send(process, message.bytes);
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) this.calls.get(cancelled)?.giveUp();
    return new Reply(202, new HeaderList());
  }

  async listen(): Promise<Reply> {
    this.stream?.end();
    const onRoom = (): void => this.process?.flow(true);
    const stream = new PushStream({ maxWaitingBytes: this.launcher.limits.maxWaitingBytes, onRoom, onCancel: onRoom });
    this.stream = stream;
    for (const message of this.held.take()) stream.write(eventOf(message));
    return new Reply(200, eventHeaders(), stream);
  }

  async close(): Promise<void> {
    this.stream?.end();
    await this.process?.close();
  }

  onMessage(line: Buffer, message: JsonObject): void {
    const { id, method } = message;
    if (typeof method !== "string") {
      const call = isRpcId(id) ? this.calls.get(id) : undefined;
      this.served ||= call !== undefined;
      call?.respond(line);
    } else if (!this.deliver(line, method === "notifications/progress" ? this.callOf(message) : undefined)) {
      this.process?.flow(false);
    }
  }

  onGone(reason: string): void {
    this.process = undefined;
    this.lost = true;
    this.backoff.ended(reason);
    const error = this.failure(`the server process ended (${reason})`);
    for (const call of this.calls.values()) call.fail(error);
  }

  private start(): StdioProcess {
    try {
      this.backoff.started();
    } catch (thrown) {
      throw this.failure((thrown as Error).message);
    }
    this.process = this.launcher.start(this);
    this.lost = false;
    return this.process;
  }

  private request(process: StdioProcess, exchange: Exchange, message: Outbound): Promise<Reply> {
    const { maxPendingCalls, maxWaitingBytes } = this.launcher.limits;
    const { calls } = this;
    const id = message.id as RpcId;
    if (exchange.aborted !== undefined) throw exchange.aborted;
    if (calls.size >= maxPendingCalls) throw new TargetBusy(`${maxPendingCalls} calls are under way`);
    if (calls.has(id)) throw new TargetBusy(`a request with id ${JSON.stringify(id)} is under way`);
    this.send(process, message.bytes);
    const call = new PendingReply({ id, progressToken: message.progressToken, maxWaitingBytes, onRoom: () => this.process?.flow(true) });
    calls.set(id, call);
    const unregister = exchange.onAbort((reason) => call.fail(reason));
    call.onEnd = () => {
      unregister();
      if (calls.get(id) === call) calls.delete(id);
    };
    call.limit(message.timeoutMs);
    return call.reply;
  }

  private send(process: StdioProcess, message: Buffer): void {
    try {
      process.send(message);
    } catch (thrown) {
      throw this.failure((thrown as Error).message);
    }
  }

  /** What becomes of a server that has served this client is this client's affair; others have processes of their own. */
  private failure(why: string): Error {
    return this.served ? new OwnLineFailure(why) : new Error(why);
  }

  private callOf(message: JsonObject): PendingReply | undefined {
    const token = objectIn(message, "params")["progressToken"];
    for (const call of this.calls.values()) if (token !== undefined && call.progressToken === token) return call;
    return undefined;
  }

  /** To its call, to the client's stream, with the newest call, or kept. Returns false when the client is behind. */
  private deliver(message: Buffer, call: PendingReply | undefined): boolean {
    if (call !== undefined) return call.message(message);
    if (this.stream?.writable === true) return this.stream.write(eventOf(message));
    const newest = Array.from(this.calls.values()).at(-1);
    if (newest !== undefined) return newest.message(message);
    this.held.hold(Buffer.from(message));
    return true;
  }

  /** A request that nobody hears is answered, so that the server does not wait for ever. */
  private drop(message: Buffer): void {
    const id = serverRequestId(message);
    if (id !== undefined) this.process?.tell(errorResponse(id, -32603, "the client does not listen"));
  }
}
