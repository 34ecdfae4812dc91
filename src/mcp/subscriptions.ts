import { within } from "../base/deadline.ts";
import { type JsonObject, objectIn } from "../base/json.ts";
import { PushStream } from "../base/push-stream.ts";
import type { RpcId } from "../contract/mcp.ts";
import { isReplyStream, Reply, type ReplyStream } from "../contract/reply.ts";
import type { Call } from "./call.ts";
import type { Decision } from "./decision.ts";
import { type Delivery, ownRequest } from "./delivery.ts";
import { eventOf, readMessages } from "./event-stream.ts";
import type { FanOutSettings } from "./fan-out.ts";
import { unlessAmbiguous } from "./json-view.ts";
import { parseObject } from "./message.ts";
import type { Names, Resolved } from "./names.ts";
import { drain } from "./read-body.ts";
import { eventHeaders, isEventReply } from "./relay.ts";
import { rpcError } from "./rpc-error.ts";
import { publishServerMessage } from "./server-message.ts";
import type { Link } from "./session.ts";
import type { McpLimits } from "./settings.ts";
import { TargetFailure } from "./target-failure.ts";
import {
  acknowledgement,
  filterMembers,
  listenEnd,
  type ListenFilter,
  passesFilter,
  readFilter,
  tagged,
} from "./wire/2026-07-28/listen.ts";

export interface SubscriptionSettings {
  readonly names: Names;
  readonly decision: Decision;
  readonly delivery: Delivery;
  readonly fanOut: FanOutSettings;
  readonly limits: McpLimits;
}

/**
 * `subscriptions/listen` at several targets as one stream. Acknowledged when every target has, or when the grace is over:
 * those that come later, or end their stream, join again by themselves. Which kinds there are the acknowledgement says
 * once, so that a late target adds nothing to them.
 * @throws GatewayError `mcp_invalid_params`
 */
export async function subscribeToAll(settings: SubscriptionSettings, call: Call, links: readonly Link[]): Promise<Reply> {
  const filter = readFilter(call.request.params ?? {});
  if (filter === undefined) {
    throw rpcError("mcp_invalid_params", { id: call.request.id, message: "invalid params: notifications must say what to listen for" });
  }
  const stream = new Subscription(settings, call, filter);
  return stream.open(links);
}

/** One client's stream. */
class Subscription {
  private readonly settings: SubscriptionSettings;
  private readonly call: Call;
  private readonly filter: ListenFilter;
  private readonly id: RpcId;
  private readonly body: PushStream;
  private readonly sources = new Set<ReplyStream>();
  /** What is let through; before the acknowledgement, nothing. */
  private honoured: ListenFilter | undefined;
  /** Kinds that were told a moment ago: one notification for all that happens at once. */
  private readonly told = new Set<string>();
  private early: Buffer[] = [];

  constructor(settings: SubscriptionSettings, call: Call, filter: ListenFilter) {
    this.settings = settings;
    this.call = call;
    this.filter = this.permitted(filter);
    this.id = call.request.id;
    this.body = new PushStream({
      maxWaitingBytes: settings.limits.maxWaitingBytes,
      onCancel: (reason) => this.drop(reason),
    });
  }

  async open(links: readonly Link[]): Promise<Reply> {
    const { fanOut, limits } = this.settings;
    const parts = links.map((link) => new Part(this, link));
    const opening = parts.map((part) => part.begin());
    const accepted: Promise<unknown> = fanOut.failureMode === "failClosed" ? Promise.all(opening) : Promise.allSettled(opening);
    try {
      await within(limits.streamGraceMs, accepted, () => graceOver);
    } catch (thrown) {
      if (thrown !== graceOver) {
        this.body.cancel(thrown as Error); // also for those that accept later, or would be asked again
        throw thrown;
      }
      for (const one of opening) one.catch(() => {}); // told by its own attempts
    }
    this.honoured = union(parts.flatMap(({ acknowledged }) => (acknowledged === undefined ? [] : [acknowledged])));
    this.body.write(eventOf(acknowledgement(this.honoured, this.id)));
    for (const message of this.early) this.pass(message);
    this.early = [];
    if (Object.keys(filterMembers(this.honoured)).length === 0) this.end(); // nothing will ever come
    return new Reply(200, eventHeaders(), this.body);
  }

  get isOpen(): boolean {
    return this.body.writable;
  }

  /** What one target is asked for. */
  filterFor(target: string): ListenFilter {
    const uris = this.filter.resourceSubscriptions.flatMap((published) => {
      const owner = this.ownerOf(published);
      return owner?.target === target ? [owner.name] : [];
    });
    return { ...this.filter, resourceSubscriptions: uris };
  }

  /** Opens a target's stream. */
  async request(link: Link): Promise<ReplyStream> {
    const { exchange, session, request } = this.call;
    const meta = objectIn(request.params ?? {}, "_meta");
    const params = { notifications: filterMembers(this.filterFor(link.target.name)), _meta: meta };
    const message = ownRequest(session.nextId(), "subscriptions/listen", Buffer.from(JSON.stringify(params)));
    const reply = await this.settings.delivery.post({ exchange, session, link, timeoutMs: 0 }, message);
    if (isEventReply(reply) && isReplyStream(reply.body)) return reply.body;
    drain(reply.body);
    throw new TargetFailure(link.target.name, `subscriptions/listen was refused: HTTP status ${reply.status}`);
  }

