import { isJsonObject } from "../../base/json.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { Send } from "../../contract/outgoing.ts";
import type { Reply } from "../../contract/reply.ts";
import { parseObject } from "../message.ts";
import { drain, readBody } from "../read-body.ts";
import type { HttpTargetSettings, RemoteServer } from "../settings.ts";
import { encodeHeaderValue } from "../wire/2026-07-28/header-value.ts";
import { statelessRevision } from "../wire/index.ts";
import { outgoingTo } from "./http-request.ts";
import type { Connection, Outbound, Target } from "./target.ts";

/** Milliseconds a server has to confirm the end of a session. */
const closeTimeoutMs = 5_000;
const bothTypes = "application/json, text/event-stream";

/** A server that speaks streamable HTTP (specification 2025-03-26 and later, "Transports"). */
export function httpTarget(settings: HttpTargetSettings): Target {
  return {
    name: settings.name,
    fingerprint: `http ${settings.scheme}://${settings.authority}${settings.path}`,
    portable: true,
    connect(_scope, previous) {
      const connection = new HttpConnection(settings);
      if (previous instanceof HttpConnection) connection.takeOver(previous);
      return connection;
    },
    stateless: { seesHeaders: true, post: (exchange, message) => postStateless(settings, exchange, message) },
  };
}

/** A request of a revision without sessions: header fields repeat what it is about (specification 2026-07-28). */
function postStateless(settings: HttpTargetSettings, exchange: Exchange, message: Outbound): Promise<Reply> {
  const { method = "", name, bytes: body, timeoutMs } = message;
  const fields = ["content-type", "application/json", "accept", bothTypes, versionField, statelessRevision.name, "mcp-method", method];
  if (name !== undefined) fields.push("mcp-name", encodeHeaderValue(name));
  if (message.fields !== undefined) fields.push(...message.fields);
  // of a request that the gateway makes by itself, for a list or in another protocol, the client's fields say nothing
  const keepsParams = message.fields === undefined && exchange.request.headers.get("mcp-method") === method;
  return settings.send(outgoingTo(settings, exchange, { method: "POST", body, timeoutMs, fields, keepsParams }));
}

const versionField = "mcp-protocol-version";

/** Calls a path of the server that is not MCP, as the client asked for it: a server's own OAuth metadata. */
export function forwardRaw(settings: RemoteServer, exchange: Exchange): Promise<Reply> {
  const { method, path, search } = exchange.request;
  return settings.send(outgoingTo(settings, exchange, { method, path, search, body: null, timeoutMs: 0, fields: [] }));
}

class HttpConnection implements Connection {
  lost = false;
  sessionId: string | undefined;
  /** The revision agreed on; undefined before that, and where another process did. */
  private agreed: string | undefined;
  private readonly settings: HttpTargetSettings;
  private readonly send: Send;

  constructor(settings: HttpTargetSettings) {
    this.settings = settings;
    this.send = settings.send;
  }

  takeOver(previous: HttpConnection): void {
    this.sessionId = previous.sessionId;
    this.agreed = previous.agreed;
    this.lost = previous.lost;
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    const initializes = message.method === "initialize";
    if (initializes) this.sessionId = undefined;
    else this.agreed = message.protocolVersion ?? this.agreed;
    const { sessionId } = this;
    const fields = ["content-type", "application/json", "accept", bothTypes, ...this.sessionFields(message.protocolVersion)];
    const reply = await this.send(
      outgoingTo(this.settings, exchange, { method: "POST", body: message.bytes, timeoutMs: message.timeoutMs, fields }),
    );
    if (initializes && reply.status < 300) this.opened(reply);
    else await this.noteLoss(sessionId, reply);
    return reply;
  }

  async listen(exchange: Exchange, lastEventId?: string): Promise<Reply> {
    const { sessionId } = this;
    const fields = ["accept", "text/event-stream", ...this.sessionFields(this.agreed)];
    if (lastEventId !== undefined) fields.push("last-event-id", lastEventId);
    const reply = await this.send(outgoingTo(this.settings, exchange, { method: "GET", body: null, timeoutMs: 0, fields }));
    await this.noteLoss(sessionId, reply);
    return reply;
  }

  async close(exchange: Exchange | undefined): Promise<void> {
    // after an idle timeout there is no caller in whose name to go; the server has a timeout of its own
    if (this.sessionId === undefined || exchange === undefined) return;
    const fields = this.sessionFields(this.agreed);
    this.sessionId = undefined;
    try {
      drain(
        (await this.send(outgoingTo(this.settings, exchange, { method: "DELETE", body: null, timeoutMs: closeTimeoutMs, fields }))).body,
      );
    } catch {
      // the session ends here either way
    }
  }

  private opened(reply: Reply): void {
    this.sessionId = reply.headers.get("mcp-session-id");
    this.lost = false;
  }

  /** @param sessionId the session the request was sent in; by now there may be another */
  private async noteLoss(sessionId: string | undefined, reply: Reply): Promise<void> {
    if (sessionId !== undefined && sessionId === this.sessionId && (await saysSessionLost(reply))) this.lost = true;
  }

  private sessionFields(protocolVersion: string | undefined): string[] {
    const fields: string[] = [];
    if (this.sessionId !== undefined) fields.push("mcp-session-id", this.sessionId);
    if (protocolVersion !== undefined) fields.push(versionField, protocolVersion);
    return fields;
  }
}

/** A refusal of a session is a short text; longer bodies are not looked into. */
const maxRefusalBytes = 4_096;

/**
 * The specification says 404 for a session the server does not know. Servers written after the official SDK's examples
 * say 400 with code -32000 and a text about the session. Neither has executed the request.
 */
async function saysSessionLost(reply: Reply): Promise<boolean> {
  if (reply.status === 404) return true;
  const length = Number(reply.headers.get("content-length"));
  if (reply.status !== 400 || !(length <= maxRefusalBytes)) return false;
  const body = await readBody(reply.body, maxRefusalBytes);
  reply.body = body;
  const error = parseObject(body)?.["error"];
  return isJsonObject(error) && error["code"] === -32000 && /session/i.test(String(error["message"]));
}
