import type { Exchange } from "../../contract/exchange.ts";
import { within } from "../../base/deadline.ts";
import { isReplyStream, type ReplyStream } from "../../contract/reply.ts";
import { detached } from "../afterwards.ts";
import type { Delivery, Leg } from "../delivery.ts";
import { drain } from "../read-body.ts";
import { readMessages } from "../event-stream.ts";
import { isEventReply } from "../relay.ts";
import { errorResponse } from "../rpc-error.ts";
import { serverRequestId } from "../server-message.ts";
import { type ClientHello, type Connect, type Link, Session } from "../session.ts";
import type { McpLimits } from "../settings.ts";
import { TargetBusy } from "../upstream/target-busy.ts";
import type { Target } from "../upstream/target.ts";
import { latestRevision } from "../wire/index.ts";
import { callerKey } from "./caller-key.ts";

/** What a session at a server is wanted for. */
export interface Wanted {
  readonly exchange: Exchange;
  readonly target: Target;
  /** What the server is greeted with. */
  readonly client: ClientHello;
  /** How the session reaches the server; plainly where it is absent. Callers that reach it in different ways have sessions of their own. */
  readonly connect?: Connect;
  /** Log messages the caller wants; undefined for none. */
  readonly logLevel: string | undefined;
  /** The server may ask back in it: nobody else's call may be under way there, or nobody could tell whom it asks. */
  readonly alone: boolean;
}

/** A session at a server, lent for one call. */
export interface Lease {
  readonly session: Session;
  readonly link: Link;
  /**
   * Lets in what the server says outside of replies, while the call has the session for itself. Resolves when the server's
   * own stream is open, or is not to be had: many servers ask there, and what they ask before it is open is lost.
   */
  hear(delivery: Delivery, exchange: Exchange, onMessage: (message: Buffer) => void): Promise<void>;
  release(): void;
}

/**
 * Sessions that the gateway has at servers on behalf of callers who have none with it: to greet a server for every call
 * would cost three requests more each time. Only calls of one caller, with the same credentials and abilities, meet in a
 * session. Kept for a while after the last call.
 */
export class SharedSessions {
  private readonly limits: McpLimits;
  private readonly byKey = new Map<string, Set<Entry>>();
  /** The longest unused first. */
  private readonly all = new Set<Entry>();

  constructor(limits: McpLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.all.size;
  }

  /** @throws Error when all sessions that may be there are in use */
  lease(wanted: Wanted): Lease {
    const { target, exchange, client, connect, logLevel, alone } = wanted;
    if (target.shares === true && !alone) return passing(wanted);
    const key = JSON.stringify([target.name, callerKey(exchange), client.params.toString(), logLevel, connect !== undefined]);
    const entries = this.byKey.get(key) ?? new Set();
    let entry = Array.from(entries).find((one) => !alone || !one.taken);
    if (entry === undefined) {
      this.makeRoom(target.name);
      entry = new Entry(key, client, connect ?? plainly);
      // told to the server when it is greeted
      if (logLevel !== undefined) entry.session.link(target).standing.level(logLevel);
      this.byKey.set(key, entries.add(entry));
    }
    this.all.delete(entry);
    this.all.add(entry);
    entry.latest = exchange;
    return this.lend(entry, target, alone);
  }

  /** Ends all of them. */
  close(): void {
    for (const entry of this.all) this.drop(entry);
  }

  private lend(entry: Entry, target: Target, alone: boolean): Lease {
    clearTimeout(entry.idle);
    entry.users += 1;
    if (alone) entry.taken = true;
    let held = true;
    return {
      session: entry.session,
      link: entry.session.link(target),
      hear: (delivery, exchange, onMessage) => {
        entry.listener = onMessage;
        const opening = entry.listen(delivery, exchange, target);
        if (!entry.flushes) return Promise.resolve();
        const late = (): Error => new Error("no head of the server's stream");
        return within(this.limits.shortDeadlineMs, opening, late).catch(() => void (entry.flushes = false));
      },
      release: () => {
        if (!held) return;
        held = false;
        entry.users -= 1;
        if (alone) {
          entry.taken = false;
          entry.listener = undefined;
        }
        if (entry.users === 0) entry.idle = setTimeout(() => this.drop(entry), this.limits.poolIdleMs).unref();
      },
    };
  }

