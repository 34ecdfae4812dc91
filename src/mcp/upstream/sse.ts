import { within } from "../../base/deadline.ts";
import { HeaderList } from "../../base/headers.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { isReplyStream, Reply } from "../../contract/reply.ts";
import { detached } from "../afterwards.ts";
import { cancelledId } from "../message.ts";
import { drain, readBody } from "../read-body.ts";
import { isEventReply } from "../relay.ts";
import { errorResponse } from "../rpc-error.ts";
import type { McpContext, McpLimits, SseTargetSettings } from "../settings.ts";
import { outgoingTo } from "./http-request.ts";
import { Inbox } from "./inbox.ts";
import type { MessageEndpoint } from "./sse-endpoint.ts";
import { SseStream } from "./sse-stream.ts";
import type { Connection, Outbound, Target } from "./target.ts";

/** A server that speaks HTTP+SSE (specification 2024-11-05, "Transports"): messages are posted, all answers come in one stream. */
export function sseTarget(settings: SseTargetSettings, _context: McpContext, limits: McpLimits): Target {
  return {
    name: settings.name,
    fingerprint: `sse ${settings.scheme}://${settings.authority}${settings.path}`,
    connect(_scope, previous) {
      if (!(previous instanceof SseConnection)) return new SseConnection(settings, limits);
      previous.adopt(settings);
      return previous;
    },
  };
}

/** The open stream and where to post. */
interface Channel {
  readonly stream: SseStream;
  readonly endpoint: MessageEndpoint;
  /** In whose name the stream was opened, and what the gateway itself has to say is sent. */
  readonly exchange: Exchange;
}

/** The session is the stream: it begins when the stream opens and is lost when it ends. */
class SseConnection implements Connection {
  lost = false;
  private settings: SseTargetSettings;
  private readonly limits: McpLimits;
  private readonly inbox: Inbox;
  private channel: Channel | undefined;

  constructor(settings: SseTargetSettings, limits: McpLimits) {
    this.settings = settings;
    this.limits = limits;
    this.inbox = new Inbox({
      limits,
      onRoom: () => this.channel?.stream.resume(),
      refuse: (id) => void this.refuse(id),
    });
  }

