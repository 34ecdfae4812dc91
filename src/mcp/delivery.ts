import type { Clock } from "../base/clock.ts";
import { within } from "../base/deadline.ts";
import { isJsonObject } from "../base/json.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { RpcId } from "../contract/mcp.ts";
import { propagate, recordSpan } from "../contract/propagation.ts";
import type { Reply } from "../contract/reply.ts";
import type { Log } from "../contract/runtime.ts";
import { afterwards } from "./afterwards.ts";
import type { Health } from "./health.ts";
import { AmbiguousKey } from "./json-view.ts";
import { isList, type LastLists } from "./last-lists.ts";
import { parseObject, progressToken } from "./message.ts";
import { nameIn } from "./protocol-version.ts";
import { drain, readBody } from "./read-body.ts";
import { inTime, readResponse, ServerResponse } from "./read-response.ts";
import type { Link, Session } from "./session.ts";
import type { McpLimits } from "./settings.ts";
import { type Outage, TargetFailure } from "./target-failure.ts";
import { withTraceContext } from "./trace-meta.ts";
import { OwnLineFailure } from "./upstream/own-line-failure.ts";
import { TargetBusy } from "./upstream/target-busy.ts";
import type { Outbound } from "./upstream/target.ts";

/** A message for a target. */
export type Message = Pick<Outbound, "kind" | "id" | "method" | "bytes" | "name"> & {
  readonly params?: Readonly<Record<string, unknown>> | undefined;
};

/** In whose name, in which session and to which target something is sent. */
export interface Leg {
  readonly exchange: Exchange;
  readonly session: Session;
  readonly link: Link;
  /** Milliseconds until the head of each reply; 0 = as long as the route allows. */
  readonly timeoutMs: number;
  /** Part of another leg, which is what traces show. */
  readonly quiet?: true;
}

export interface DeliverySettings {
  readonly clock: Clock;
  readonly limits: McpLimits;
  readonly log: Log;
  readonly lists: LastLists;
  /** Which targets are out; undefined when the failure of one is everybody's (failClosed). */
  readonly health: Health | undefined;
  /** A target was greeted after the client had begun: its lists may be new. */
  readonly onJoin: (leg: Leg) => void;
  /** Whether a message of a target is one that the client is told of in another way. */
  readonly isTold: (leg: Leg, message: Buffer) => boolean;
}

/**
 * Takes messages to targets. A target that was never greeted (down when the session was opened), or has forgotten the
 * session (restarted, expired), is greeted first, with the client's own words: the client need not know.
 */
export class Delivery {
  private readonly clock: Clock;
  private readonly limits: McpLimits;
  private readonly log: Log;
  private readonly lists: LastLists;
  private readonly health: Health | undefined;
  private readonly onJoin: (leg: Leg) => void;
  readonly isTold: DeliverySettings["isTold"];

  constructor({ clock, limits, log, lists, health, onJoin, isTold }: DeliverySettings) {
    this.clock = clock;
    this.limits = limits;
    this.log = log;
    this.lists = lists;
    this.health = health;
    this.onJoin = onJoin;
    this.isTold = isTold;
  }

  get maxMessageBytes(): number {
    return this.limits.maxMessageBytes;
  }

  /** Has a target greeted, if it was not. @throws TargetFailure */
  async ready(leg: Leg): Promise<void> {
    if (leg.link.phase !== "ready" || leg.link.connection.lost) await this.catchUp(leg);
  }

  /**
   * Sends a message and answers with what the target replied, errors of its HTTP server included.
   * @throws TargetFailure when it cannot be reached
   */
  async post(leg: Leg, message: Message): Promise<Reply> {
    const { link } = leg;
    if (link.phase !== "ready") await this.catchUp(leg);
    else if (link.connection.lost) await this.greeted(leg);
    let reply = await this.send(leg, message);
    if (link.connection.lost) {
      drain(reply.body); // the server forgot the session and did nothing: once more in a new one
      await this.greeted(leg);
      reply = await this.send(leg, message);
    }
    if (reply.status < 300) link.standing.note(message, message.params);
    return reply;
  }

