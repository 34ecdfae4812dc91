import { HeaderList } from "../../base/headers.ts";
import { isJsonObject, type JsonObject, objectIn } from "../../base/json.ts";
import { PushStream } from "../../base/push-stream.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { isReplyStream, Reply, type ReplyStream } from "../../contract/reply.ts";
import { detached } from "../afterwards.ts";
import { ownRequest } from "../delivery.ts";
import { eventOf, readMessages } from "../event-stream.ts";
import { JsonView, splice, unlessAmbiguous } from "../json-view.ts";
import { isRpcId, parseObject } from "../message.ts";
import { nameIn } from "../protocol-version.ts";
import { drain } from "../read-body.ts";
import { readResponse } from "../read-response.ts";
import { eventHeaders, isEventReply, replyWith } from "../relay.ts";
import { errorResponse, resultResponse } from "../rpc-error.ts";
import type { ClientHello } from "../session.ts";
import type { McpLimits } from "../settings.ts";
import { TargetBusy } from "../upstream/target-busy.ts";
import type { Connection, Outbound, StatelessLine, Target } from "../upstream/target.ts";
import { metaKeys } from "../wire/2026-07-28/envelope.ts";
import { filterMembers } from "../wire/2026-07-28/listen.ts";
import { paramFields } from "../wire/2026-07-28/param-headers.ts";
import { findRevision, latestRevision, statelessRevision } from "../wire/index.ts";
import { verdictOf } from "./era.ts";
import type { ToolHeaders } from "./tool-headers.ts";
import { toStatelessRequest, withoutMembers } from "./translate.ts";
import { VirtualCall } from "./virtual-call.ts";

export interface VirtualConnectionSettings {
  readonly target: Target;
  readonly line: StatelessLine;
  readonly client: ClientHello;
  readonly limits: McpLimits;
  readonly toolHeaders: ToolHeaders;
}

/**
 * A client's session at a server that has none (2026-07-28): what the client said once is repeated in every request, the
 * server's questions become requests to the client, and what the client subscribed to is listened for.
 */
export class VirtualConnection implements Connection {
  /** The server has turned out to have only sessions. */
  lost = false;
  private readonly settings: VirtualConnectionSettings;
  private line: StatelessLine;
  /** The line, listened to for signs of that. */
  private readonly watched: Pick<StatelessLine, "post"> = { post: (exchange, message) => this.send(exchange, message) };
  private readonly clientMembers: ReadonlyMap<string, string>;
  private capabilities: JsonObject = {};
  private level: string | undefined;
  private readonly uris = new Set<string>();
  private readonly calls = new Map<RpcId, VirtualCall>();
  /** Questions that the client has not answered yet, by the id they were sent under. */
  private readonly questions = new Map<RpcId, (response: Buffer) => void>();
  private asked = 0;
  /** The client's own stream, in whose name it is fed, and what feeds it. */
  private stream: PushStream | undefined;
  private owner: Exchange | undefined;
  private source: ReplyStream | undefined;
  private delayMs = firstDelayMs;
  private closed = false;

  constructor(settings: VirtualConnectionSettings) {
    this.settings = settings;
    this.line = settings.line;
    this.clientMembers = clientMembers(settings.client);
  }

  /** Goes on with the settings of a newer configuration. */
  moveTo(line: StatelessLine): void {
    this.line = line;
  }

  /** @returns undefined when the server says nothing that could stand for an answer to initialize */
  async initialize(exchange: Exchange, message: Outbound): Promise<Reply | undefined> {
    const id = message.id as RpcId;
    const { bytes: request } = ownRequest(id, "server/discover", emptyObject);
    const outbound: Outbound = { ...message, method: "server/discover", bytes: toStatelessRequest(request, this.envelope()) };
    const reply = await this.line.post(exchange, outbound);
    if (reply.status >= 300) {
      drain(reply.body);
      return undefined;
    }
    const response = await readResponse(reply, {
      limit: this.settings.limits.maxMessageBytes,
      timeoutMs: this.settings.limits.closedDeadlineMs,
    }).catch(() => undefined);
    const result = response?.value["result"];
    this.lost = false;
    if (!isJsonObject(result) || !isJsonObject(result["capabilities"])) return undefined;
    this.capabilities = result["capabilities"];
    return replyWith("json", resultResponse(id, Buffer.from(JSON.stringify(this.hello(result)))));
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    if (message.kind === "response") this.answered(message);
    if (message.kind === "notification" && message.method === "notifications/cancelled") this.cancel(message.bytes);
    if (message.kind !== "request") return new Reply(202, new HeaderList());
    const id = message.id as RpcId;
    const params = objectIn(parseObject(message.bytes) ?? {}, "params");
    switch (message.method) {
      case "ping":
        return replyWith("json", resultResponse(id, emptyObject));
      case "logging/setLevel":
        this.level = typeof params["level"] === "string" ? params["level"] : this.level;
        return replyWith("json", resultResponse(id, emptyObject));
      case "resources/subscribe":
      case "resources/unsubscribe":
        return this.subscribe(id, message.method, params["uri"]);
      case "tasks/get": // the extension's tasks are different things
      case "tasks/result":
      case "tasks/cancel":
      case "tasks/list":
        return replyWith("json", errorResponse(id, -32601, "Method not found"));
      case undefined:
      default:
        return this.call(exchange, message, params);
    }
  }

