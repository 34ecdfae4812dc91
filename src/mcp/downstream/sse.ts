import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { McpMessage, McpRequest } from "../../contract/mcp.ts";
import { Reply } from "../../contract/reply.ts";
import type { SessionEnd, SessionStore } from "../../contract/stores.ts";
import { accepted, answer, notify } from "../client-message.ts";
import { currentMessage, describeMessage } from "../decode.ts";
import type { Federation } from "../federation.ts";
import { decodeMessage } from "../message.ts";
import { principalOf } from "../../contract/principal.ts";
import { checkVersion } from "../protocol-version.ts";
import { eventHeaders, passThrough, replyWith } from "../relay.ts";
import { rpcError } from "../rpc-error.ts";
import type { Sessions } from "../sessions.ts";
import { TargetFailure } from "../target-failure.ts";
import { asError, checkAcceptsEvents, checkContentType } from "./refusals.ts";
import { SseChannel } from "./sse-channel.ts";
import type { DownstreamTransport } from "./transport.ts";

/** The one path of the transport, as in the reference; under every other one clients speak streamable HTTP. */
const endpointPath = "/sse";

export interface HttpSseSettings {
  readonly federation: Federation;
  readonly sessions: Sessions;
  readonly store: SessionStore;
  readonly backend: string;
  /** Idle milliseconds; an open stream is no idleness. */
  readonly ttlMs: number;
}

/**
 * HTTP+SSE (specification 2024-11-05, "Transports"): GET opens the stream in which the client gets everything and which
 * says first where to post; a post is answered 202. The stream is the session, also where sessions are switched off.
 */
export class HttpSse implements DownstreamTransport {
  readonly name = "sse";
  private readonly settings: HttpSseSettings;

  constructor(settings: HttpSseSettings) {
    this.settings = settings;
  }

  /** By the path as the client sent it: what a policy makes of it later must not change who reads the request. */
  serves(exchange: Exchange): boolean {
    return exchange.incoming.path === endpointPath;
  }

  decode(exchange: Exchange): void | Promise<void> {
    const { names } = this.settings.federation;
    if (exchange.request.method !== "POST") return describeMessage(exchange, undefined, names);
    checkContentType(exchange);
    return exchange.body.collect(exchange.limits.maxBufferSize).then((bytes) => {
      describeMessage(exchange, decodeMessage(bytes), names);
      const id = sessionIdOf(exchange);
      if (exchange.mcp !== undefined && id !== undefined) exchange.mcp.sessionId = id;
    });
  }

  async call(exchange: Exchange): Promise<Reply> {
    const { federation } = this.settings;
    if (federation.targets.length === 0) throw new GatewayError("mcp_no_targets");
    const { method } = exchange.request;
    const message = currentMessage(exchange, federation.names);
    if (method === "GET") return this.open(exchange);
    if (method !== "POST" || message === undefined) throw new GatewayError("mcp_method_not_allowed", { headers: { allow: "GET, POST" } });
    try {
      return await this.post(exchange, message);
    } catch (thrown) {
      const error = asError(thrown, message.id);
      if (!(error instanceof TargetFailure)) throw error;
      if (error.reply === undefined) throw error.toError(message.id);
      return passThrough(error.reply);
    }
  }

  private async open(exchange: Exchange): Promise<Reply> {
    checkAcceptsEvents(exchange);
    const { backend, store, federation } = this.settings;
    const channel: SseChannel = new SseChannel({
      exchange,
      backend,
      principal: principalOf(exchange.identity),
      limits: federation.limits,
      onClose: () => void store.delete(keyOf(channel.id)),
    });
    await this.keep(channel);
    if (exchange.mcp !== undefined) exchange.mcp.sessionId = channel.id;
    return new Reply(200, eventHeaders(), channel.begin(endpointPath));
  }

  private async post(exchange: Exchange, message: McpMessage): Promise<Reply> {
    if (checkVersion(exchange, message) !== undefined)
      throw new GatewayError("mcp_version_unsupported", { detail: "this transport has sessions" });
    const { federation } = this.settings;
    const channel = await this.find(exchange);
    if (message.kind === "request" && message.method === "initialize") return this.initialize(channel, exchange, message);
    const { session } = channel;
    if (session === undefined) throw new GatewayError("mcp_session_required");
    switch (message.kind) {
      case "request":
        channel.run(federation, exchange, session, message);
        return accepted();
      case "notification": {
        const reply = await notify(federation, exchange, session, message);
        if (session.initialized) channel.listen(federation, session);
        return reply;
      }
      case "response":
        return answer(federation, exchange, session, message);
    }
  }

  /** Waited for, unlike later requests: a server's 401 is for the client's HTTP side, which knows how to log in. */
  private async initialize(channel: SseChannel, exchange: Exchange, request: McpRequest): Promise<Reply> {
    const { federation, sessions } = this.settings;
    if (channel.session !== undefined) {
      throw rpcError("mcp_invalid_message", { id: request.id, message: "invalid MCP message: the session was initialized before" });
    }
    const session = sessions.create(exchange, request);
    channel.session = session;
    let reply: Reply | undefined;
    let refused = false;
    try {
      reply = await federation.request({ exchange, session, request, accepts: "events" });
    } catch (thrown) {
      // what a guardrail says is the answer, which the client awaits in its stream
      if (!(thrown instanceof GatewayError && thrown.status === 200)) throw thrown;
      refused = true;
      exchange.error = thrown;
      reply = replyWith("events", Buffer.from(thrown.details.body?.text ?? ""));
    } finally {
      if (refused || !federation.links(session).some(({ hello }) => hello !== undefined)) {
        channel.session = undefined; // nobody took it: the client may try again
        void session.close(exchange);
      }
    }
    if (reply.status >= 300) return passThrough(reply);
    await channel.answer(request.id, reply);
    return accepted();
  }

  /** @throws GatewayError `mcp_session_id_required` (422), `mcp_session_not_found` also where it is somebody else's */
  private async find(exchange: Exchange): Promise<SseChannel> {
    const id = sessionIdOf(exchange);
    if (id === undefined) throw new GatewayError("mcp_session_id_required", { status: 422, detail: "the query must be ?sessionId=<id>" });
    const found = this.settings.store.get<unknown>(keyOf(id));
    const channel = found instanceof Promise ? await found : found;
    if (!(channel instanceof SseChannel) || !channel.open || channel.backend !== this.settings.backend) {
      throw new GatewayError("mcp_session_not_found");
    }
    const principal = principalOf(exchange.identity);
    channel.principal ??= principal;
    if (channel.principal !== principal) throw new GatewayError("mcp_session_not_found");
    return channel;
  }

  private async keep(channel: SseChannel): Promise<void> {
    const { store, ttlMs } = this.settings;
    await store.set(keyOf(channel.id), channel, ttlMs, (ended: SseChannel, reason: SessionEnd) => {
      if (reason === "idle" && ended.open) void this.keep(ended);
      else ended.close();
    });
  }
}

function keyOf(id: string): string {
  return `sse ${id}`;
}

/** undefined where the query names no session, or one that cannot be ours. */
function sessionIdOf(exchange: Exchange): string | undefined {
  const id = new URLSearchParams(exchange.incoming.search).get("sessionId");
  return id !== null && /^[\w-]{1,128}$/.test(id) ? id : undefined;
}