  /**
   * Opens the stream of the target's own messages, or goes on with one of its streams.
   * @param lastEventId the target's own
   * @throws TargetFailure
   */
  async listen(leg: Leg, lastEventId?: string): Promise<Reply> {
    const { link, exchange } = leg;
    if (link.phase !== "ready" || link.connection.lost) await this.catchUp(leg);
    try {
      const reply = await link.connection.listen(exchange, lastEventId);
      if (!link.connection.lost) return reply;
      drain(reply.body);
      await this.greeted(leg);
      return await link.connection.listen(exchange);
    } catch (thrown) {
      throw TargetFailure.of(link.target.name, thrown);
    }
  }

  /**
   * Like `post`, for a request whose response the gateway reads itself. Where a target that is out does not matter to the
   * others, its last list takes the place of one that cannot be had.
   * @throws TargetFailure also for an HTTP error
   */
  async request(leg: Leg, message: Message, onMessage?: (message: Buffer) => void): Promise<ServerResponse> {
    const ask = async (): Promise<ServerResponse> => this.read(leg, await this.post(leg, message), onMessage);
    const { lists, health } = this;
    if (!isList(message) || leg.session.id === undefined) return this.unlessOut(leg, leg.timeoutMs, ask);
    try {
      // who has something to show does not wait as long
      const timeoutMs = health !== undefined && lists.has(leg.link, message) ? leg.timeoutMs / 2 : leg.timeoutMs;
      const response = await this.unlessOut(leg, timeoutMs, ask);
      lists.keep(leg.link, message, response);
      return response;
    } catch (thrown) {
      const failure = TargetFailure.of(leg.link.target.name, thrown);
      const last = health === undefined || failure.outage === undefined ? undefined : lists.show(leg.link, message, leg.exchange);
      if (last === undefined) throw failure;
      health?.report("mcp target is out, its last list is shown", failure);
      return last;
    }
  }

  /** Asks a target that is not left out for now, and notes how it went. @param timeoutMs 0 = no deadline */
  private async unlessOut<T>({ link }: Leg, timeoutMs: number, ask: () => Promise<T>): Promise<T> {
    const { health } = this;
    if (health === undefined) return ask();
    const { name } = link.target;
    const refusal = health.refusal(name);
    if (refusal !== undefined) throw refusal;
    const late = (): Error => new TargetFailure(name, `no answer within ${timeoutMs} ms`, { outage: "late" });
    try {
      return timeoutMs > 0 ? await within(timeoutMs, ask(), late) : await ask();
    } catch (thrown) {
      if (thrown instanceof TargetFailure && thrown.outage !== undefined && thrown.outage !== "own") health.failed(thrown);
      throw thrown;
    }
  }

  /** Opens the session at a target with the client's own initialize. Its notifications/initialized is to follow. */
  open(leg: Leg, initialize: Message, onMessage?: (message: Buffer) => void): Promise<ServerResponse> {
    return this.unlessOut(leg, leg.timeoutMs, () => {
      const opening = this.introduce(leg, initialize, onMessage);
      // a target that is slow to start may still be at it when the client's first calls come
      this.underWay(leg.link, opening).catch(() => {});
      return opening;
    });
  }

  /** Sends an initialize and notes what the target said. */
  private async introduce(leg: Leg, initialize: Message, onMessage?: (message: Buffer) => void): Promise<ServerResponse> {
    const { link } = leg;
    const response = await this.read(leg, await this.send(leg, initialize), onMessage);
    const { result } = response.value;
    if (!isJsonObject(result)) return response;
    const { protocolVersion, capabilities, instructions, serverInfo } = result;
    link.hello = {
      protocolVersion: typeof protocolVersion === "string" ? protocolVersion : leg.session.client.protocolVersion,
      capabilities: isJsonObject(capabilities) ? capabilities : {},
      instructions: typeof instructions === "string" ? instructions : undefined,
      ...(isJsonObject(serverInfo) ? { serverInfo } : {}),
    };
    link.phase = "greeted";
    if (leg.session.closed) void link.connection.close(afterwards(leg.exchange)); // as it was when its session ended
    return response;
  }

