import { within } from "../../base/deadline.ts";
import { HeaderList } from "../../base/headers.ts";
import { type JsonObject, objectIn } from "../../base/json.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { Reply } from "../../contract/reply.ts";
import { type AmbiguousKey, type Edit, JsonView, replace, splice } from "../json-view.ts";
import { replyWith } from "../relay.ts";
import { errorResponse, resultResponse } from "../rpc-error.ts";
import { parseObject } from "../message.ts";
import { PendingReply } from "../pending-reply.ts";
import { metaKeys } from "../wire/2026-07-28/envelope.ts";
import { Backoff, type ProcessListener, type StdioLauncher } from "./stdio-launcher.ts";
import type { StdioProcess } from "./stdio-process.ts";
import { TargetBusy } from "./target-busy.ts";
import type { Connection, Outbound } from "./target.ts";

/** A call in a process that several callers share. */
interface PooledCall {
  readonly call: PendingReply;
  /** The caller's own id and progress token, JSON text. */
  readonly id: string;
  readonly progressToken: string | undefined;
}

/** What a process is asked first, and how it is told that it may begin. */
export interface Greeting {
  readonly method: string;
  readonly params: object;
  readonly deadlineMs: number;
  /** A notification after the answer. */
  readonly afterwards: Buffer | undefined;
  /** Whether a result is an answer to go on with. */
  readonly suits: (result: JsonObject) => boolean;
}

/** The process runs, and does not answer its greeting as hoped for: it speaks another revision. */
export class GreetingRefused extends Error {}

/**
 * One child process for all callers of a target who have no session with it, greeted once by the gateway. Every call gets
 * an id of the pool's own, which is its progress token too: callers cannot collide, and nobody hears of another's call.
 */
export class StdioPool implements ProcessListener {
  private readonly launcher: StdioLauncher;
  private readonly greetingOf: (launcher: StdioLauncher) => Greeting;
  private readonly backoff: Backoff;
  private process: StdioProcess | undefined;
  private greeting: Promise<Buffer> | undefined;
  private readonly calls = new Map<number, PooledCall>();
  private lastId = 0;
  /** Runs out when nobody has called for a while. */
  private idle: NodeJS.Timeout | undefined;
  /** It was not even started. */
  private stillborn = false;

  constructor(launcher: StdioLauncher, greetingOf: (launcher: StdioLauncher) => Greeting) {
    this.launcher = launcher;
    this.greetingOf = greetingOf;
    this.backoff = new Backoff(launcher);
  }

  /** What the server said to its greeting; starts it if it is not running. JSON text of the result. @throws GreetingRefused */
  hello(): Promise<Buffer> {
    this.greeting ??= this.greet().catch((thrown: unknown) => {
      this.greeting = undefined;
      void this.close();
      throw thrown;
    });
    return this.greeting;
  }

  async request(exchange: Exchange, message: Outbound): Promise<Reply> {
    await this.hello();
    return this.call(exchange, message);
  }

  async close(): Promise<void> {
    await this.process?.close();
  }

  onMessage(line: Buffer, message: JsonObject): void {
    const { id, method } = message;
    if (typeof method !== "string") {
      const pooled = typeof id === "number" ? this.calls.get(id) : undefined;
      if (pooled === undefined) return;
      this.calls.delete(id as number);
      respond(pooled, line);
    } else if (method === "notifications/progress") this.progress(line, message);
    else if (method.startsWith("notifications/")) this.notify(line, message, method);
    else if (typeof id === "string" || typeof id === "number") this.refuse(id, method);
  }

  onGone(reason: string): void {
    clearTimeout(this.idle);
    this.process = undefined;
    this.greeting = undefined;
    this.backoff.ended(reason);
    this.stillborn = reason.startsWith("could not be started");
    const error = new Error(`the server process ended (${reason})`);
    for (const { call } of this.calls.values()) call.fail(error);
  }