  private makeRoom(target: string): void {
    const { maxSharedSessions } = this.limits;
    if (this.all.size < maxSharedSessions) return;
    const idle = Array.from(this.all).find(({ users }) => users === 0);
    if (idle === undefined)
      throw new TargetBusy(`all ${maxSharedSessions} sessions that callers share are in use (for "${target}" one more is needed)`);
    this.drop(idle);
  }

  private drop(entry: Entry): void {
    clearTimeout(entry.idle);
    this.all.delete(entry);
    const entries = this.byKey.get(entry.key);
    entries?.delete(entry);
    if (entries?.size === 0) this.byKey.delete(entry.key);
    entry.stop();
    void entry.session.close(entry.latest === undefined ? undefined : detached(entry.latest));
  }
}

/** A session of one call, at a server whose connections share what can be shared by themselves. */
function passing({ target, client }: Wanted): Lease {
  const session = sessionFor(undefined, client, (to) => to.connect("call"));
  return { session, link: session.link(target), hear: () => Promise.resolve(), release: () => void session.close(undefined) };
}

function sessionFor(id: string | undefined, client: ClientHello, connect: Connect): Session {
  const session = new Session({
    id,
    backend: "",
    principal: undefined,
    client,
    revision: latestRevision,
    connect,
  });
  session.initialized = true;
  return session;
}

const plainly: Connect = (target, _client, previous) => target.connect("session", previous);

class Entry {
  readonly key: string;
  readonly session: Session;
  /** The latest request sent in it: in its caller's name the session is ended. */
  latest: Exchange | undefined = undefined;
  users = 0;
  taken = false;
  idle: NodeJS.Timeout | undefined = undefined;
  listener: ((message: Buffer) => void) | undefined = undefined;
  private stream: ReplyStream | undefined;
  private opening: Promise<void> | undefined;
  private stopped = false;
  /** The server has no stream of its own. */
  private mute = false;
  /** It sends the head of its stream at once, as far as is known; others send it with the first message. */
  flushes = true;

  constructor(key: string, client: ClientHello, connect: Connect) {
    this.key = key;
    this.session = sessionFor("shared", client, connect);
  }

  /** Opens the server's own stream, once the session is there: some servers ask back on it. One without does not matter. */
  listen(delivery: Delivery, exchange: Exchange, target: Target): Promise<void> {
    const { session } = this;
    const link = session.link(target);
    if (this.stream !== undefined || this.mute) return Promise.resolve();
    const leg: Leg = { exchange: detached(exchange), session, link, timeoutMs: 0, quiet: true };
    this.opening ??= delivery
      .listen(leg)
      .then((reply) => {
        this.mute = reply.status === 405;
        if (this.stopped || !isEventReply(reply) || !isReplyStream(reply.body)) drain(reply.body);
        else this.read(reply.body, delivery, leg);
      })
      .catch(() => {}) // the call itself will tell
      .finally(() => (this.opening = undefined));
    return this.opening;
  }

  stop(): void {
    this.stopped = true;
    this.stream?.cancel(new Error("the session was ended"));
  }

  private read(stream: ReplyStream, delivery: Delivery, leg: Leg): void {
    this.stream = stream;
    readMessages(stream, {
      maxMessageBytes: delivery.maxMessageBytes,
      onMessage: (message) => this.take(message, delivery, leg),
      onOver: () => void (this.stream = undefined),
    });
  }

  private take(message: Buffer, delivery: Delivery, leg: Leg): void {
    if (this.listener !== undefined) {
      this.listener(message);
      return;
    }
    const id = serverRequestId(message);
    if (id !== undefined) refuse(delivery, leg, id);
  }
}

/** Tells a server that nobody will answer what it asks. */
export function refuse(delivery: Delivery, leg: Leg, id: string | number, reason = "the client cannot be asked"): void {
  const bytes = errorResponse(id, -32601, reason);
  delivery
    .post(
      { ...leg, exchange: leg.exchange.aborted === undefined ? leg.exchange : detached(leg.exchange) },
      { kind: "response", id, method: undefined, bytes },
    )
    .then(
      ({ body }) => drain(body),
      () => {}, // a server that cannot be reached has stopped waiting
    );
}