  /** Tells a greeted target that the client is ready. */
  async confirm(leg: Leg, notification: Message): Promise<Reply> {
    leg.link.phase = "ready";
    return this.send(leg, notification);
  }

  /** Brings a target to where the client believes it is. */
  private async catchUp(leg: Leg): Promise<void> {
    const { link, session } = leg;
    if (link.phase === "new" || link.connection.lost) await this.greeted(leg);
    // its answer to initialize came only after the client had said that it is ready
    else if (session.initialized && link.phase === "greeted") drain((await this.confirm(this.bounded(leg), initialized)).body);
  }

  /** Greets a target on the client's behalf; calls at the same time share one greeting. */
  private async greeted(leg: Leg): Promise<void> {
    const { link } = leg;
    // nobody would end what is begun now; a process would go on for ever
    if (leg.session.closed) throw new TargetFailure(link.target.name, "the session has ended");
    if (link.greeting !== undefined) {
      await this.inTime(leg, link.greeting).catch(() => {}); // its caller may just have left; this one tries for itself
      if (link.phase !== "new" && !link.connection.lost) return;
    }
    await this.inTime(leg, link.greeting ?? this.underWay(link, this.greet(leg)));
  }

  private underWay(link: Link, greeting: Promise<unknown>): Promise<void> {
    const tracked: Promise<void> = greeting
      .finally(() => {
        if (link.greeting === tracked) link.greeting = undefined;
      })
      .then(() => {});
    link.greeting = tracked;
    return tracked;
  }

  /** A server that never answers an initialize is left, and, where it is a process of ours, ended. */
  private inTime({ link }: Leg, greeting: Promise<void>): Promise<void> {
    const { closedDeadlineMs } = this.limits;
    return within(closedDeadlineMs, greeting, () => {
      void link.connection.close(undefined);
      return new TargetFailure(link.target.name, `no answer to initialize within ${closedDeadlineMs} ms`, { outage: "late" });
    });
  }

  private async greet(leg: Leg): Promise<void> {
    const { link, session } = leg;
    link.phase = "new";
    link.hello = undefined;
    const id = session.nextId();
    const { value } = await this.introduce(this.bounded(leg), ownRequest(id, "initialize", session.client.params));
    if (link.hello === undefined) throw new TargetFailure(link.target.name, `initialize was refused: ${errorText(value["error"])}`);
    if (!session.initialized) return;
    drain((await this.confirm(this.bounded(leg), initialized)).body);
    await this.repeat(leg);
    this.onJoin(leg);
  }

  /** Tells a server that greeted anew what it was told before. One that is slow about it does not hold up the call. */
  private async repeat(leg: Leg): Promise<void> {
    const { link, session } = leg;
    const { name: target } = link.target;
    const timeoutMs = this.limits.shortDeadlineMs;
    const late = (): Error => new Error(`no answer within ${timeoutMs} ms`);
    const requests = link.standing.requests().filter(({ capability }) => link.offers(capability));
    const repeated = requests.map(async ({ method, params }) => {
      const request = ownRequest(session.nextId(), method, params);
      const answer = this.send({ ...leg, timeoutMs }, request).then((reply) => this.read(leg, reply, undefined));
      const problem = await within(timeoutMs, answer, late).then(({ value }) => value["error"] && errorText(value["error"]), String);
      if (problem !== undefined)
        this.log.warn("mcp target did not take up again what the client had asked for", { target, method, error: problem });
    });
    await Promise.all(repeated);
  }

  /** What the gateway itself waits for ends some time, also where the client waits for ever. */
  private bounded(leg: Leg): Leg {
    return leg.timeoutMs > 0 ? leg : { ...leg, timeoutMs: this.limits.closedDeadlineMs };
  }

