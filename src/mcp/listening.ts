import { within } from "../base/deadline.ts";
import type { Exchange } from "../contract/exchange.ts";
import { GatewayError } from "../contract/errors.ts";
import { isReplyStream, Reply, type ReplyStream } from "../contract/reply.ts";
import type { Delivery, Leg } from "./delivery.ts";
import { eventOf, EventRelay } from "./event-stream.ts";
import type { FanOutSettings } from "./fan-out.ts";
import { loginOf } from "./login-refusal.ts";
import { MergedStream } from "./merged-stream.ts";
import { drain } from "./read-body.ts";
import { eventHeaders, isEventReply, passThrough } from "./relay.ts";
import { isServerMessage, publishEventId, resolveEventId } from "./server-message.ts";
import type { Link, Session } from "./session.ts";
import type { McpLimits } from "./settings.ts";
import { Tap } from "./tap.ts";
import { TargetFailure } from "./target-failure.ts";

export interface ListeningSettings {
  readonly delivery: Delivery;
  readonly limits: McpLimits;
  readonly fanOut: FanOutSettings;
  /** What the client gets of a target's message. */
  readonly publish: (session: Session, target: string, message: Buffer) => Buffer;
  /** What a client that has come back for a response gets of it; undefined where nothing is ever hidden. */
  readonly review: ((leg: Omit<Leg, "timeoutMs">, response: Buffer) => Buffer) | undefined;
}

/** A single target's stream of its own messages, byte for byte where no response in it could show what is hidden. */
export async function listenToOne(settings: ListeningSettings, exchange: Exchange, session: Session, link: Link): Promise<Reply> {
  let reply: Reply;
  try {
    reply = await settings.delivery.listen({ exchange, session, link, timeoutMs: 0 }, exchange.request.headers.get("last-event-id"));
  } catch (thrown) {
    if (loginOf(thrown) === undefined) throw thrown;
    return listenToAll(settings, exchange, session, [link]); // joins once somebody has logged in
  }
  if (reply.status === 405) throw new GatewayError("mcp_no_event_stream");
  if (!isEventReply(reply) || !isReplyStream(reply.body)) return passThrough(reply);
  const stream = new Tap(reviewed(settings, { exchange, session, link }, reply.body), () => {
    if (session.stream === stream) session.stream = undefined;
  });
  session.stream = stream;
  return new Reply(200, eventHeaders(), stream);
}

function reviewed(settings: ListeningSettings, leg: Omit<Leg, "timeoutMs">, stream: ReplyStream): ReplyStream {
  if (settings.review === undefined) return stream;
  const { maxMessageBytes } = settings.limits;
  return new EventRelay(stream, { transform: (message) => review(settings, leg, message), maxMessageBytes });
}

function review(settings: ListeningSettings, leg: Omit<Leg, "timeoutMs">, message: Buffer): Buffer {
  return settings.review === undefined || isServerMessage(message) ? message : settings.review(leg, message);
}

/** Goes on with the reply to a call of one target, which broke off; the client's own stream is another one. */
export async function resumeReply(settings: ListeningSettings, leg: Omit<Leg, "timeoutMs">, lastEventId: string): Promise<Reply> {
  const { session, link } = leg;
  const { name } = link.target;
  const reply = await settings.delivery.listen({ ...leg, timeoutMs: 0 }, lastEventId);
  if (reply.status === 405) throw new GatewayError("mcp_no_event_stream");
  if (!isEventReply(reply) || !isReplyStream(reply.body)) return passThrough(reply);
  const relay = new EventRelay(reply.body, {
    transform: (message) => settings.publish(session, name, review(settings, leg, message)),
    publishId: (id) => publishEventId(name, "reply", id),
    maxMessageBytes: settings.limits.maxMessageBytes,
  });
  return new Reply(200, eventHeaders(), relay);
}

/**
 * The messages of all targets in one stream. Answers once every target has (or the grace is over: some servers hold
 * back their headers until the first message); those that come later, or end their stream, join again by themselves.
 */