  private async greet(): Promise<Buffer> {
    const { method, params, deadlineMs, afterwards, suits } = this.greetingOf(this.launcher);
    this.backoff.started();
    this.stillborn = false;
    this.process = this.launcher.start(this);
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 0, method, params }));
    const late = (): Error => new GreetingRefused(`no answer to ${method} within ${deadlineMs} ms`);
    const asked = this.call(undefined, { kind: "request", id: 0, method, protocolVersion: undefined, timeoutMs: 0, bytes });
    const reply = await within(deadlineMs, asked, late).catch((thrown: unknown) => {
      throw this.stillborn || thrown instanceof GreetingRefused ? thrown : new GreetingRefused((thrown as Error).message);
    });
    const body = reply.body as Buffer;
    const result = new JsonView(body).member("result");
    const value = result === undefined ? undefined : parseObject(result.bytes);
    if (result === undefined || value === undefined || !suits(value)) {
      throw new GreetingRefused(`${method} was refused: ${body.toString("utf8", 0, 500)}`);
    }
    if (afterwards !== undefined) this.process?.send(afterwards);
    this.idle = setTimeout(() => this.reap(), this.launcher.limits.poolIdleMs).unref();
    return result.bytes;
  }

  /** The next caller starts it again. */
  private reap(): void {
    if (this.calls.size > 0) this.idle?.refresh();
    else void this.close();
  }

  private call(exchange: Exchange | undefined, message: Outbound): Promise<Reply> {
    const { maxPendingCalls, maxWaitingBytes } = this.launcher.limits;
    const { process, calls } = this;
    if (exchange?.aborted !== undefined) throw exchange.aborted;
    if (process === undefined) throw new Error("the server process ended");
    if (calls.size >= maxPendingCalls) throw new TargetBusy(`${maxPendingCalls} calls are under way`);
    this.idle?.refresh();
    this.lastId += 1;
    const id = this.lastId;
    const view = new JsonView(message.bytes);
    const own = view.member("id");
    const token = message.progressToken === undefined ? undefined : view.member("params")?.member("_meta")?.member("progressToken");
    const edits: Edit[] = [];
    for (const part of [own, token]) if (part !== undefined) edits.push(replace(part, String(id)));
    process.send(splice(message.bytes, edits));
    const call = new PendingReply({ id: message.id as RpcId, progressToken: message.progressToken, maxWaitingBytes, onRoom: () => {} });
    calls.set(id, { call, id: own?.bytes.toString() ?? "null", progressToken: token?.bytes.toString() });
    const unregister = exchange?.onAbort((reason) => call.fail(reason));
    call.onEnd = () => {
      unregister?.();
      // one that was not answered has nobody left who wants it
      if (calls.delete(id)) this.process?.tell(cancellation(id));
    };
    call.limit(message.timeoutMs);
    return call.reply;
  }

  private progress(line: Buffer, message: JsonObject): void {
    const token = objectIn(message, "params")["progressToken"];
    const pooled = typeof token === "number" ? this.calls.get(token) : undefined;
    if (pooled?.progressToken === undefined) return;
    const view = tokenIn(line);
    if (view === undefined) return;
    // a slow caller must not hold back the others: what it does not read waits, up to the stream's bound
    pooled.call.message(withMember(view, line, pooled.progressToken));
  }

  /** A notification about one call: it says so, or it is a log message and there is no other call it could be about. */
  private notify(line: Buffer, message: JsonObject, method: string): void {
    const params = objectIn(message, "params");
    const tag = objectIn(params, "_meta")[metaKeys.subscriptionId];
    if (method === "notifications/cancelled") {
      const over = typeof params["requestId"] === "number" ? this.calls.get(params["requestId"]) : undefined;
      if (over !== undefined) this.endSubscription(params["requestId"] as number, over);
      return;
    }
    const [only] = this.calls.values();
    const isAlone = this.calls.size === 1 && method === "notifications/message";
    const pooled = typeof tag === "number" ? this.calls.get(tag) : isAlone ? only : undefined;
    const bytes = pooled === undefined ? undefined : retagged(line, pooled, "params");
    if (pooled !== undefined && bytes !== undefined) pooled.call.message(bytes);
  }

  /** The server ends a subscription. */
  private endSubscription(id: number, { call }: PooledCall): void {
    this.calls.delete(id);
    call.giveUp();
  }

  /** Nobody in particular is behind this process who could answer. */
  private refuse(id: RpcId, method: string): void {
    const answer = method === "ping" ? resultResponse(id, Buffer.from("{}")) : errorResponse(id, -32601, `${method} needs a session`);
    this.process?.tell(answer);
  }
}

/** One stateless caller's view of the pool. */
export class PooledConnection implements Connection {
  readonly lost = false;
  private readonly pool: StdioPool;

  constructor(pool: StdioPool) {
    this.pool = pool;
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    if (message.kind !== "request") return new Reply(202, new HeaderList()); // there is no session it could be about
    if (message.method !== "initialize") return this.pool.request(exchange, message);
    const response = resultResponse(message.id as RpcId, await this.pool.hello());
    return replyWith("json", response);
  }

  async listen(): Promise<Reply> {
    return new Reply(405, new HeaderList());
  }

  /** The process stays for the next caller. */
  async close(): Promise<void> {}
}

/** Under the caller's own id. */
function respond({ call, id }: PooledCall, line: Buffer): void {
  let response: Buffer;
  try {
    const own = withMember(new JsonView(line).member("id"), line, id);
    response = own.includes(metaKeys.subscriptionId) ? (retagged(own, { id }, "result") ?? own) : own;
  } catch (thrown) {
    call.fail(thrown as AmbiguousKey); // whose answer it is depends on the reader
    return;
  }
  call.respond(response);
}

function tokenIn(notification: Buffer): JsonView | undefined {
  try {
    return new JsonView(notification).member("params")?.member("progressToken");
  } catch {
    return undefined; // ambiguous
  }
}

/** The message with the mark of its subscription as the caller knows it; undefined when readers could disagree about that. */
function retagged(message: Buffer, { id }: Pick<PooledCall, "id">, part: "params" | "result"): Buffer | undefined {
  try {
    return withMember(new JsonView(message).member(part)?.member("_meta")?.member(metaKeys.subscriptionId), message, id);
  } catch {
    return undefined;
  }
}

function withMember(view: JsonView | undefined, text: Buffer, value: string): Buffer {
  return view === undefined ? text : splice(text, [replace(view, value)]);
}

function cancellation(requestId: number): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } }));
}
