import { isJsonObject } from "../../base/json.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { Reply } from "../../contract/reply.ts";
import { parseObject } from "../message.ts";
import { asBuffer, completeBody, drain, readBody } from "../read-body.ts";
import type { ClientHello } from "../session.ts";
import type { Connection, Outbound, StatelessLine, Target } from "../upstream/target.ts";
import { refusesSessions } from "./era.ts";
import type { BridgeParts } from "./parts.ts";
import { VirtualConnection } from "./virtual-connection.ts";

export interface SessionConnectionSettings {
  readonly client: ClientHello;
  /** Of an older target with the same settings. */
  readonly previous: Connection | undefined;
}

/** What stands for the server's session id where the server has none. No server's own: those hold no spaces. */
const virtualSessionId = "no session";

/**
 * A client's session with one server. A server that knows sessions gets everything as it comes; for one that refuses them
 * and speaks only newer revisions, the session is the gateway's own.
 */
export class SessionConnection implements Connection {
  private readonly parts: BridgeParts;
  private readonly target: Target;
  private readonly line: StatelessLine;
  private readonly client: ClientHello;
  private readonly sessions: Connection;
  private virtual: VirtualConnection | undefined;
  /** The server had sessions, and has none any more. */
  private outgrown = false;

  private constructor(parts: BridgeParts, target: Target, line: StatelessLine, { client, previous }: SessionConnectionSettings) {
    this.parts = parts;
    this.target = target;
    this.line = line;
    this.client = client;
    const older = previous instanceof SessionConnection ? previous : undefined;
    this.sessions = target.connect("session", older?.sessions);
    this.virtual = older?.virtual;
    this.outgrown = older?.outgrown ?? false;
    this.virtual?.moveTo(line);
  }

  static to(parts: BridgeParts, target: Target, settings: SessionConnectionSettings): Connection {
    const { stateless } = target;
    return stateless === undefined
      ? target.connect("session", settings.previous)
      : new SessionConnection(parts, target, stateless, settings);
  }

  get lost(): boolean {
    return this.virtual === undefined ? this.outgrown || this.sessions.lost : this.virtual.lost;
  }

  get sessionId(): string | undefined {
    return this.virtual === undefined ? this.sessions.sessionId : virtualSessionId;
  }

  set sessionId(id: string | undefined) {
    if (id === virtualSessionId) this.virtual = this.createVirtual();
    else this.sessions.sessionId = id;
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    if (message.kind === "request" && message.method === "initialize") return this.initialize(exchange, message);
    if (this.virtual !== undefined) return this.virtual.post(exchange, message);
    const reply = await this.sessions.post(exchange, message);
    if (reply.status === 400 && message.kind === "request" && (await refusesSessions(reply))) this.outgrown = true;
    return reply;
  }

  listen(exchange: Exchange, lastEventId?: string): Promise<Reply> {
    return (this.virtual ?? this.sessions).listen(exchange, lastEventId);
  }

  async close(exchange: Exchange | undefined): Promise<void> {
    await Promise.all([this.virtual?.close(), this.sessions.close(exchange)]);
  }

  private createVirtual(): VirtualConnection {
    const { target, line, client, parts } = this;
    return new VirtualConnection({ target, line, client, limits: parts.limits, toolHeaders: parts.eraOf(target).toolHeaders });
  }

  private async initialize(exchange: Exchange, message: Outbound): Promise<Reply> {
    const era = this.parts.eraOf(this.target);
    if (era.refusesSessions) {
      const hello = await this.becomeVirtual(exchange, message);
      if (hello !== undefined) return hello;
      era.refusesSessions = false;
    }
    const reply = await this.sessions.post(exchange, message);
    if (!(await isRefusal(reply))) {
      this.outgrown = false;
      this.leaveVirtual();
      return reply;
    }
    const hello = await this.becomeVirtual(exchange, message);
    if (hello === undefined) return reply;
    era.refusesSessions = true;
    drain(reply.body);
    void this.sessions.close(exchange);
    return hello;
  }

  /** The server has sessions now: what the client listens to ends, and it comes back for the server's own stream. */
  private leaveVirtual(): void {
    void this.virtual?.close();
    this.virtual = undefined;
  }

  /** The server's answer in the place of one to initialize; undefined when it speaks no revision without sessions. */
  private async becomeVirtual(exchange: Exchange, message: Outbound): Promise<Reply | undefined> {
    const virtual = this.virtual ?? this.createVirtual();
    const hello = await virtual.initialize(exchange, message);
    if (hello === undefined) this.leaveVirtual();
    else this.virtual = virtual;
    return hello;
  }
}

/** Of an error's body; errors are short. */
const maxErrorBytes = 65_536;

/** Whether a server may have refused to be greeted because it has no sessions. A body that is read here is put back. */
async function isRefusal(reply: Reply): Promise<boolean> {
  if (reply.status === 400 || reply.status === 404 || reply.status === 405) {
    reply.body = await readBody(reply.body, maxErrorBytes).catch(() => "");
    return true;
  }
  if (reply.status >= 300) return false;
  const whole = completeBody(reply.body);
  if (whole === undefined) return false;
  reply.body = asBuffer(whole);
  return whole.includes(errorKey) && isJsonObject(parseObject(whole)?.["error"]);
}

const errorKey = Buffer.from('"error"');
