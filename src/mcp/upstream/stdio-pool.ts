import { within } from "../../base/deadline.ts";
import { HeaderList } from "../../base/headers.ts";
import { type JsonObject, objectIn } from "../../base/json.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { Reply } from "../../contract/reply.ts";
import { type AmbiguousKey, type Edit, JsonView, replace, splice } from "../json-view.ts";
import { errorResponse, resultResponse } from "../rpc-error.ts";
import { latestRevision } from "../wire/index.ts";
import { StdioCall } from "./stdio-call.ts";
import { Backoff, type ProcessListener, type StdioLauncher } from "./stdio-launcher.ts";
import type { StdioProcess } from "./stdio-process.ts";
import { TargetBusy } from "./target-busy.ts";
import type { Connection, Outbound } from "./target.ts";

/** A call in a process that several callers share. */
interface PooledCall {
  readonly call: StdioCall;
  /** The caller's own id and progress token, JSON text. */
  readonly id: string;
  readonly progressToken: string | undefined;
}

/**
 * One child process for all stateless callers of a target, greeted once by the gateway. Every call gets an id of the
 * pool's own, which is its progress token too: callers cannot collide, and nobody hears of another's call.
 */
export class StdioPool implements ProcessListener {
  private readonly launcher: StdioLauncher;
  private readonly backoff: Backoff;
  private process: StdioProcess | undefined;
  private greeting: Promise<Buffer> | undefined;
  private readonly calls = new Map<number, PooledCall>();
  private lastId = 0;
  /** Runs out when nobody has called for a while. */
  private idle: NodeJS.Timeout | undefined;

  constructor(launcher: StdioLauncher) {
    this.launcher = launcher;
    this.backoff = new Backoff(launcher);
  }

  /** What the server said to initialize; starts it if it is not running. JSON text of the result. */
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
      if (pooled !== undefined) respond(pooled, line);
    } else if (method === "notifications/progress") this.progress(line, message);
    else if (typeof id === "string" || typeof id === "number") this.refuse(id, method);
  }

  onGone(reason: string): void {
    clearTimeout(this.idle);
    this.process = undefined;
    this.greeting = undefined;
    this.backoff.ended(reason);
    const error = new Error(`the server process ended (${reason})`);
    for (const { call } of this.calls.values()) call.fail(error);
  }

  private async greet(): Promise<Buffer> {
    const { closedDeadlineMs } = this.launcher.limits;
    this.backoff.started();
    this.process = this.launcher.start(this);
    const params = {
      protocolVersion: latestRevision.name,
      capabilities: {},
      clientInfo: { name: "turnpike", version: this.launcher.context.version },
    };
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params }));
    const late = (): Error => new Error(`no answer to initialize within ${closedDeadlineMs} ms`);
    const reply = await within(closedDeadlineMs, this.call(undefined, { ...greetingMessage, bytes }), late);
    const result = new JsonView(reply.body as Buffer).member("result");
    if (result === undefined) throw new Error(`initialize was refused: ${(reply.body as Buffer).toString("utf8", 0, 500)}`);
    this.process?.send(initialized);
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
    const call = new StdioCall({ id: message.id as RpcId, progressToken: message.progressToken, maxWaitingBytes, onRoom: () => {} });
    calls.set(id, { call, id: own?.bytes.toString() ?? "null", progressToken: token?.bytes.toString() });
    const unregister = exchange?.onAbort((reason) => call.fail(reason));
    call.onEnd = () => {
      unregister?.();
      calls.delete(id);
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
    return new Reply(200, new HeaderList(["content-type", "application/json"]), response);
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
    response = withMember(new JsonView(line).member("id"), line, id);
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

function withMember(view: JsonView | undefined, text: Buffer, value: string): Buffer {
  return view === undefined ? text : splice(text, [replace(view, value)]);
}

const greetingMessage = { kind: "request", id: 0, method: "initialize", protocolVersion: undefined, timeoutMs: 0 } as const;
const initialized = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}');
