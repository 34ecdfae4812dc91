import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { McpRequest } from "../contract/mcp.ts";
import type { SessionEnd, SessionStore } from "../contract/stores.ts";
import type { Bridge } from "./bridge/bridge.ts";
import { JsonView } from "./json-view.ts";
import { principalOf } from "../contract/principal.ts";
import { digestOf, maxIdLength, type SealedLink, type SealedSession, sessionKeyBytes, SessionSeal } from "./sealed-id.ts";
import { type ClientHello, Session } from "./session.ts";
import type { McpContext } from "./settings.ts";
import type { Target } from "./upstream/target.ts";
import { assumedRevision, findRevision, latestRevision } from "./wire/index.ts";
import type { Revision } from "./wire/revision.ts";

export interface SessionsSettings {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly seal: SessionSeal;
  readonly backend: string;
  readonly targets: readonly Target[];
  readonly ttlMs: number;
  /** The gateway's version, for the clientInfo of its own greetings. */
  readonly version: string;
  /** How sessions, single calls and requests without a session reach targets. */
  readonly bridge: Pick<Bridge, "forSession" | "forCall" | "forGreeting" | "forRequest">;
}

/** With the configured key, or with one that lasts as long as the process. */
export function acquireSeal({ sessionKey, resources }: Pick<McpContext, "sessionKey" | "resources">): SessionSeal {
  return new SessionSeal(sessionKey ?? resources.acquire("mcp session key", () => randomBytes(sessionKeyBytes)));
}

/**
 * The sessions of one backend. Their ids carry them: a process that has the key and does not know a session goes on with
 * it. Those with a target that is not portable, or with more to carry than an id can hold, have an id of random bytes.
 */
export class Sessions {
  private readonly settings: SessionsSettings;
  private readonly portable: boolean;

  constructor(settings: SessionsSettings) {
    this.settings = settings;
    this.portable = settings.targets.every(({ portable }) => portable === true);
  }

  /** A session for a client's initialize; not yet one that requests can find. */
  create(exchange: Exchange, initialize: McpRequest): Session {
    const client = clientHello(initialize);
    return new Session({
      id: randomBytes(idBytes).toString("base64url"),
      backend: this.settings.backend,
      principal: principalOf(exchange.identity),
      client,
      revision: withSessions(client.protocolVersion) ?? latestRevision,
      connect: this.settings.bridge.forSession,
    });
  }

  /**
   * The session of one stateless call. Servers hear the client's own initialize as it is; for any other call they are
   * greeted in the gateway's name, without capabilities: nobody can be asked anything.
   */
  transient(exchange: Exchange, initialize: McpRequest | undefined): Session {
    const requested = exchange.incoming.headers.get("mcp-protocol-version");
    const revision = withSessions(requested) ?? (initialize === undefined ? assumedRevision : latestRevision);
    const params = {
      protocolVersion: requested ?? latestRevision.name,
      capabilities: {},
      clientInfo: { name: "turnpike", version: this.settings.version },
    };
    const client =
      initialize === undefined
        ? { params: Buffer.from(JSON.stringify(params)), protocolVersion: params.protocolVersion }
        : clientHello(initialize);
    const { backend, bridge } = this.settings;
    const connect = initialize === undefined ? bridge.forCall : bridge.forGreeting;
    const session = new Session({ id: undefined, backend, principal: undefined, client, revision, connect });
    session.initialized = true;
    return session;
  }

  /** What stands for the session of a request that has none (2026-07-28 and later). */
  stateless(revision: Revision): Session {
    const { backend, bridge } = this.settings;
    const client = { params: Buffer.from("{}"), protocolVersion: revision.name };
    const session = new Session({ id: undefined, backend, principal: undefined, client, revision, connect: bridge.forRequest });
    session.initialized = true;
    return session;
  }

  /** Gives it the id that clients get, and lets requests find it. */
  async keep(session: Session): Promise<void> {
    if (session.id === undefined) return;
    if (this.portable) session.id = this.sealed(session) ?? session.id;
    await this.hold(session, session.id);
  }

  /**
   * The session a request belongs to.
   * @param required the error when the request names none
   * @throws GatewayError `mcp_session_invalid`, `mcp_session_not_found` also where it is somebody else's
   */
  async find(exchange: Exchange, required: "mcp_session_required" | "mcp_session_id_required"): Promise<Session> {
    const id = exchange.request.headers.get("mcp-session-id");
    if (id === undefined) throw new GatewayError(required);
    // visible ASCII, as the specification says; nothing else is looked up
    if (id.length > maxIdLength || !/^[\x21-\x7e]+$/.test(id)) throw new GatewayError("mcp_session_invalid");
    const found = this.settings.store.get<unknown>(keyOf(id));
    const known = found instanceof Promise ? await found : found;
    if (known === undefined) return this.goOn(exchange, id);
    if (!(known instanceof Session) || known.id !== id || known.closed) throw new GatewayError("mcp_session_not_found");
    if (known.backend !== this.settings.backend || !isCallers(known, exchange)) throw new GatewayError("mcp_session_not_found");
    return known;
  }

