import { randomBytes } from "node:crypto";
import { isJsonObject, type JsonObject } from "../../base/json.ts";
import { SseParser } from "../../base/sse.ts";
import { errorTable } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import type { Reply, ReplyStream } from "../../contract/reply.ts";
import { detached } from "../afterwards.ts";
import type { Delivery, Leg, Message } from "../delivery.ts";
import { JsonView } from "../json-view.ts";
import { isResponse, isRpcId, parseObject } from "../message.ts";
import { PendingReply } from "../pending-reply.ts";
import { drain, readBody } from "../read-body.ts";
import { isEventReply } from "../relay.ts";
import { errorResponse, resultResponse } from "../rpc-error.ts";
import type { McpLimits } from "../settings.ts";
import type { ParkedCall, ParkedCalls } from "./parked-calls.ts";
import { TargetFailure } from "../target-failure.ts";
import { canBeAsked, maxQuestions } from "./questions.ts";
import { renumber, type Renumbered } from "./renumber.ts";
import { type Lease, refuse } from "./shared-sessions.ts";
import { toSessionRequest, toStatelessResponse, withoutMembers } from "./translate.ts";

export interface BridgedCallSettings {
  readonly delivery: Delivery;
  readonly limits: McpLimits;
  readonly parked: ParkedCalls<BridgedCall>;
  readonly lease: Lease;
  readonly caller: string;
  readonly subject: string;
  readonly method: string;
  /** Whether the caller wants log messages. */
  readonly logs: boolean;
  /** What the caller can be asked. */
  readonly capabilities: JsonObject;
}

/** The client's request that is open now: the first one, or the retry that goes on with the call. */
interface Waiting {
  readonly restore: Renumbered["restore"];
  readonly out: PendingReply;
}

interface Asked {
  /** The server's own id of its request. */
  readonly id: RpcId;
  readonly method: string;
  /** JSON text. */
  readonly params: Buffer;
}

/**
 * One call of a client without a session, at a server that has only sessions. The server may ask back in the middle of it
 * (elicitation, sampling, roots): the client then gets `input_required` and the call waits here, with the server's stream
 * open, until the client's retry brings the answers (specification 2026-07-28, "Multi Round-Trip Requests").
 */
export class BridgedCall implements ParkedCall {
  state = newState();
  readonly caller: string;
  readonly subject: string;
  private readonly settings: BridgedCallSettings;
  /** The call's own id at the server. */
  private readonly id: RpcId;
  private upstream: Exchange | undefined;
  private source: ReplyStream | undefined;
  private waiting: Waiting | undefined;
  private readonly asked = new Map<string, Asked>();
  private questions = 0;
  /** Notifications for a client that is not here now. */
  private held: Buffer[] = [];
  private final: Buffer | undefined;
  private failure: Error | undefined;
  private over = false;
  private expiry: NodeJS.Timeout | undefined;
  private asking = false;
  private rounds = 0;

  constructor(settings: BridgedCallSettings) {
    this.settings = settings;
    this.caller = settings.caller;
    this.subject = settings.subject;
    this.id = settings.lease.session.nextId();
  }

  /** Sends the call. @returns the first reply: the result, what the server wants to know, or a stream that leads there */
  start(exchange: Exchange, message: Message): Promise<Reply> {
    const { delivery, lease } = this.settings;
    const request = renumber(toSessionRequest(message.bytes), this.id);
    const upstream = detached(exchange); // the call outlives the request that began it
    this.upstream = upstream;
    const reply = this.attach(exchange, request.restore, message.id as RpcId);
    reply.catch(() => {}); // its reader may come later than its failure
    const run = async (): Promise<void> => {
      await delivery.ready(this.leg(upstream));
      await lease.hear(delivery, upstream, (heard) => this.receive(heard));
      if (this.over) return; // the client has left
      await this.read(await delivery.post(this.leg(upstream), { ...message, id: this.id, bytes: request.bytes }));
    };
    run().catch((thrown: unknown) => this.fail(thrown instanceof Error ? thrown : new Error(String(thrown))));
    return reply;
  }

  /**
   * Goes on with a call that waits, with the client's answers.
   * @param answers `inputResponses` of the retry
   */
  async resume(exchange: Exchange, message: Message, answers: JsonObject): Promise<Reply> {
    clearTimeout(this.expiry);
    const read = this.readAnswers(message, answers);
    const reply = this.attach(exchange, read.restore, message.id as RpcId);
    reply.catch(() => {}); // its reader may come later than its failure
    for (const [key, result] of read.results) {
      const asked = this.asked.get(key);
      if (asked === undefined) continue; // the call has ended meanwhile
      this.asked.delete(key);
      await this.post(exchange, { kind: "response", id: asked.id, method: undefined, bytes: resultResponse(asked.id, result) });
    }
    if (this.asked.size > 0) this.ask(); // what is missing is asked for again
    return reply;
  }

