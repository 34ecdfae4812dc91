import { randomUUID } from "node:crypto";
import { isJsonObject, objectIn } from "../../base/json.ts";
import { spliceJsonMembers } from "../../base/json-members.ts";
import { SseParser } from "../../base/sse.ts";
import { errorTable } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import type { Reply, ReplyStream } from "../../contract/reply.ts";
import { detached } from "../afterwards.ts";
import { mayHaveMethod } from "../event-stream.ts";
import { JsonView, replace, splice } from "../json-view.ts";
import { isResponse, parseObject } from "../message.ts";
import { PendingReply } from "../pending-reply.ts";
import { readBody } from "../read-body.ts";
import { isEventReply } from "../relay.ts";
import type { McpLimits } from "../settings.ts";
import { TargetFailure } from "../target-failure.ts";
import type { Outbound, StatelessLine } from "../upstream/target.ts";
import { isQuestion, maxQuestions } from "./questions.ts";
import { type InputRequired, readInputRequired, toSessionResponse } from "./translate.ts";

/** A place for a question to the client. */
export type Ask = (onAnswer: (response: Buffer) => void) => { readonly id: string; readonly forget: () => void };

export interface VirtualCallSettings {
  /** The server's name, for errors. */
  readonly target: string;
  readonly line: Pick<StatelessLine, "post">;
  readonly limits: McpLimits;
  /** In the words of a revision without sessions. */
  readonly request: Outbound;
  /** Header fields that repeat arguments, as far as they are known. */
  readonly fields: () => readonly string[];
  /** Finds out which those are. */
  readonly relearn: (upstream: Exchange) => Promise<void>;
  readonly onResponse: (response: Buffer) => void;
  /** Whether the client's revision has ids of pages to visit. */
  readonly knowsUrlIds: boolean;
  readonly ask: Ask;
  readonly onEnd: () => void;
}

/**
 * One call in a session that the server knows nothing of. Where the server answers that it needs something first, the
 * client is asked on the call's own stream, and the call is sent again with the answers.
 */
export class VirtualCall {
  private readonly settings: VirtualCallSettings;
  private readonly out: PendingReply;
  private readonly id: RpcId;
  private upstream: Exchange | undefined;
  private rounds = 0;
  private over = false;
  /** How often the request was sent, and which of those has got its response. */
  private attempt = 0;
  private heard = 0;
  private relearnt = false;
  private readonly open = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;
  private source: ReplyStream | undefined;

  constructor(settings: VirtualCallSettings) {
    this.settings = settings;
    this.id = settings.request.id as RpcId;
    const { maxWaitingBytes } = settings.limits;
    this.out = new PendingReply({ id: this.id, progressToken: undefined, maxWaitingBytes, onRoom() {} });
  }

  start(exchange: Exchange): Promise<Reply> {
    const upstream = detached(exchange); // may be cancelled by itself
    this.upstream = upstream;
    const unregister = exchange.onAbort((reason) => this.cancel(reason));
    this.out.onEnd = () => {
      unregister();
      this.finish();
    };
    this.send(this.settings.request.bytes).catch((thrown: unknown) => this.fail(thrown));
    return this.out.reply;
  }

  cancel(reason: Error): void {
    if (this.over) return;
    this.upstream?.abort(reason);
    this.out.fail(reason);
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    if (this.heard < this.attempt) {
      this.upstream?.abort(new Error("the call is over"));
      this.source?.cancel(new Error("the call is over"));
    }
    for (const forget of this.open) forget();
    this.settings.onEnd();
  }

  private fail(thrown: unknown): void {
    if (!this.over) this.out.fail(TargetFailure.of(this.settings.target, thrown));
  }

  private async send(bytes: Buffer): Promise<void> {
    const { line, request, limits } = this.settings;
    this.attempt += 1;
    const { attempt } = this;
    const reply = await line.post(this.upstream as Exchange, { ...request, bytes, fields: this.settings.fields() });
    if (this.over) return;
    if (!isEventReply(reply)) {
      const body = await readBody(reply.body, limits.maxMessageBytes);
      // errors of the protocol have statuses of their own there, and come with 200 here
      if (reply.status === 400 && !this.relearnt && isHeaderMismatch(body)) {
        this.relearnt = true;
        await this.settings.relearn(this.upstream as Exchange);
        await this.send(bytes);
        return;
      }
      const isResponse = isJsonObject(parseObject(body)?.["error"]) || reply.status < 300;
      if (!isResponse && this.out.began) this.fail(new Error(`HTTP status ${reply.status}`));
      else if (!isResponse) this.out.pass(Object.assign(reply, { body }));
      else if ((reply.headers.get("content-type") ?? "").startsWith("text/event-stream")) this.parser(attempt).feed(body);
      else this.receive(body, attempt);
      if (isResponse && this.heard < attempt) this.fail(new Error("the server's reply held no response"));
      return;
    }
    const parser = this.parser(attempt);
    const stream = reply.body as ReplyStream;
    this.source = stream;
    stream.start({
      data: (chunk) => {
        parser.feed(chunk);
        return true;
      },
      end: () => {
        if (this.heard < attempt) this.fail(new Error("the event stream ended without a response"));
      },
      fail: (error) => {
        if (this.heard < attempt) this.fail(error);
      },
    });
  }