  /** Ends a session here and at its targets. */
  async end(session: Session, exchange: Exchange): Promise<void> {
    if (session.id !== undefined) await this.settings.store.delete(copiedKeyOf(session.id));
    await session.close(exchange);
  }

  /**
   * Goes on with a session that another process opened, or this one before it was restarted.
   * @throws GatewayError `mcp_session_not_found` when the id carries none that is this caller's, here, still
   */
  private async goOn(exchange: Exchange, id: string): Promise<Session> {
    const { store, seal, clock, backend, targets, bridge } = this.settings;
    const sealed = this.portable ? seal.open(id) : undefined;
    const revision = sealed === undefined ? undefined : findRevision(sealed.revision);
    const principal = principalOf(exchange.identity);
    if (sealed === undefined || revision === undefined || sealed.backend !== backend) throw new GatewayError("mcp_session_not_found");
    const isTheirs = sealed.principal === undefined || (principal !== undefined && sealed.principal === digestOf(principal));
    if (!isTheirs || clock.wall() - sealed.issuedAt > maxAgeMs || !hasTargets(sealed, targets)) {
      throw new GatewayError("mcp_session_not_found");
    }
    const ended = store.hasEnded(keyOf(id));
    if (ended instanceof Promise ? await ended : ended) throw new GatewayError("mcp_session_not_found");
    const { protocolVersion, params } = sealed.client;
    const client = { protocolVersion, params: Buffer.from(params) };
    const session = new Session({ id, backend, principal, client, revision, carried: linksOf(sealed), connect: bridge.forSession });
    session.initialized = true;
    for (const target of targets) session.link(target); // whoever ends the session ends it at all of them
    await this.hold(session, id);
    return session;
  }

  private sealed(session: Session): string | undefined {
    const { seal, clock, backend, targets } = this.settings;
    const { principal, revision, client } = session;
    return seal.seal({
      backend,
      principal: principal === undefined ? undefined : digestOf(principal),
      issuedAt: clock.wall(),
      revision: revision.name,
      client: { protocolVersion: client.protocolVersion, params: client.params.toString() },
      targets: targets.map((target) => {
        const link = session.carry(target);
        return link === undefined ? { name: target.name } : { name: target.name, link };
      }),
    });
  }

  private async hold(session: Session, id: string): Promise<void> {
    const { store, ttlMs } = this.settings;
    await store.set(copiedKeyOf(id), session, ttlMs, (ended, reason) => this.ended(ended, reason));
  }

  private ended(session: Session, reason: SessionEnd): void {
    // an open stream or a long call is no idleness
    if (reason === "idle" && session.busy && !session.closed && session.id !== undefined) void this.hold(session, session.id);
    else void session.close(undefined);
  }
}

/** The revision of that name, if it is one with sessions. */
function withSessions(name: string | undefined): Revision | undefined {
  const revision = name === undefined ? undefined : findRevision(name);
  return revision?.stateless === true ? undefined : revision;
}

/** Bytes of randomness in an id that carries nothing; the specification asks for ids nobody can guess. */
const idBytes = 18;
/** Of an id: what it is found by. Random in every id, and in sealed ones exactly the nonce. */
const keyLength = 16;
/** Milliseconds after which a session is not gone on with elsewhere: whoever finds an id in an old log should have no use of it. */
const maxAgeMs = 7 * 24 * 3_600_000;

/** Short, so that many ended sessions can be remembered. Who is found must still have the whole id. */
function keyOf(id: string): string {
  return id.slice(0, keyLength);
}

/** The same for keeping: V8's slice would keep the whole id alive, for as long as ended sessions are remembered. */
function copiedKeyOf(id: string): string {
  return Buffer.from(keyOf(id), "latin1").toString("latin1");
}

function hasTargets(sealed: SealedSession, targets: readonly Target[]): boolean {
  const names = new Set(sealed.targets.map(({ name }) => name));
  return names.size === targets.length && targets.every(({ name }) => names.has(name));
}

function linksOf(sealed: SealedSession): ReadonlyMap<string, SealedLink> {
  const links = new Map<string, SealedLink>();
  for (const { name, link } of sealed.targets) if (link !== undefined) links.set(name, link);
  return links;
}

/** An anonymous session becomes the first caller's who says who they are: clients often log in after initialize. */
function isCallers(session: Session, exchange: Exchange): boolean {
  const principal = principalOf(exchange.identity);
  session.principal ??= principal;
  return session.principal === principal;
}

function clientHello({ bytes, params }: McpRequest): ClientHello {
  const version = params?.["protocolVersion"];
  const text = new JsonView(bytes).member("params")?.bytes;
  return { params: text ?? Buffer.from("{}"), protocolVersion: typeof version === "string" ? version : assumedRevision.name };
}
