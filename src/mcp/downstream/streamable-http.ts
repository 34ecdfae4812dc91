import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { McpMessage, McpRequest } from "../../contract/mcp.ts";
import { isReplyStream, type Reply } from "../../contract/reply.ts";
import { accepted, answer, notify } from "../client-message.ts";
import { currentMessage, describeMessage } from "../decode.ts";
import type { Call } from "../call.ts";
import type { Federation } from "../federation.ts";
import { listenToAll, listenToOne, resumeReply } from "../listening.ts";
import { decodeMessage } from "../message.ts";
import { checkVersion } from "../protocol-version.ts";
import { type Accepts, passThrough } from "../relay.ts";
import { resolveEventId } from "../server-message.ts";
import type { Link, Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { Tap } from "../tap.ts";
import { TargetFailure } from "../target-failure.ts";
import { asError, checkAcceptsEvents, checkContentType } from "./refusals.ts";
import { rpcError } from "../rpc-error.ts";
import { findRevision } from "../wire/index.ts";
import type { Revision } from "../wire/revision.ts";
import type { DownstreamTransport } from "./transport.ts";

/** Streamable HTTP: one address, POST for messages, GET for the server's own, DELETE to end the session. */
export class StreamableHttp implements DownstreamTransport {
  readonly name = "streamable-http";
  private readonly federation: Federation;
  private readonly sessions: Sessions;
  private readonly stateful: boolean;

  constructor(federation: Federation, sessions: Sessions, stateful: boolean) {
    this.federation = federation;
    this.sessions = sessions;
    this.stateful = stateful;
  }

  /** Any path: which one is the endpoint is the route's business. */
  serves(): boolean {
    return true;
  }

  decode(exchange: Exchange): void | Promise<void> {
    const { names } = this.federation;
    if (exchange.request.method !== "POST") return describeMessage(exchange, undefined, names);
    acceptsOf(exchange);
    checkContentType(exchange);
    return exchange.body.collect(exchange.limits.maxBufferSize).then((bytes) => describeMessage(exchange, decodeMessage(bytes), names));
  }

  async call(exchange: Exchange): Promise<Reply> {
    if (this.federation.targets.length === 0) throw new GatewayError("mcp_no_targets");
    const message = currentMessage(exchange, this.federation.names);
    try {
      return await this.answer(exchange, message);
    } catch (thrown) {
      const error = asError(thrown, message?.id);
      if (!(error instanceof TargetFailure)) throw error;
      // a 404 within a session would tell the client that its session here is gone, which it is not
      const standsAlone = isStateless(exchange);
      const own =
        error.reply?.status === 404 && this.stateful && !standsAlone && message?.method !== "initialize" ? undefined : error.reply;
      if (own === undefined) throw error.toError(message?.id, standsAlone ? 503 : undefined);
      return passThrough(own);
    }
  }

  private answer(exchange: Exchange, message: McpMessage | undefined): Promise<Reply> {
    const { method } = exchange.request;
    const revision = checkVersion(exchange, message);
    if (revision !== undefined) return this.standAlone(exchange, message, revision);
    if (method === "POST" && message !== undefined) {
      return this.stateful ? this.post(exchange, message) : this.postStateless(exchange, message);
    }
    if (method === "GET" && this.stateful) return this.listen(exchange);
    if (method === "DELETE" && this.stateful) return this.end(exchange);
    throw new GatewayError("mcp_method_not_allowed", { headers: { allow: this.stateful ? "GET, POST, DELETE" : "POST" } });
  }

  private async post(exchange: Exchange, message: McpMessage): Promise<Reply> {
    if (message.kind === "request" && message.method === "initialize") return this.open(exchange, message);
    const session = await this.sessions.find(exchange, "mcp_session_required");
    switch (message.kind) {
      case "request":
        return this.federation.request({ exchange, session, request: message, accepts: acceptsOf(exchange) });
      case "notification":
        return notify(this.federation, exchange, session, message);
      case "response":
        return answer(this.federation, exchange, session, message);
    }
  }

  private async open(exchange: Exchange, request: McpRequest): Promise<Reply> {
    const session = this.sessions.create(exchange, request);
    let reply: Reply | undefined;
    try {
      reply = await this.federation.request({ exchange, session, request, accepts: acceptsOf(exchange) });
    } finally {
      if (reply === undefined || !isOpen(this.federation, session)) void session.close(exchange);
    }
    if (session.closed || session.id === undefined) return reply;
    await this.sessions.keep(session);
    if (exchange.mcp !== undefined) exchange.mcp.sessionId = session.id;
    reply.headers.set("mcp-session-id", session.id);
    return reply;
  }

  /** A message of a revision without sessions: a request, and nothing else is to be said. */
  private async standAlone(exchange: Exchange, message: McpMessage | undefined, revision: Revision): Promise<Reply> {
    if (message === undefined) throw new GatewayError("mcp_method_not_allowed", { headers: { allow: "POST" } });
    if (exchange.request.headers.has("mcp-session-id")) throw rpcError("mcp_session_unexpected", { id: message.id });
    if (message.kind !== "request") return accepted();
    return this.transient(exchange, message, this.sessions.stateless(revision));
  }

  /** Where clients get no session, servers are greeted for a single call if they have to be. */
  private async postStateless(exchange: Exchange, message: McpMessage): Promise<Reply> {
    if (message.kind !== "request") return accepted(); // about a session that does not exist
    return this.transient(exchange, message, this.sessions.transient(exchange, message.method === "initialize" ? message : undefined));
  }

  private async transient(exchange: Exchange, message: McpRequest, session: Session): Promise<Reply> {
    const accepts = acceptsOf(exchange);
    const call: Call = {
      exchange,
      session,
      request: message,
      accepts: session.revision.stateless && accepts === "events" ? "either" : accepts,
    };
    let reply: Reply | undefined;
    try {
      reply = await this.federation.request(call);
      return closingAfter(reply, session, exchange);
    } finally {
      if (reply === undefined) void session.close(exchange);
    }
  }

  private async listen(exchange: Exchange): Promise<Reply> {
    checkAcceptsEvents(exchange);
    const session = await this.sessions.find(exchange, "mcp_session_id_required");
    const { names, listening: settings } = this.federation;
    const links = this.federation.links(session);
    const last = names.plain ? undefined : resolveEventId(exchange.request.headers.get("last-event-id") ?? "");
    const interrupted = last?.kind === "reply" ? links.find(({ target }) => target.name === last.target) : undefined;
    if (last !== undefined && interrupted !== undefined) return resumeReply(settings, { exchange, session, link: interrupted }, last.id);
    return names.plain ? listenToOne(settings, exchange, session, links[0] as Link) : listenToAll(settings, exchange, session, links);
  }

  private async end(exchange: Exchange): Promise<Reply> {
    const session = await this.sessions.find(exchange, "mcp_session_id_required").catch((thrown: unknown) => {
      if (thrown instanceof GatewayError && thrown.code === "mcp_session_not_found") return undefined;
      throw thrown;
    });
    // a session that is gone already is as the client wants it
    if (session !== undefined) await this.sessions.end(session, exchange);
    return accepted();
  }
}

function isStateless(exchange: Exchange): boolean {
  return findRevision(exchange.request.headers.get("mcp-protocol-version") ?? "")?.stateless === true;
}

/** Whether at least one target took the session; none did when a lone one refused in its own words. */
function isOpen(federation: Federation, session: Session): boolean {
  return federation.links(session).some(({ hello }) => hello !== undefined);
}

function closingAfter(reply: Reply, session: Session, exchange: Exchange): Reply {
  const close = (): void => void session.close(exchange);
  if (isReplyStream(reply.body)) reply.body = new Tap(reply.body, close);
  else close();
  return reply;
}

/**
 * What the client takes. The specification has it accept both; clients that name only JSON get JSON.
 * @throws GatewayError `mcp_not_acceptable`
 */
function acceptsOf(exchange: Exchange): Accepts {
  const accept = exchange.request.headers.get("accept") ?? "";
  const json = accept.includes("application/json") || accept.includes("*/*") || accept.includes("application/*");
  if (!json) throw new GatewayError("mcp_not_acceptable");
  return accept.includes("text/event-stream") ? "events" : "json";
}