  add(
    stream: ReplyStream,
    link: Link,
    hooks: { readonly onAcknowledged: (filter: ListenFilter) => void; readonly onEnd: () => void },
  ): void {
    if (!this.isOpen) {
      stream.cancel(new Error("the subscription is over"));
      hooks.onEnd();
      return;
    }
    const { names, limits } = this.settings;
    const target = link.target.name;
    this.sources.add(stream);
    readMessages(stream, {
      maxMessageBytes: limits.maxMessageBytes,
      onMessage: (message) => {
        const value = parseObject(message);
        if (value?.["method"] === "notifications/subscriptions/acknowledged") {
          hooks.onAcknowledged(this.publishFilter(target, readFilter(objectIn(value, "params")) ?? nothing));
        } else if (value !== undefined && typeof value["method"] === "string") {
          const published = unlessAmbiguous(() => publishServerMessage(names, target, message));
          if (published !== undefined) this.hear(published);
        }
      },
      onOver: () => {
        if (this.sources.delete(stream)) hooks.onEnd();
      },
    });
  }

  private hear(message: Buffer): void {
    if (this.honoured !== undefined) this.pass(message);
    else if (this.early.length < this.settings.limits.maxHeldMessages) this.early.push(message);
  }

  private pass(message: Buffer): void {
    const value = parseObject(message);
    if (value === undefined || this.honoured === undefined || !passesFilter(this.honoured, value) || this.isHidden(value)) return;
    if (this.isRepetition(value)) return;
    const told = unlessAmbiguous(() => tagged(message, this.id));
    if (told !== undefined) this.body.write(eventOf(told));
  }

  /** Whether the same kind of list was said to have changed a moment ago. It is said once more at the end of that moment. */
  private isRepetition({ method }: JsonObject): boolean {
    if (typeof method !== "string" || !method.endsWith("/list_changed")) return false;
    if (this.told.has(method)) {
      this.told.add(again(method));
      return true;
    }
    this.told.add(method);
    setTimeout(() => {
      this.told.delete(method);
      if (!this.told.delete(again(method)) || !this.body.writable) return;
      this.pass(Buffer.from(JSON.stringify({ jsonrpc: "2.0", method })));
    }, this.settings.limits.changeWindowMs).unref();
    return false;
  }

  /** Resources that the rules hide are not listened for. */
  private permitted(filter: ListenFilter): ListenFilter {
    const { decision } = this.settings;
    if (!decision.active) return filter;
    return { ...filter, resourceSubscriptions: filter.resourceSubscriptions.filter((published) => this.mayRead(published)) };
  }

  private mayRead(published: string): boolean {
    const owner = this.ownerOf(published);
    if (owner === undefined) return false;
    return this.settings.decision.allows(this.call.exchange, { kind: "resource", target: owner.target, name: owner.name });
  }

  /** Whether it is about a part of what was subscribed to that the rules hide. */
  private isHidden(message: JsonObject): boolean {
    if (!this.settings.decision.active || message["method"] !== "notifications/resources/updated") return false;
    const { uri } = objectIn(message, "params");
    return typeof uri !== "string" || !this.mayRead(uri);
  }

  /** URIs say whose they are. */
  private ownerOf(published: string): Resolved | undefined {
    const owner = this.settings.names.resolve("resource", published);
    return owner === undefined || "among" in owner ? undefined : owner;
  }

  private publishFilter(target: string, filter: ListenFilter): ListenFilter {
    const publish = (name: string): string => this.settings.names.publish({ kind: "resource", target, name });
    return { ...filter, resourceSubscriptions: filter.resourceSubscriptions.map(publish) };
  }

  private end(): void {
    this.body.write(eventOf(listenEnd(this.id)));
    this.body.end();
    this.drop(new Error("the subscription has ended"));
  }

  private drop(reason: Error): void {
    for (const source of this.sources) source.cancel(reason);
    this.sources.clear();
  }
}

/** One target's part: opened again when the target ends it, for as long as the client listens. */
class Part {
  acknowledged: ListenFilter | undefined = undefined;
  private readonly subscription: Subscription;
  private readonly link: Link;
  private delayMs = firstDelayMs;

  constructor(subscription: Subscription, link: Link) {
    this.subscription = subscription;
    this.link = link;
  }

  /** Resolves when the target has acknowledged; one that ends before has nothing to say. */
  async begin(): Promise<void> {
    if (Object.keys(filterMembers(this.subscription.filterFor(this.link.target.name))).length === 0) return;
    const stream = await this.subscription.request(this.link).catch((thrown: unknown) => {
      this.again();
      throw thrown;
    });
    await new Promise<void>((resolve) => {
      this.subscription.add(stream, this.link, {
        onAcknowledged: (filter) => {
          this.acknowledged = filter;
          this.delayMs = firstDelayMs;
          resolve();
        },
        onEnd: () => {
          resolve();
          this.again();
        },
      });
    });
  }

  private again(): void {
    const idle = this.acknowledged !== undefined && Object.keys(filterMembers(this.acknowledged)).length === 0;
    if (idle) return; // it said that nothing will come
    setTimeout(() => {
      if (this.subscription.isOpen) this.begin().catch(() => {});
    }, this.delayMs).unref();
    this.delayMs = Math.min(this.delayMs * 2, longestDelayMs);
  }
}

function union(filters: readonly ListenFilter[]): ListenFilter {
  return {
    toolsListChanged: filters.some((filter) => filter.toolsListChanged),
    promptsListChanged: filters.some((filter) => filter.promptsListChanged),
    resourcesListChanged: filters.some((filter) => filter.resourcesListChanged),
    resourceSubscriptions: [...new Set(filters.flatMap((filter) => filter.resourceSubscriptions))],
  };
}

function again(method: string): string {
  return `${method} again`;
}

const nothing: ListenFilter = {
  toolsListChanged: false,
  promptsListChanged: false,
  resourcesListChanged: false,
  resourceSubscriptions: [],
};
const graceOver = new Error("grace over");
const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
