import { randomBytes } from "node:crypto";
import type { Exchange } from "../../contract/exchange.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { McpRequest, RpcId } from "../../contract/mcp.ts";
import { isReplyStream, type Reply, type ReplyStream } from "../../contract/reply.ts";
import { detached } from "../afterwards.ts";
import { eventOf, mayHaveMethod } from "../event-stream.ts";
import type { Federation } from "../federation.ts";
import { listenToAll, listenToOne } from "../listening.ts";
import { MergedStream } from "../merged-stream.ts";
import { completeBody, drain, readBody } from "../read-body.ts";
import { parseObject } from "../message.ts";
import { isEventReply, replay } from "../relay.ts";
import { errorResponse } from "../rpc-error.ts";
import type { Link, Session } from "../session.ts";
import type { McpLimits } from "../settings.ts";
import { TargetFailure } from "../target-failure.ts";
import { asError } from "./refusals.ts";

export interface SseChannelSettings {
  /** The request that opened it. */
  readonly exchange: Exchange;
  readonly backend: string;
  readonly principal: string | undefined;
  readonly limits: McpLimits;
  /** It is over; once. */
  readonly onClose: () => void;
}

/** One client's event stream, in which it gets everything, and its session, which lasts as long as the stream. */
export class SseChannel {
  readonly id = randomBytes(idBytes).toString("base64url");
  readonly backend: string;
  /** Whose it is; an anonymous one becomes the first caller's who says who they are. */
  principal: string | undefined;
  session: Session | undefined = undefined;
  private readonly settings: SseChannelSettings;
  private readonly merged: MergedStream;
  /** In whose name things are done that no message of the client asks for. */
  private readonly owner: Exchange;
  private readonly running = new Set<Exchange>();
  private closed = false;
  private listening = false;
  private delayMs = firstDelayMs;

  constructor(settings: SseChannelSettings) {
    const { backend, principal, limits, exchange } = settings;
    this.settings = settings;
    this.backend = backend;
    this.principal = principal;
    this.owner = detached(exchange);
    const { maxWaitingBytes, maxMessageBytes } = limits;
    this.merged = new MergedStream({ maxWaitingBytes, maxMessageBytes, onClose: () => this.close() });
  }

  /** The stream, which begins with the address that the client is to post to. */
  begin(path: string): ReplyStream {
    this.merged.body.write(Buffer.from(`event: endpoint\ndata: ${path}?sessionId=${this.id}\n\n`));
    return this.merged.body;
  }

  get open(): boolean {
    return this.merged.body.writable;
  }

  send(message: Buffer): void {
    this.merged.body.write(eventOf(message));
  }

  /**
   * Answers a request in the stream, whenever the answer comes: clients that post one message after the other could not
   * answer a server's question in the middle of a call if that call's post were still open.
   */
  run(federation: Federation, exchange: Exchange, session: Session, request: McpRequest): void {
    const { maxPendingCalls } = this.settings.limits;
    if (this.running.size >= maxPendingCalls) {
      this.send(errorResponse(request.id, -32603, `failed to send message: ${maxPendingCalls} calls are under way`));
      return;
    }
    const own = detached(exchange);
    this.running.add(own);
    federation
      .request({ exchange: own, session, request, accepts: "events" })
      .then((reply) => this.answer(request.id, reply))
      .catch((thrown: unknown) => this.send(errorText(thrown, request.id)))
      .finally(() => this.running.delete(own));
  }

  /** Passes a reply on into the stream. A client whose request it was gets an answer, whatever the reply holds. */
  async answer(id: RpcId, reply: Reply): Promise<void> {
    if (reply.status >= 300) {
      const body = await readBody(reply.body, maxErrorBytes).catch(() => Buffer.alloc(0));
      const isRpc = parseObject(body)?.["id"] === id;
      this.send(isRpc ? body : errorResponse(id, -32603, `failed to send message: HTTP status ${reply.status}`));
      return;
    }
    const whole = completeBody(reply.body);
    let answered = false;
    await new Promise<void>((resolve) => {
      const source = whole === undefined ? (reply.body as ReplyStream) : replay(whole);
      const look = (message: Buffer): Buffer => {
        answered ||= !mayHaveMethod(message) || parseObject(message)?.["method"] === undefined;
        return message;
      };
      this.merged.add(source, { transform: look }, resolve);
    });
    if (!answered) this.send(errorResponse(id, -32603, "failed to send message: the server's stream ended without a response"));
  }

  /** Lets messages in that servers send of their own accord, for as long as the client is there. */
  listen(federation: Federation, session: Session): void {
    if (this.listening) return;
    this.listening = true;
    session.aside = (message) => this.send(message);
    this.subscribe(federation, session).catch(() => this.listenLater(federation, session));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.merged.end();
    for (const exchange of this.running) exchange.abort(new Error("the client closed the stream"));
    void this.session?.close(this.owner);
    this.settings.onClose();
  }

  private async subscribe(federation: Federation, session: Session): Promise<void> {
    const { names, listening: settings } = federation;
    const links = federation.links(session);
    let reply: Reply;
    try {
      reply = names.plain
        ? await listenToOne(settings, this.owner, session, links[0] as Link)
        : await listenToAll(settings, this.owner, session, links);
    } catch (thrown) {
      if (thrown instanceof GatewayError && thrown.code === "mcp_no_event_stream") return;
      throw thrown;
    }
    if (!isEventReply(reply) || !isReplyStream(reply.body)) {
      drain(reply.body);
      throw new Error(`HTTP status ${reply.status}`);
    }
    this.delayMs = firstDelayMs;
    session.aside = (message) => this.send(message);
    this.merged.add(reply.body, { transform: (message) => message }, () => this.listenLater(federation, session));
  }

  private listenLater(federation: Federation, session: Session): void {
    if (!this.open) return;
    setTimeout(() => {
      if (this.open) this.subscribe(federation, session).catch(() => this.listenLater(federation, session));
    }, this.delayMs).unref();
    this.delayMs = Math.min(this.delayMs * 2, longestDelayMs);
  }
}

/** Bytes of randomness in a session id; the specification asks for ids nobody can guess. */
const idBytes = 18;
/** Of the body of a server's HTTP error. */
const maxErrorBytes = 65_536;
const firstDelayMs = 1_000;
const longestDelayMs = 30_000;

/** What the client of a streamable transport would get as the body of an HTTP error. */
function errorText(thrown: unknown, id: RpcId): Buffer {
  const error = asError(thrown, id);
  const known = error instanceof TargetFailure ? error.toError(id) : error;
  if (!(known instanceof GatewayError)) return errorResponse(id, -32603, "internal error");
  const { body } = known.details;
  const isRpc = body !== undefined && body.contentType === "application/json";
  return isRpc ? Buffer.from(body.text) : errorResponse(id, known.row.rpc, known.message);
}