  private async send(leg: Leg, message: Message): Promise<Reply> {
    const { exchange, link, timeoutMs, quiet = false } = leg;
    const isRequest = message.kind === "request";
    const propagation = isRequest && !quiet ? propagate(exchange) : undefined;
    const startedAt = propagation === undefined ? 0 : this.clock.wall();
    const outbound: Outbound = {
      kind: message.kind,
      id: message.id,
      method: message.method,
      bytes: isRequest && !quiet ? withTraceContext(exchange, propagation, message.bytes) : message.bytes,
      name: message.name ?? nameOf(message),
      progressToken: isRequest ? progressToken(message.params) : undefined,
      protocolVersion: link.hello?.protocolVersion,
      timeoutMs,
    };
    let failure: string | undefined;
    try {
      const reply = await link.connection.post(exchange, outbound);
      if (!isUnavailable(reply)) this.health?.replied(link.target.name);
      return reply;
    } catch (thrown) {
      const error =
        thrown instanceof AmbiguousKey
          ? new TargetFailure(link.target.name, thrown.message, { unreadable: true })
          : TargetFailure.of(link.target.name, thrown, outageOf(exchange, thrown));
      failure = error.message;
      throw error;
    } finally {
      if (propagation !== undefined) {
        const attributes = { "mcp.method.name": message.method ?? "", "mcp.target": link.target.name };
        recordSpan(exchange, propagation, {
          name: `mcp ${message.method}`,
          startedAt,
          endedAt: this.clock.wall(),
          attributes,
          error: failure,
        });
      }
    }
  }

  private async read(leg: Leg, reply: Reply, onMessage: ((message: Buffer) => void) | undefined): Promise<ServerResponse> {
    const target = leg.link.target.name;
    const timeoutMs = this.bounded(leg).timeoutMs;
    if (reply.status >= 300) {
      // nobody may come to want this reply; its connection must not wait for that
      const body = await inTime(reply.body, timeoutMs, readBody(reply.body, maxErrorBytes)).catch(() => undefined);
      if (body !== undefined) reply.body = body;
      // without sessions, errors of the protocol have HTTP statuses of their own
      const value = body !== undefined && leg.session.revision.stateless ? parseObject(body) : undefined;
      if (body !== undefined && value !== undefined && isJsonObject(value["error"])) return new ServerResponse(body, value);
      throw new TargetFailure(target, `HTTP status ${reply.status}`, {
        ...(body === undefined ? {} : { reply }),
        ...(isUnavailable(reply) ? { outage: "down" } : {}),
      });
    }
    try {
      return await readResponse(reply, {
        limit: this.limits.maxMessageBytes,
        timeoutMs,
        ...(onMessage === undefined ? {} : { onMessage }),
      });
    } catch (thrown) {
      throw TargetFailure.of(target, thrown);
    }
  }
}

/** What a call is about, where nobody gave it another name. */
function nameOf({ method, params }: Message): string | undefined {
  return method === undefined || params === undefined ? undefined : nameIn(method, params);
}

/** Whether an HTTP reply says that the server behind it is not there. */
function isUnavailable({ status }: Reply): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** A caller who left, whom a policy refused, or for whom there is no room, says nothing about the server. */
function outageOf(exchange: Exchange, thrown: unknown): Outage | undefined {
  if (exchange.aborted !== undefined || thrown instanceof TargetBusy) return undefined;
  if (thrown instanceof GatewayError && (thrown.row.fault === "client" || thrown.row.fault === "policy")) return undefined;
  return thrown instanceof OwnLineFailure ? "own" : "down";
}

const initialized: Message = {
  kind: "notification",
  id: undefined,
  method: "notifications/initialized",
  bytes: Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}'),
};

/** Of the body of a server's HTTP error; a longer one is left out. */
const maxErrorBytes = 65_536;

/** The id and method that make a request of the gateway's own. @param params JSON text of an object */
export function ownRequest(id: RpcId, method: string, params: Buffer): Message {
  const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(method)},"params":`);
  return { kind: "request", id, method, bytes: Buffer.concat([head, params, closeBrace]) };
}

const closeBrace = Buffer.from("}");

function errorText(error: unknown): string {
  return isJsonObject(error) ? `${String(error["message"])} (code ${String(error["code"])})` : "no result";
}