  /** Goes on with the settings of a newer configuration; the stream stays. */
  adopt(settings: SseTargetSettings): void {
    this.settings = settings;
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    if (message.method === "initialize") {
      const refusal = await this.open(exchange);
      if (refusal !== undefined) return refusal;
    }
    const { channel } = this;
    if (channel?.stream.open !== true) throw new Error("the event stream has ended");
    if (message.kind === "request") return this.request(channel, exchange, message);
    const reply = await this.send(channel, exchange, message);
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) this.inbox.giveUp(cancelled);
    return reply;
  }

  async listen(): Promise<Reply> {
    return this.inbox.listen();
  }

  async close(): Promise<void> {
    this.inbox.end();
    this.channel?.stream.cancel(new Error("the session was ended"));
    this.channel = undefined;
  }

  /** Opens a stream in place of the one there was. Returns the server's reply when it refuses. */
  private async open(client: Exchange): Promise<Reply | undefined> {
    this.channel?.stream.cancel(new Error("the session was opened anew"));
    this.channel = undefined;
    const exchange = detached(client); // the stream stays when this request is over
    const unregister = client.onAbort((reason) => exchange.abort(reason));
    const { endpointDeadlineMs } = this.limits;
    let stream: SseStream | undefined;
    try {
      const head = { method: "GET", body: null, timeoutMs: endpointDeadlineMs, fields: ["accept", "text/event-stream"] };
      const reply = await this.settings.send(outgoingTo(this.settings, exchange, head));
      if (!isEventReply(reply) || !isReplyStream(reply.body)) return await refusal(reply);
      stream = this.read(reply.body);
      const endpoint = await within(
        endpointDeadlineMs,
        stream.endpoint,
        () => new Error(`no endpoint event within ${endpointDeadlineMs} ms`),
      );
      this.channel = { stream, endpoint, exchange };
      this.lost = false;
      return undefined;
    } catch (thrown) {
      stream?.cancel(thrown as Error);
      throw thrown;
    } finally {
      unregister();
    }
  }

  private read(body: ConstructorParameters<typeof SseStream>[0]): SseStream {
    const { scheme, authority, path } = this.settings;
    const stream: SseStream = new SseStream(body, {
      url: `${scheme}://${authority}${path}`,
      maxMessageBytes: this.limits.maxMessageBytes,
      onMessage: (bytes, message) => this.inbox.accept(bytes, message),
      onEnd: (error) => {
        if (this.channel !== undefined && this.channel.stream !== stream) return;
        this.inbox.fail(error);
        // not at once: an answer that came with the end is an answer, and its call must not be sent again
        setImmediate(() => (this.lost = this.lost || this.channel?.stream === stream));
      },
    });
    return stream;
  }

  private async request(channel: Channel, exchange: Exchange, message: Outbound): Promise<Reply> {
    const call = this.inbox.expect(exchange, message);
    call.reply.catch(() => {}); // when the server refuses the message nobody waits for it
    let posted: Reply;
    try {
      posted = await this.send(channel, exchange, message);
    } catch (thrown) {
      call.fail(thrown as Error);
      throw thrown;
    }
    if (posted.status >= 300) {
      call.fail(new Error(`HTTP status ${posted.status}`));
      return posted;
    }
    const limit = message.timeoutMs > 0 ? message.timeoutMs : exchange.backendTimeoutMs;
    if (limit === 0) return call.reply;
    const timer = setTimeout(() => call.fail(new GatewayError("upstream_timeout")), limit);
    return call.reply.finally(() => clearTimeout(timer));
  }

  /** Posts one message. Returns 202, or the server's own error. */
  private async send({ endpoint, stream }: Channel, exchange: Exchange, message: Outbound): Promise<Reply> {
    const fields = ["content-type", "application/json", "accept", "*/*"];
    if (message.protocolVersion !== undefined) fields.push("mcp-protocol-version", message.protocolVersion);
    const { bytes: body, timeoutMs } = message;
    const reply = await this.settings.send(outgoingTo(this.settings, exchange, { method: "POST", ...endpoint, body, timeoutMs, fields }));
    if (reply.status >= 300) {
      if (this.channel?.stream === stream && (await saysSessionUnknown(reply))) this.lost = true;
      return reply;
    }
    drain(reply.body);
    return new Reply(202, new HeaderList());
  }

  private async refuse(id: RpcId): Promise<void> {
    const { channel } = this;
    if (channel === undefined) return;
    const bytes = errorResponse(id, -32603, "the client does not listen");
    const message = {
      kind: "response",
      id,
      method: undefined,
      bytes,
      protocolVersion: undefined,
      timeoutMs: this.limits.endpointDeadlineMs,
    } as const;
    await this.send(channel, channel.exchange, message).catch(() => {}); // a server that is gone does not wait
  }
}

/** @throws Error for a success that is no event stream */
async function refusal(reply: Reply): Promise<Reply> {
  if (reply.status >= 300) return reply;
  drain(reply.body);
  throw new Error(
    `expected an event stream, got HTTP status ${reply.status} with content type ${reply.headers.get("content-type") ?? "missing"}`,
  );
}

/** Bytes; a refusal of a session is a short text. */
const maxRefusalBytes = 4_096;

/** 404, or 400 with a text about the session, as servers after the official SDK's example say it. They did nothing. */
async function saysSessionUnknown(reply: Reply): Promise<boolean> {
  if (reply.status === 404) return true;
  if (reply.status !== 400 || !(Number(reply.headers.get("content-length")) <= maxRefusalBytes)) return false;
  const body = await readBody(reply.body, maxRefusalBytes);
  reply.body = body;
  return /session/i.test(body.toString());
}