  private parser(attempt: number): SseParser {
    const { maxMessageBytes: maxEventBytes } = this.settings.limits;
    return new SseParser({
      maxEventBytes,
      onEvent: ({ dataBytes }) => this.receive(Buffer.from(dataBytes), attempt),
      onOversize: () => this.fail(new Error(`a message is larger than ${maxEventBytes} bytes`)),
    });
  }

  /** Called from inside readers of streams, which nothing may be thrown into. */
  private receive(message: Buffer, attempt: number): void {
    try {
      this.take(message, attempt);
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  private take(message: Buffer, attempt: number): void {
    if (this.over || attempt < this.attempt) return; // one response for each request
    const value = parseObject(message);
    if (value === undefined) return;
    if (mayHaveMethod(message) && typeof value["method"] === "string") {
      if (value["id"] === undefined) this.out.message(message);
      return; // servers ask nothing in this revision
    }
    if (!isResponse(value)) return;
    this.heard = attempt;
    this.settings.onResponse(message);
    const required = readInputRequired(message);
    if (required === undefined) this.respond(toSessionResponse(this.settings.request.method, message));
    else this.askAll(required);
  }

  private respond(response: Buffer): void {
    const id = new JsonView(response).member("id");
    this.out.respond(id === undefined ? response : splice(response, [replace(id, JSON.stringify(this.id))]));
  }

  private askAll({ requests, requestState }: InputRequired): void {
    const { limits } = this.settings;
    this.rounds += 1;
    if (this.rounds > limits.maxRounds) throw new Error(`the server asked back more than ${limits.maxRounds} times`);
    const answers = new Map<string, string>();
    const goOn = (): void => {
      if (this.open.size > 0 || this.over) return;
      clearTimeout(this.timer);
      this.send(this.retry(answers, requestState)).catch((thrown: unknown) => this.fail(thrown));
    };
    if (requests.size > maxQuestions) throw new Error(`the server asked ${requests.size} things at once`);
    for (const { method } of requests.values())
      if (!isQuestion(method)) throw new Error(`the server asked for ${method}, which no client answers`);
    this.timer = setTimeout(() => this.fail(new Error("the client did not answer what the server asked")), limits.parkMs).unref();
    for (const [key, { method, params }] of requests) {
      this.ask(method, params, (result) => {
        answers.set(key, result);
        goOn();
      });
    }
    if (requests.size === 0) goOn();
  }

  private ask(method: string, params: Buffer, onResult: (result: string) => void): void {
    const { id, forget } = this.settings.ask((response) => {
      this.open.delete(forget);
      const result = new JsonView(response).member("result")?.bytes.toString();
      const { message = "no result" } = objectIn(parseObject(response) ?? {}, "error");
      if (result !== undefined) onResult(result);
      else this.fail(new Error(`the client did not answer ${method}: ${String(message)}`));
    });
    this.open.add(forget);
    const text = this.settings.knowsUrlIds && parseObject(params)?.["mode"] === "url" ? withUrlId(params) : params;
    this.out.message(
      Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(method)},"params":${text.toString()}}`),
    );
  }

  /** The request once more, with what the client answered and an id of its own. */
  private retry(answers: ReadonlyMap<string, string>, requestState: string | undefined): Buffer {
    const { bytes } = this.settings.request;
    const message = new JsonView(bytes);
    const params = message.member("params");
    const id = message.member("id");
    if (params === undefined || id === undefined) return bytes;
    const inputResponses = `{${[...answers].map(([key, result]) => `${JSON.stringify(key)}:${result}`).join(",")}}`;
    const state = requestState === undefined ? undefined : JSON.stringify(requestState);
    const text = spliceJsonMembers(
      params.bytes,
      new Map([
        ["inputResponses", inputResponses],
        ["requestState", state],
      ]),
    );
    return splice(bytes, [replace(params, text.toString()), replace(id, JSON.stringify(`turnpike-retry-${randomUUID()}`))]);
  }
}

/** The server wants arguments in header fields that were not there. */
function isHeaderMismatch(body: Buffer): boolean {
  return objectIn(parseObject(body) ?? {}, "error")["code"] === errorTable.mcp_header_mismatch.rpc;
}

function withUrlId(params: Buffer): Buffer {
  return spliceJsonMembers(params, new Map([["elicitationId", JSON.stringify(randomUUID())]]));
}