  /** Answers to what is asked now. One that can be read in two ways ends the call. @throws AmbiguousKey */
  private readAnswers(message: Message, answers: JsonObject): { restore: Renumbered["restore"]; results: Map<string, Buffer> } {
    try {
      const { restore } = renumber(message.bytes, this.id);
      const views = new JsonView(message.bytes).member("params")?.member("inputResponses");
      const results = new Map<string, Buffer>();
      for (const key of this.asked.keys()) {
        const result = isJsonObject(answers[key]) ? views?.member(key)?.bytes : undefined;
        if (result !== undefined) results.set(key, result);
      }
      return { restore, results };
    } catch (thrown) {
      this.cancel("the client's answers can be read in two ways");
      throw thrown;
    }
  }

  end(reason: string): void {
    this.cancel(reason);
  }

  private leg(exchange: Exchange): Leg {
    const { session, link } = this.settings.lease;
    return { exchange, session, link, timeoutMs: 0, quiet: true };
  }

  private attach(exchange: Exchange, restore: Waiting["restore"], id: RpcId): Promise<Reply> {
    const { maxWaitingBytes } = this.settings.limits;
    const out = new PendingReply({ id, progressToken: undefined, maxWaitingBytes, onRoom() {} });
    const unregister = exchange.onAbort(() => this.cancel("the client left"));
    out.onEnd = () => {
      unregister();
      if (this.waiting?.out === out) this.cancel("the client left"); // or reads too slowly: its stream was ended, not by the call
    };
    this.waiting = { restore, out };
    const { held } = this;
    this.held = [];
    for (const message of held) this.notify(message);
    if (this.final !== undefined) this.conclude(this.final);
    else if (this.failure !== undefined) this.fail(this.failure);
    return out.reply;
  }

  private async read(reply: Reply): Promise<void> {
    const { maxMessageBytes } = this.settings.limits;
    if (reply.status >= 300) {
      const { waiting } = this;
      this.waiting = undefined;
      this.finish();
      if (waiting?.out.began === false) waiting.out.pass(reply);
      else {
        drain(reply.body);
        waiting?.out.fail(this.named(new Error(`HTTP status ${reply.status}`)));
      }
      return;
    }
    if (!isEventReply(reply)) {
      const body = await readBody(reply.body, maxMessageBytes);
      if ((reply.headers.get("content-type") ?? "").startsWith("text/event-stream")) this.parser().feed(body);
      else this.receive(body);
      if (!this.over) this.fail(new Error("the server's reply held no response"));
      return;
    }
    const parser = this.parser();
    this.source = reply.body as ReplyStream;
    this.source.start({
      data: (chunk) => {
        parser.feed(chunk);
        return true;
      },
      end: () => this.fail(new Error("the event stream ended without a response")),
      fail: (error) => this.fail(error),
    });
  }

  private parser(): SseParser {
    const { maxMessageBytes: maxEventBytes } = this.settings.limits;
    return new SseParser({
      maxEventBytes,
      onEvent: ({ dataBytes }) => this.receive(Buffer.from(dataBytes)),
      onOversize: () => this.cancel(`a message is larger than ${maxEventBytes} bytes`),
    });
  }

  /** Called from inside readers of streams, which nothing may be thrown into. */
  private receive(message: Buffer): void {
    try {
      this.take(message);
    } catch (thrown) {
      this.cancel(`the server sent a message that cannot be passed on (${String(thrown)})`);
    }
  }

  private take(message: Buffer): void {
    const value = this.over ? undefined : parseObject(message);
    if (value === undefined) return;
    const { id, method } = value;
    if (typeof method !== "string") {
      if (id === this.id && isResponse(value)) this.conclude(message);
    } else if (!isRpcId(id)) this.notify(message, method);
    else if (method === "ping") this.answerPing(id);
    else this.question(id, method, message);
  }

  private answerPing(id: RpcId): void {
    void this.post(this.upstream as Exchange, { kind: "response", id, method: undefined, bytes: resultResponse(id, emptyResult) });
  }

  private question(id: RpcId, method: string, message: Buffer): void {
    const params = new JsonView(message).member("params")?.bytes ?? emptyResult;
    if (!canBeAsked(this.settings.capabilities, method, parseObject(params) ?? {}) || this.asked.size >= maxQuestions) {
      refuse(this.settings.delivery, this.leg(this.upstream as Exchange), id, `the client cannot be asked: ${method}`);
      return;
    }
    this.questions += 1;
    this.asked.set(`${this.questions}`, {
      id,
      method,
      params: method === "elicitation/create" ? withoutMembers(params, ["elicitationId"]) : params,
    });
    this.ask();
  }

  /** Several questions that come together are asked together. */
  private ask(): void {
    if (this.asking || this.waiting === undefined) return;
    this.asking = true;
    setImmediate(() => {
      this.asking = false;
      if (!this.over && this.asked.size > 0) this.park();
    });
  }