  async listen(exchange: Exchange): Promise<Reply> {
    this.stream?.end();
    const stream = new PushStream({
      maxWaitingBytes: this.settings.limits.maxWaitingBytes,
      onCancel: () => {
        if (this.stream === stream) this.deafen();
      },
    });
    this.stream = stream;
    this.owner = detached(exchange);
    this.hearken();
    return new Reply(200, eventHeaders(), stream);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stream?.end();
    this.deafen();
    for (const call of this.calls.values()) call.cancel(new Error("the session was ended"));
  }

  private async send(exchange: Exchange, message: Outbound): Promise<Reply> {
    const reply = await this.line.post(exchange, message);
    if (reply.status < 300) return reply;
    if ((await verdictOf(message.method, reply)) === "sessions") this.lost = true;
    return reply;
  }

  private envelope(): ReadonlyMap<string, string> {
    return this.level === undefined
      ? this.clientMembers
      : new Map([...this.clientMembers, [metaKeys.logLevel, JSON.stringify(this.level)]]);
  }

  /** `result` of initialize, as far as the server's own words go. */
  private hello({ instructions, _meta }: JsonObject): object {
    const { protocolVersion: asked } = this.settings.client;
    const revision = findRevision(asked);
    const serverInfo = isJsonObject(_meta) ? _meta[metaKeys.serverInfo] : undefined;
    const { tasks: _, ...capabilities } = this.capabilities;
    return {
      protocolVersion: revision === undefined || revision.stateless ? latestRevision.name : asked,
      capabilities,
      serverInfo: serverInfo ?? { name: this.settings.target.name, version: statelessRevision.name },
      ...(instructions === undefined ? {} : { instructions }),
    };
  }

  private call(exchange: Exchange, message: Outbound, params: JsonObject): Promise<Reply> {
    const id = message.id as RpcId;
    const { limits } = this.settings;
    if (this.calls.size >= limits.maxPendingCalls) throw new TargetBusy(`${limits.maxPendingCalls} calls are under way`);
    const { toolHeaders } = this.settings;
    const name = nameIn(message.method ?? "", params);
    const call = new VirtualCall({
      target: this.settings.target.name,
      line: this.watched,
      limits,
      request: { ...message, name, bytes: toStatelessRequest(message.bytes, this.envelope()) },
      fields: () => (message.method === "tools/call" ? paramFields(toolHeaders.of(name), params["arguments"]) : []),
      relearn: (upstream) => this.learnTools(upstream),
      onResponse: (response) => {
        if (message.method === "tools/list") toolHeaders.learn(response);
      },
      knowsUrlIds: this.settings.client.protocolVersion >= "2025-11-25",
      ask: (onAnswer) => this.ask(onAnswer),
      onEnd: () => {
        if (this.calls.get(id) === call) this.calls.delete(id);
      },
    });
    this.calls.set(id, call);
    return call.start(exchange);
  }

  /** Asks which arguments of tools have to be in header fields now. */
  private async learnTools(exchange: Exchange): Promise<void> {
    const { limits, toolHeaders } = this.settings;
    this.asked += 1;
    const id = `turnpike-tools-${this.asked}`;
    const { bytes } = ownRequest(id, "tools/list", emptyObject);
    const request: Outbound = {
      kind: "request",
      id,
      method: "tools/list",
      bytes: toStatelessRequest(bytes, this.envelope()),
      protocolVersion: undefined,
      timeoutMs: limits.openDeadlineMs,
    };
    const reply = await this.line.post(exchange, request);
    const response = await readResponse(reply, { limit: limits.maxMessageBytes, timeoutMs: limits.openDeadlineMs });
    toolHeaders.learn(response.bytes);
  }

  /** A place for a question to the client. @returns its id, and how to give up waiting */
  private ask(onAnswer: (response: Buffer) => void): { readonly id: string; readonly forget: () => void } {
    this.asked += 1;
    const id = `turnpike-ask-${this.asked}`;
    this.questions.set(id, onAnswer);
    return { id, forget: () => this.questions.delete(id) };
  }

  private answered({ id, bytes }: Outbound): void {
    const onAnswer = isRpcId(id) ? this.questions.get(id) : undefined;
    if (onAnswer === undefined) return;
    this.questions.delete(id as RpcId);
    onAnswer(bytes);
  }

