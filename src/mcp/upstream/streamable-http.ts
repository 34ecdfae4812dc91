import { isJsonObject } from "../../base/json.ts";
import { HeaderList } from "../../base/headers.ts";
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
  const { method, path, search } = exchange.request;
  const outgoing = outgoingTo(settings, exchange, { method, body: null, timeoutMs: 0, fields: [] });
  outgoing.head.path = path;
  outgoing.head.search = search;
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
    const fields = ["content-type", "application/json", "accept", bothTypes, ...this.sessionFields(message.protocolVersion)];
    const reply = await this.send(
      outgoingTo(this.settings, exchange, { method: "POST", body: message.bytes, timeoutMs: message.timeoutMs, fields }),
    );
    if (initializes && reply.status < 300) this.opened(reply);
    else await this.noteLoss(sessionId, reply);
    return reply;
  }

  async listen(exchange: Exchange): Promise<Reply> {
    const { sessionId } = this;
    const fields = ["accept", "text/event-stream", ...this.sessionFields(undefined)];
    const reply = await this.send(outgoingTo(this.settings, exchange, { method: "GET", body: null, timeoutMs: 0, fields }));
    await this.noteLoss(sessionId, reply);
    return reply;
  }

  async close(exchange: Exchange | undefined): Promise<void> {
    // after an idle timeout there is no caller in whose name to go; the server has a timeout of its own
    if (this.sessionId === undefined || exchange === undefined) return;
    const fields = this.sessionFields(undefined);
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
    if (protocolVersion !== undefined) fields.push("mcp-protocol-version", protocolVersion);
    return fields;
  }
}

interface UpstreamRequest {
  readonly method: string;
  readonly body: OutgoingBody;
  /** Milliseconds, 0 = what the route allows. */
  readonly timeoutMs: number;
  /** Header fields of the gateway's own, which replace the client's. */
  readonly fields: readonly string[];
}

/** A request to the target with the client's own header fields, as far as they are meant for it. */
function outgoingTo(settings: HttpTargetSettings, exchange: Exchange, request: UpstreamRequest): Outgoing {
  const names: BackendNames = { name: settings.name, type: "mcp", protocol: "mcp" };
  // a deadline of ours must not lengthen the route's
  const route = exchange.backendTimeoutMs;
  const timeoutMs = request.timeoutMs > 0 && (route === 0 || request.timeoutMs < route) ? request.timeoutMs : 0;
  const outgoing = createOutgoing(exchange, { purpose, backend: names, body: request.body, timeoutMs });
  const { head } = outgoing;
  head.method = request.method;
  head.scheme = settings.scheme;
  head.authority = settings.authority;
  head.path = settings.path;
  head.search = "";
  head.headers = withFields(head.headers, request.fields);
  return outgoing;
}

/** The client's fields in one pass: the gateway's own replace those of their name, some are only about the client's side. */
function withFields(client: HeaderList, own: readonly string[]): HeaderList {
  const flat: string[] = [];
  for (let i = 0; i < client.flat.length; i += 2) {
    const name = client.flat[i] as string;
    if (!staysBehind(name) && !own.includes(name)) flat.push(name, client.flat[i + 1] as string);
  }
  flat.push(...own);
  return new HeaderList(flat);
}

function staysBehind(name: string): boolean {
  switch (name) {
    case "mcp-session-id": // the gateway's session, not the target's
    case "accept":
    case "accept-encoding": // replies are looked into
    case "content-type":
    case "content-encoding":
    case "expect": // answered by the server in front of us
      return true;
    default:
      return false;
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