  private park(): void {
    const { parked, limits } = this.settings;
    const { waiting } = this;
    if (waiting === undefined) return;
    this.rounds += 1;
    if (this.rounds > limits.maxRounds) {
      this.cancel(`the server asked back more than ${limits.maxRounds} times`);
      return;
    }
    this.state = newState(); // good for one retry
    if (!parked.add(this)) {
      const { delivery } = this.settings;
      for (const { id } of this.asked.values()) refuse(delivery, this.leg(this.upstream as Exchange), id);
      this.asked.clear();
      return; // the server goes on without an answer
    }
    this.expiry = setTimeout(() => this.cancel("nobody answered what the server asked"), limits.parkMs).unref();
    this.waiting = undefined;
    waiting.out.respond(Buffer.from(this.inputRequired(waiting.out.id)));
  }

  private inputRequired(id: RpcId): string {
    const requests = [...this.asked].map(
      ([key, { method, params }]) => `${JSON.stringify(key)}:{"method":${JSON.stringify(method)},"params":${params.toString()}}`,
    );
    const result = `{"resultType":"input_required","inputRequests":{${requests.join(",")}},"requestState":${JSON.stringify(this.state)}}`;
    return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
  }

  private notify(message: Buffer, method = parseObject(message)?.["method"]): void {
    if (method === "notifications/message" ? !this.settings.logs : method !== "notifications/progress") return;
    const { waiting, settings } = this;
    if (waiting === undefined) {
      if (this.held.length < settings.limits.maxHeldMessages) this.held.push(message);
      return;
    }
    waiting.out.message(waiting.restore(message));
  }

  /** The response: to the client that waits, or kept for the one that comes back. */
  private conclude(response: Buffer): void {
    this.final = response;
    const { waiting } = this;
    if (waiting === undefined) {
      this.asked.clear();
      this.settings.lease.release();
      return;
    }
    this.waiting = undefined;
    this.finish();
    waiting.out.respond(this.translated(waiting.restore(response), waiting.out.id));
  }

  private translated(response: Buffer, id: RpcId): Buffer {
    const error = response.includes(urlRequired) ? parseObject(response)?.["error"] : undefined;
    if (isJsonObject(error) && error["code"] === -32042) {
      return urlElicitation(id, error, canBeAsked(this.settings.capabilities, "elicitation/create", { mode: "url" }));
    }
    return toStatelessResponse(this.settings.method, response);
  }

  private fail(error: Error): void {
    if (this.over) return;
    const { waiting } = this;
    this.failure = this.named(error);
    if (waiting === undefined) return; // told when the client comes back
    this.waiting = undefined;
    this.finish();
    waiting.out.fail(this.failure);
  }

  /** The error as the client gets it, in the middle of a stream too: it says which target. */
  private named(error: Error): Error {
    return TargetFailure.of(this.settings.lease.link.target.name, error);
  }

  /** Tells the server too. */
  private cancel(reason: string): void {
    if (this.over) return;
    const { waiting } = this;
    this.waiting = undefined;
    if (this.final === undefined && this.failure === undefined) this.tellCancelled(reason);
    this.finish();
    this.upstream?.abort(new Error(reason));
    waiting?.out.fail(this.named(new Error(reason)));
  }

  private tellCancelled(reason: string): void {
    const notification = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: this.id, reason } };
    const exchange = detached(this.upstream as Exchange);
    void this.post(exchange, {
      kind: "notification",
      id: undefined,
      method: notification.method,
      bytes: Buffer.from(JSON.stringify(notification)),
    });
  }

  private post(exchange: Exchange, message: Message): Promise<void> {
    return this.settings.delivery.post(this.leg(exchange), message).then(
      ({ body }) => drain(body),
      () => {}, // a server that is gone will be noticed by its stream
    );
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.expiry);
    this.settings.parked.remove(this);
    this.settings.lease.release();
    this.source?.cancel(new Error("the call is over"));
  }
}

function newState(): string {
  return randomBytes(24).toString("base64url");
}

/** A server of 2025-11-25 that wants a page visited first says so by an error; newer clients are asked for it. */
function urlElicitation(id: RpcId, error: JsonObject, can: boolean): Buffer {
  const { data } = error;
  const elicitations = isJsonObject(data) && Array.isArray(data["elicitations"]) ? data["elicitations"].filter(isJsonObject) : [];
  if (!can) {
    const missing = {
      code: errorTable.mcp_capability_missing.rpc,
      message: `${errorTable.mcp_capability_missing.text}: the server wants a page to be visited`,
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    };
    return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, error: missing }));
  }
  // the code must not be used any more (specification 2026-07-28, "Elicitation")
  if (elicitations.length === 0)
    return errorResponse(id, -32603, `the server wants a page to be visited, and names none: ${String(error["message"])}`);
  const requests = elicitations.map(({ message, url }, index) => [
    `url-${index + 1}`,
    { method: "elicitation/create", params: { mode: "url", message, url } },
  ]);
  const result = { resultType: "input_required", inputRequests: Object.fromEntries(requests) as unknown };
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, result }));
}

const emptyResult = Buffer.from("{}");
const urlRequired = Buffer.from("-32042");