  private cancel(notification: Buffer): void {
    const { requestId } = objectIn(parseObject(notification) ?? {}, "params");
    if (isRpcId(requestId)) this.calls.get(requestId)?.cancel(new Error("the client cancelled the call"));
  }

  private subscribe(id: RpcId, method: string, uri: unknown): Reply {
    if (objectIn(this.capabilities, "resources")["subscribe"] !== true && !this.capabilitiesUnknown) {
      return replyWith("json", errorResponse(id, -32601, "Method not found"));
    }
    if (typeof uri !== "string") return replyWith("json", errorResponse(id, -32602, "invalid params: uri must be a string"));
    if (method === "resources/subscribe" && this.uris.size < maxSubscriptions) this.uris.add(uri);
    else this.uris.delete(uri);
    if (this.stream !== undefined) this.hearken();
    return replyWith("json", resultResponse(id, emptyObject));
  }

  /** A session that another process opened: what the server can do was not carried along. */
  private get capabilitiesUnknown(): boolean {
    return Object.keys(this.capabilities).length === 0;
  }

  /** Listens for what the client wants to hear now, in place of what it wanted before. */
  private hearken(): void {
    const { owner, stream } = this;
    if (owner === undefined || stream === undefined || this.closed) return;
    const has = (capability: string): boolean =>
      this.capabilitiesUnknown || objectIn(this.capabilities, capability)["listChanged"] === true;
    const filter = filterMembers({
      toolsListChanged: has("tools"),
      promptsListChanged: has("prompts"),
      resourcesListChanged: has("resources"),
      resourceSubscriptions: [...this.uris],
    });
    this.source?.cancel(new Error("the subscription has changed"));
    this.source = undefined;
    if (Object.keys(filter).length === 0) return;
    const id = `turnpike-listen-${(this.asked += 1)}`;
    const { bytes: request } = ownRequest(id, "subscriptions/listen", Buffer.from(JSON.stringify({ notifications: filter })));
    const bytes = toStatelessRequest(request, this.envelope());
    this.watched
      .post(owner, { kind: "request", id, method: "subscriptions/listen", bytes, protocolVersion: undefined, timeoutMs: 0 })
      .then((reply) => this.feed(reply, stream))
      .catch(() => this.hearkenLater(stream));
  }

  private feed(reply: Reply, stream: PushStream): void {
    if (!isEventReply(reply) || !isReplyStream(reply.body)) {
      drain(reply.body);
      if (reply.status >= 500) this.hearkenLater(stream);
      return;
    }
    const source = reply.body;
    if (this.stream !== stream || this.closed) {
      source.cancel(new Error("nobody listens any more"));
      return;
    }
    this.source = source;
    this.delayMs = firstDelayMs;
    readMessages(source, {
      maxMessageBytes: this.settings.limits.maxMessageBytes,
      onMessage: (message) => this.hear(message, stream),
      onOver: () => {
        if (this.source === source) this.hearkenLater(stream);
      },
    });
  }

  private hear(message: Buffer, stream: PushStream): void {
    const method = parseObject(message)?.["method"];
    if (typeof method !== "string" || method === "notifications/subscriptions/acknowledged") return;
    const heard = unlessAmbiguous(() => untagged(message));
    if (heard !== undefined) stream.write(eventOf(heard));
  }

  private hearkenLater(stream: PushStream): void {
    this.source = undefined;
    setTimeout(() => {
      if (this.stream === stream && stream.writable) this.hearken();
    }, this.delayMs).unref();
    this.delayMs = Math.min(this.delayMs * 2, longestDelayMs);
  }

  private deafen(): void {
    this.stream = undefined;
    const { source } = this;
    this.source = undefined;
    source?.cancel(new Error("nobody listens any more"));
  }
}

/** What the client said of itself in its greeting, as members of `_meta`. JSON text by key. */
function clientMembers({ params }: ClientHello): ReadonlyMap<string, string> {
  const view = new JsonView(params);
  const info = view.member("clientInfo")?.bytes.toString();
  return new Map([
    [metaKeys.protocolVersion, JSON.stringify(statelessRevision.name)],
    [metaKeys.clientCapabilities, view.member("capabilities")?.bytes.toString() ?? "{}"],
    ...(info === undefined ? [] : ([[metaKeys.clientInfo, info]] as const)),
  ]);
}

/** The notification without the mark of its subscription. */
function untagged(message: Buffer): Buffer {
  const meta = new JsonView(message).member("params")?.member("_meta");
  if (meta === undefined) return message;
  return splice(message, [{ start: meta.start, end: meta.end, text: withoutMembers(meta.bytes, [metaKeys.subscriptionId]).toString() }]);
}

const emptyObject = Buffer.from("{}");
/** A session. */
const maxSubscriptions = 1_024;
const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
