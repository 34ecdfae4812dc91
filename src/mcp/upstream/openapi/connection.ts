import { decodeContent } from "../../../base/content-encoding.ts";
import { HeaderList } from "../../../base/headers.ts";
import { objectIn } from "../../../base/json.ts";
import type { Exchange } from "../../../contract/exchange.ts";
import type { RpcId } from "../../../contract/mcp.ts";
import { createOutgoing, type Outgoing } from "../../../contract/outgoing.ts";
import { Reply } from "../../../contract/reply.ts";
import { CancelledReply } from "../../cancelled-reply.ts";
import { AmbiguousKey } from "../../json-view.ts";
import { cancelledId, parseObject } from "../../message.ts";
import { readBody } from "../../read-body.ts";
import { replyWith } from "../../relay.ts";
import { errorResponse, resultResponse } from "../../rpc-error.ts";
import type { McpLimits, OpenApiTargetSettings } from "../../settings.ts";
import { findRevision, latestRevision } from "../../wire/index.ts";
import { callersAuthorization, goesAlong } from "../goes-along.ts";
import type { Connection, Outbound } from "../target.ts";
import { readArguments } from "./call-arguments.ts";
import { encodeRequest, type RestRequest } from "./encode-request.ts";
import { ArgumentError } from "./scalar-text.ts";
import { failureText, refusedResult, type RestAnswer, toolResult } from "./tool-result.ts";

const purpose = { kind: "Primary", subtype: "Mcp" } as const;

/** One session's line to a REST service: answers for it what an MCP server would, and turns calls into requests. */
export class RestConnection implements Connection {
  /** There is no session that the service could forget. */
  readonly lost = false;
  private readonly settings: OpenApiTargetSettings;
  private readonly limits: McpLimits;
  /** The exchanges whose calls are under way, for cancellations. */
  private readonly calls: Map<RpcId, Exchange>;

  /** @param previous whose calls are still under way */
  constructor(settings: OpenApiTargetSettings, limits: McpLimits, previous: RestConnection | undefined) {
    this.settings = settings;
    this.limits = limits;
    this.calls = previous?.calls ?? new Map<RpcId, Exchange>();
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    const { id } = message;
    if (message.kind === "request" && id !== undefined) return this.request(exchange, message, id);
    const cancels = cancelledId(message);
    if (cancels !== undefined) this.calls.get(cancels)?.abort(cancelled); // no answer is sent
    return new Reply(202, new HeaderList());
  }

  /** A REST service has nothing to say of its own accord. */
  async listen(): Promise<Reply> {
    return new Reply(405, new HeaderList());
  }

  /** There is nothing to end: calls under way end by themselves, with their exchanges. */
  async close(): Promise<void> {}

  private async request(exchange: Exchange, message: Outbound, id: RpcId): Promise<Reply> {
    const api = this.settings.source.current();
    switch (message.method) {
      case "initialize":
        return replyWith("json", resultResponse(id, this.hello(message.bytes)));
      case "ping":
        return replyWith("json", resultResponse(id, emptyResult));
      case "tools/list":
        return replyWith("json", resultResponse(id, api.list));
      case "tools/call":
        return this.call(exchange, message, id);
      case undefined:
      default:
        return replyWith("json", errorResponse(id, -32601, "Method not found"));
    }
  }

  /** `result` of initialize: tools, and nothing else. */
  private hello(request: Buffer): Buffer {
    const asked = objectIn(parseObject(request) ?? {}, "params")["protocolVersion"];
    const { name: protocolVersion } = (typeof asked === "string" ? findRevision(asked) : undefined) ?? latestRevision;
    const { title, version } = this.settings.source.current();
    return Buffer.from(JSON.stringify({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: title, version } }));
  }

  private async call(exchange: Exchange, message: Outbound, id: RpcId): Promise<Reply> {
    let request: RestRequest;
    try {
      const call = readArguments(message.bytes);
      const operation = this.settings.source.current().operations.get(call.name);
      if (operation === undefined) return replyWith("json", errorResponse(id, -32602, `Unknown tool: ${call.name}`));
      request = encodeRequest(operation, call, this.settings.prefix);
    } catch (thrown) {
      if (thrown instanceof ArgumentError) return replyWith("json", resultResponse(id, refusedResult(thrown.message)));
      if (thrown instanceof AmbiguousKey) return replyWith("json", errorResponse(id, -32602, thrown.message));
      throw thrown;
    }
    this.calls.set(id, exchange);
    try {
      const answer = await this.send(exchange, request, message.timeoutMs);
      if (answer.status >= 500)
        return replyWith("json", errorResponse(id, -32603, `target "${this.settings.name}": ${failureText(answer)}`));
      return replyWith("json", resultResponse(id, toolResult(answer)));
    } catch (thrown) {
      if (exchange.aborted === cancelled) return new CancelledReply();
      throw thrown;
    } finally {
      if (this.calls.get(id) === exchange) this.calls.delete(id);
    }
  }

  private async send(exchange: Exchange, request: RestRequest, timeoutMs: number): Promise<RestAnswer> {
    const { status, headers, body } = await this.settings.send(this.outgoing(exchange, request, timeoutMs));
    const limit = this.limits.maxMessageBytes;
    const bytes = await readBody(body, limit);
    return {
      status,
      contentType: headers.get("content-type") ?? "",
      body: await decodeContent(bytes, headers.get("content-encoding"), limit),
    };
  }

  private outgoing(exchange: Exchange, request: RestRequest, timeoutMs: number): Outgoing {
    const { name, scheme, authority, lone } = this.settings;
    const outgoing = createOutgoing(exchange, {
      purpose,
      backend: { name, type: "mcp", protocol: "mcp" },
      body: request.body,
      // a deadline of ours must not lengthen the route's
      timeoutMs: exchange.backendTimeoutMs === 0 || timeoutMs < exchange.backendTimeoutMs ? timeoutMs : 0,
    });
    const { head } = outgoing;
    head.method = request.method;
    head.scheme = scheme;
    head.authority = authority;
    head.path = request.path;
    head.search = request.search;
    head.headers = fieldsFor(request, outgoing, lone === true);
    outgoing.callerAuthorization = callersAuthorization(exchange);
    return outgoing;
  }
}

/** The client's own fields go along, as far as they are meant for the service; arguments only add to them. */
function fieldsFor({ fields, contentType }: RestRequest, { exchange, head }: Outgoing, lone: boolean): HeaderList {
  const flat: string[] = [];
  for (const [name, value] of head.headers.entries()) {
    const passed = staysBehind(name) ? undefined : goesAlong(exchange, name, value, lone);
    if (passed !== undefined) flat.push(name, passed);
  }
  const sent = new HeaderList(flat);
  for (const [name, value] of fields) if (!sent.has(name)) sent.add(name, value);
  sent.add("accept", "application/json");
  if (contentType !== undefined) sent.add("content-type", contentType);
  return sent;
}

/** Fields about the MCP message and the transport that brought it. */
function staysBehind(name: string): boolean {
  switch (name) {
    case "accept":
    case "accept-encoding": // replies are looked into
    case "content-type":
    case "content-encoding":
    case "expect": // answered by the server in front of us
    case "last-event-id":
      return true;
    default:
      return name.startsWith("mcp-");
  }
}

const cancelled = new Error("the client cancelled the call");
const emptyResult = Buffer.from("{}");