export async function listenToAll(
  settings: ListeningSettings,
  exchange: Exchange,
  session: Session,
  links: readonly Link[],
): Promise<Reply> {
  session.stream?.end(); // the newest one wins: the client may have lost the other without us noticing
  const merged = new MergedStream({
    maxWaitingBytes: settings.limits.maxWaitingBytes,
    maxMessageBytes: settings.limits.maxMessageBytes,
    onClose: () => {
      if (session.stream !== merged) return;
      session.stream = undefined;
      session.aside = undefined;
    },
  });
  session.stream = merged;
  const last = resolveEventId(exchange.request.headers.get("last-event-id") ?? "");
  const opening = links.map((link) => {
    const lastEventId = last?.target === link.target.name ? last.id : undefined;
    return new Subscription(settings, { exchange, session, link }, { merged, lastEventId }).begin();
  });
  try {
    await decide(settings, opening);
  } catch (thrown) {
    merged.body.cancel(new Error("no target offers a stream"));
    throw thrown;
  }
  // while targets were waited for, the client may have opened another one
  if (session.stream === merged) session.aside = (message) => void merged.body.write(eventOf(message));
  return new Reply(200, eventHeaders(), merged.body);
}

type Outcome = "open" | "unsupported";

/** Throws when there is to be no stream. */
async function decide({ fanOut, limits }: ListeningSettings, opening: readonly Promise<Outcome>[]): Promise<void> {
  const comesLater = (thrown: unknown): "failed" => {
    if (fanOut.failureMode === "failClosed" && loginOf(thrown) === undefined) throw thrown;
    return "failed";
  };
  const outcomes = Promise.all(opening.map((one) => one.catch(comesLater)));
  const known = await within(limits.streamGraceMs, outcomes, () => graceOver).catch((thrown: unknown) => {
    if (thrown === graceOver) return [];
    throw thrown;
  });
  if (known.length > 0 && known.every((outcome) => outcome === "unsupported")) throw new GatewayError("mcp_no_event_stream");
}

const graceOver = new Error("grace over");

/** One target's part of a merged stream: opened again when the target ends it, for as long as the client listens. */
class Subscription {
  private readonly settings: ListeningSettings;
  private readonly leg: { readonly exchange: Exchange; readonly session: Session; readonly link: Link };
  private readonly merged: MergedStream;
  private delayMs = firstDelayMs;
  /** The target's own, of the last event that had one. */
  private lastEventId: string | undefined;

  constructor(
    settings: ListeningSettings,
    leg: Subscription["leg"],
    { merged, lastEventId }: { readonly merged: MergedStream; readonly lastEventId: string | undefined },
  ) {
    this.settings = settings;
    this.leg = leg;
    this.merged = merged;
    this.lastEventId = lastEventId;
  }

  /** A target that is down joins later, unless its failure is to be everybody's. */
  begin(): Promise<Outcome> {
    return this.open().catch((thrown: unknown) => {
      if (this.settings.fanOut.failureMode === "failOpen" || loginOf(thrown) !== undefined) this.reopenLater();
      throw thrown;
    });
  }

  private async open(): Promise<Outcome> {
    const { session, link } = this.leg;
    const { name } = link.target;
    const { lastEventId } = this;
    this.lastEventId = undefined; // a server that does not know it any more is not asked for it twice
    const reply = await this.settings.delivery.listen({ ...this.leg, timeoutMs: 0 }, lastEventId);
    if (reply.status === 405) return "unsupported";
    if (!isEventReply(reply) || !isReplyStream(reply.body)) {
      drain(reply.body);
      throw new TargetFailure(name, `HTTP status ${reply.status}`);
    }
    this.delayMs = firstDelayMs;
    const leg = { ...this.leg, timeoutMs: 0 };
    const hooks = {
      // a response here belongs to no call of this target's: it could be taken for the answer to another one's
      transform: (message: Buffer): Buffer | undefined =>
        !isServerMessage(message) || this.settings.delivery.isTold(leg, message)
          ? undefined
          : this.settings.publish(session, name, message),
      publishId: (id: string): string => publishEventId(name, "own", id),
      onId: (id: string): void => void (this.lastEventId = id),
    };
    this.merged.add(reply.body, hooks, () => this.reopenLater());
    return "open";
  }

  private reopenLater(): void {
    if (!this.merged.body.writable) return;
    setTimeout(() => {
      if (!this.merged.body.writable) return;
      this.open().catch(() => this.reopenLater());
    }, this.delayMs).unref();
    this.delayMs = Math.min(this.delayMs * 2, longestDelayMs);
  }
}

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
