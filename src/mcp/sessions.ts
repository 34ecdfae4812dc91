import { randomBytes } from "node:crypto";
import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { McpRequest } from "../contract/mcp.ts";
import type { SessionEnd, SessionStore } from "../contract/stores.ts";
import { JsonView } from "./json-view.ts";
import { principalOf } from "./principal.ts";
import { type ClientHello, Session } from "./session.ts";
import { assumedRevision, findRevision, latestRevision } from "./wire/index.ts";

/** Bytes of randomness in a session id; the specification asks for ids nobody can guess. */
const idBytes = 18;

export interface SessionsSettings {
  readonly store: SessionStore;
  readonly backend: string;
  readonly ttlMs: number;
  /** The gateway's version, for the clientInfo of its own greetings. */
  readonly version: string;
}

/** The sessions of one backend. */
export class Sessions {
  private readonly settings: SessionsSettings;

  constructor(settings: SessionsSettings) {
    this.settings = settings;
  }

  /** A session for a client's initialize; not yet one that requests can find. */
  create(exchange: Exchange, initialize: McpRequest): Session {
    const client = clientHello(initialize);
    return new Session({
      id: randomBytes(idBytes).toString("base64url"),
      backend: this.settings.backend,
      principal: principalOf(exchange.identity),
      client,
      revision: findRevision(client.protocolVersion) ?? latestRevision,
    });
  }

  /**
   * The session of one stateless call. Servers hear the client's own initialize as it is; for any other call they are
   * greeted in the gateway's name, without capabilities: nobody can be asked anything.
   */
  transient(exchange: Exchange, initialize: McpRequest | undefined): Session {
    const requested = exchange.incoming.headers.get("mcp-protocol-version");
    const revision =
      (requested === undefined ? undefined : findRevision(requested)) ?? (initialize === undefined ? assumedRevision : latestRevision);
    const params = {
      protocolVersion: requested ?? latestRevision.name,
      capabilities: {},
      clientInfo: { name: "turnpike", version: this.settings.version },
    };
    const client =
      initialize === undefined
        ? { params: Buffer.from(JSON.stringify(params)), protocolVersion: params.protocolVersion }
        : clientHello(initialize);
    const session = new Session({ id: undefined, backend: this.settings.backend, principal: undefined, client, revision });
    session.initialized = true;
    return session;
  }

  /** Lets requests find it. */
  async keep(session: Session): Promise<void> {
    if (session.id !== undefined)
      await this.settings.store.set(session.id, session, this.settings.ttlMs, (ended, reason) => this.ended(ended, reason));
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
    if (!/^[\x21-\x7e]{1,512}$/.test(id)) throw new GatewayError("mcp_session_invalid");
    const found = this.settings.store.get<unknown>(id);
    const session = found instanceof Promise ? await found : found;
    if (!(session instanceof Session) || session.closed || session.backend !== this.settings.backend || !isCallers(session, exchange)) {
      throw new GatewayError("mcp_session_not_found");
    }
    return session;
  }

  /** Ends a session here and at its targets. */
  async end(session: Session, exchange: Exchange): Promise<void> {
    if (session.id !== undefined) await this.settings.store.delete(session.id);
    await session.close(exchange);
  }

  private ended(session: Session, reason: SessionEnd): void {
    // an open stream or a long call is no idleness
    if (reason === "idle" && session.busy && !session.closed) void this.keep(session);
    else void session.close(undefined);
  }
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
