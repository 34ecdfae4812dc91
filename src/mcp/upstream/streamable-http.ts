import { isJsonObject } from "../../base/json.ts";
import type { HeaderList } from "../../base/headers.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { type BackendNames, createOutgoing, type Outgoing, type OutgoingBody, type Send } from "../../contract/outgoing.ts";
import type { Reply } from "../../contract/reply.ts";
import { parseObject } from "../message.ts";
import { drain, readBody } from "../read-body.ts";
import type { HttpTargetSettings } from "../settings.ts";
import type { Connection, Outbound, Target } from "./target.ts";

const purpose = { kind: "Primary", subtype: "Mcp" } as const;
/** Milliseconds a server has to confirm the end of a session. */
const closeTimeoutMs = 5_000;
const bothTypes = "application/json, text/event-stream";

/** A server that speaks streamable HTTP (specification 2025-03-26 and later, "Transports"). */
export function httpTarget(settings: HttpTargetSettings): Target {
  return {
    name: settings.name,
    fingerprint: `http ${settings.scheme}://${settings.authority}${settings.path}`,
    connect(_scope, previous) {
      const connection = new HttpConnection(settings);
      if (previous instanceof HttpConnection) connection.takeOver(previous);
      return connection;
    },
  };
}

/** Calls a path of the server that is not MCP, as the client asked for it: a server's own OAuth metadata. */
export function forwardRaw(settings: HttpTargetSettings, exchange: Exchange): Promise<Reply> {
  const outgoing = outgoingTo(settings, exchange, null, 0);
  outgoing.head.path = exchange.request.path;
  outgoing.head.search = exchange.request.search;
  return settings.send(outgoing);
}

class HttpConnection implements Connection {
  lost = false;
  private readonly settings: HttpTargetSettings;
  private readonly send: Send;
  private sessionId: string | undefined;

  constructor(settings: HttpTargetSettings) {
    this.settings = settings;
    this.send = settings.send;
  }

  takeOver(previous: HttpConnection): void {
    this.sessionId = previous.sessionId;
    this.lost = previous.lost;
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    const initializes = message.method === "initialize";
    if (initializes) this.sessionId = undefined;
    const { sessionId } = this;
    const outgoing = outgoingTo(this.settings, exchange, message.bytes, message.timeoutMs);
    const { headers } = outgoing.head;
    outgoing.head.method = "POST";
    headers.set("content-type", "application/json");
    headers.set("accept", bothTypes);
    this.setSession(headers, message.protocolVersion);
    const reply = await this.send(outgoing);
    if (initializes && reply.status < 300) this.opened(reply);
    else if (sessionId !== undefined && sessionId === this.sessionId && (await saysSessionLost(reply))) this.lost = true;
    return reply;
  }

  async listen(exchange: Exchange): Promise<Reply> {
    const { sessionId } = this;
    const outgoing = outgoingTo(this.settings, exchange, null, 0);
    outgoing.head.method = "GET";
    outgoing.head.headers.set("accept", "text/event-stream");
    this.setSession(outgoing.head.headers, undefined);
    const reply = await this.send(outgoing);
    if (sessionId !== undefined && sessionId === this.sessionId && (await saysSessionLost(reply))) this.lost = true;
    return reply;
  }

  async close(exchange: Exchange | undefined): Promise<void> {
    const { sessionId } = this;
    // after an idle timeout there is no caller in whose name to go; the server has a timeout of its own
    if (sessionId === undefined || exchange === undefined) return;
    const outgoing = outgoingTo(this.settings, exchange, null, closeTimeoutMs);
    outgoing.head.method = "DELETE";
    outgoing.head.headers.remove("content-type");
    this.setSession(outgoing.head.headers, undefined);
    this.sessionId = undefined;
    try {
      drain((await this.send(outgoing)).body);
    } catch {
      // the session ends here either way
    }
  }

  private opened(reply: Reply): void {
    this.sessionId = reply.headers.get("mcp-session-id");
    this.lost = false;
  }

  private setSession(headers: HeaderList, protocolVersion: string | undefined): void {
    if (this.sessionId !== undefined) headers.set("mcp-session-id", this.sessionId);
    if (protocolVersion !== undefined) headers.set("mcp-protocol-version", protocolVersion);
  }
}

/** The client's own fields go along, credentials of other gateways' sessions and the encoding of its body aside. */
function outgoingTo(settings: HttpTargetSettings, exchange: Exchange, body: OutgoingBody, timeoutMs: number): Outgoing {
  const names: BackendNames = { name: settings.name, type: "mcp", protocol: "mcp" };
  // a deadline of ours must not lengthen the route's
  const route = exchange.backendTimeoutMs;
  const effective = timeoutMs > 0 && (route === 0 || timeoutMs < route) ? timeoutMs : 0;
  const outgoing = createOutgoing(exchange, { purpose, backend: names, body, timeoutMs: effective });
  const { head } = outgoing;
  head.scheme = settings.scheme;
  head.authority = settings.authority;
  head.path = settings.path;
  head.search = "";
  const { headers } = head;
  headers.remove("mcp-session-id");
  headers.remove("content-encoding");
  headers.remove("accept-encoding"); // replies are looked into
  headers.remove("expect"); // answered by the server in front of us
  return outgoing;
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
