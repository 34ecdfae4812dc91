import { createHash } from "node:crypto";
import { HeaderList } from "../../base/headers.ts";
import { isJsonObject, type JsonObject, objectIn } from "../../base/json.ts";
import { errorTable } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { Reply } from "../../contract/reply.ts";
import type { Leg } from "../delivery.ts";
import { Final } from "../event-stream.ts";
import { parseObject } from "../message.ts";
import { drain, readBody } from "../read-body.ts";
import { errorResponse, resultResponse, rpcError } from "../rpc-error.ts";
import { asksDirectly, serverRequestId } from "../server-message.ts";
import type { ClientHello, ServerHello } from "../session.ts";
import { TargetFailure } from "../target-failure.ts";
import type { Connection, Outbound, StatelessLine, Target } from "../upstream/target.ts";
import { type Envelope, metaKeys, readEnvelope } from "../wire/2026-07-28/envelope.ts";
import { paramMismatch } from "../wire/2026-07-28/param-headers.ts";
import { latestRevision, statelessRevision } from "../wire/index.ts";
import { BridgedCall } from "./bridged-call.ts";
import { bridgedListen } from "./bridged-listen.ts";
import { callerKey } from "./caller-key.ts";
import { type Era, refusesSessions, verdictOf } from "./era.ts";
import type { BridgeParts } from "./parts.ts";
import { mapReply } from "./reply-map.ts";
import { type Lease, refuse, type Wanted } from "./shared-sessions.ts";
import { renumber } from "./renumber.ts";
import { toSessionRequest, toStatelessResponse } from "./translate.ts";

/** Methods in whose course a server with sessions may ask its client something. */
const asking = new Set(["tools/call", "prompts/get", "resources/read"]);

/**
 * A client's request without a session. A server that speaks such revisions gets it as it is; for one that does not, the
 * gateway has a session there and translates.
 */
export class RequestConnection implements Connection {
  readonly lost = false;
  private readonly parts: BridgeParts;
  private readonly target: Target;
  private lease: Lease | undefined;

  constructor(parts: BridgeParts, target: Target) {
    this.parts = parts;
    this.target = target;
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    if (message.kind !== "request") return new Reply(202, new HeaderList());
    const { stateless } = this.target;
    const era = this.parts.eraOf(this.target);
    if (stateless?.seesHeaders !== true || era.known === "sessions") {
      if (message.method === "tools/call") checkParams(era, exchange, message);
      else if (message.method === "tools/list") return this.learning(message, era, await this.route(exchange, message));
    }
    return this.route(exchange, message);
  }

  private async route(exchange: Exchange, message: Outbound): Promise<Reply> {
    const { stateless } = this.target;
    const era = this.parts.eraOf(this.target);
    if (stateless === undefined) return this.bridged(exchange, message);
    if (era.known === "sessions") return this.unlessUpdated(exchange, message, era);
    const reply = await stateless.post(exchange, message);
    if (era.known === "stateless" && reply.status < 300) return reply;
    const verdict = await verdictOf(message.method, reply);
    era.note(verdict);
    const isSubscription = message.method === "subscriptions/listen"; // which older servers know nothing of
    if (verdict === undefined && reply.status < 300 && !isSubscription) return this.lenient(message, reply, era);
    if (verdict !== "sessions") return reply;
    drain(reply.body);
    return this.bridged(exchange, message);
  }

  /** A server that had only sessions a while ago may have been updated since, and lost them: then it has done nothing. */
  private async unlessUpdated(exchange: Exchange, message: Outbound, era: Era): Promise<Reply> {
    let failure: TargetFailure | undefined;
    const reply = await this.bridged(exchange, message).catch((thrown: unknown) => {
      if (!refusedGreeting(thrown)) throw thrown;
      failure = thrown;
    });
    if (reply !== undefined && !(await refusesSessions(reply))) return reply;
    if (reply !== undefined) drain(reply.body);
    const second = await (this.target.stateless as StatelessLine).post(exchange, message);
    const verdict = await verdictOf(message.method, second);
    era.forget();
    era.note(verdict);
    if (failure === undefined || verdict !== "sessions") return second;
    drain(second.body);
    throw failure;
  }

  /**
   * The reply of a server of which nothing is known. One of an older revision may answer without minding that the client
   * has no session; then the next request is made in one. If it asks its client something, nobody could answer here.
   */
  private lenient(message: Outbound, reply: Reply, era: Era): Promise<Reply> {
    const id = message.id as RpcId;
    return mapReply(reply, {
      id,
      target: this.target.name,
      maxMessageBytes: this.parts.delivery.maxMessageBytes,
      onResponse: (response) => {
        era.note(response.includes(resultType) ? "stateless" : response.includes(resultKey) ? "sessions" : undefined);
        return toStatelessResponse(message.method, response);
      },
      onMessage: (notification) => {
        if (serverRequestId(notification) === undefined) return notification;
        era.note("sessions");
        return new Final(errorResponse(id, -32603, asksDirectly));
      },
    });
  }

  async listen(): Promise<Reply> {
    return new Reply(405, new HeaderList());
  }

  async close(): Promise<void> {
    this.lease?.release();
    this.lease = undefined;
  }

  /** Here the header fields end, so here they are compared; which there are the list tells. */
  private learning(message: Outbound, era: Era, reply: Reply): Promise<Reply> {
    return mapReply(reply, {
      id: message.id as RpcId,
      target: this.target.name,
      maxMessageBytes: this.parts.limits.maxMessageBytes,
      onResponse: (response) => {
        era.toolHeaders.learn(response);
        return response;
      },
      onMessage: (notification) => notification,
    });
  }

  private bridged(exchange: Exchange, message: Outbound): Promise<Reply> {
    const method = message.method ?? "";
    const params = paramsOf(message);
    const envelope = readEnvelope(params);
    if (method === "server/discover") return this.discover(exchange, message, envelope);
    if (method === "subscriptions/listen") return this.listenTo(exchange, message, envelope);
    // tasks of sessions and of the extension are different things
    if (method.startsWith("tasks/")) return Promise.resolve(refusal(message, -32601, `method not found: ${method}`));
    if (asking.has(method) && (hasAbilities(envelope) || params["requestState"] !== undefined))
      return this.call(exchange, message, envelope);
    return this.plain(exchange, message, envelope);
  }

  /** A request that the server answers without asking back. */
  private async plain(exchange: Exchange, message: Outbound, envelope: Envelope): Promise<Reply> {
    const leg = this.leg(exchange, message, envelope);
    const { delivery } = this.parts;
    const id = leg.session.nextId();
    const { bytes, restore } = renumber(toSessionRequest(message.bytes), id);
    const reply = await delivery.post(leg, { ...message, id, bytes });
    const mapped = await mapReply(reply, {
      id: message.id as RpcId,
      target: this.target.name,
      maxMessageBytes: delivery.maxMessageBytes,
      onResponse: (response) => toStatelessResponse(message.method, restore(response)),
      onMessage: (notification) => {
        const asked = serverRequestId(notification);
        if (asked !== undefined) refuse(delivery, leg, asked);
        return asked === undefined && isWanted(notification, envelope) ? restore(notification) : undefined;
      },
    });
    return withStatus(mapped);
  }

  /** A call that may have to wait for its caller, or the retry that goes on with one. */
  private call(exchange: Exchange, message: Outbound, envelope: Envelope): Promise<Reply> {
    const params = paramsOf(message);
    const caller = callerKey(exchange);
    const subject = subjectOf(this.target.name, message, params);
    const { delivery, limits, parked } = this.parts;
    const state = params["requestState"];
    if (state !== undefined) {
      const call = typeof state === "string" ? parked.take(state, caller, subject) : undefined;
      if (call === undefined) {
        const text =
          "invalid params: no call waits under this requestState: it took too long, was answered before, or belongs to another caller, call or gateway process";
        throw rpcError("mcp_invalid_params", { id: message.id, message: text });
      }
      const answers = params["inputResponses"];
      return call.resume(exchange, message, isJsonObject(answers) ? answers : {}).then(withStatus);
    }
    const lease = this.parts.shared.lease({ ...this.wanted(exchange, envelope), alone: true });
    const { method = "" } = message;
    const { clientCapabilities: capabilities, logLevel } = envelope;
    const settings = { delivery, limits, parked, lease, caller, subject, method, logs: logLevel !== undefined, capabilities };
    return new BridgedCall(settings).start(exchange, message).then(withStatus);
  }

  private async discover(exchange: Exchange, message: Outbound, envelope: Envelope): Promise<Reply> {
    const leg = this.leg(exchange, message, envelope);
    await this.parts.delivery.ready(leg);
    const result = Buffer.from(JSON.stringify(discoverResult(leg.link.hello)));
    return new Reply(200, jsonHeaders(), resultResponse(message.id as RpcId, result));
  }

  private listenTo(exchange: Exchange, message: Outbound, envelope: Envelope): Promise<Reply> {
    return bridgedListen(this.parts, { exchange, message, target: this.target, client: helloOf(envelope, this.parts.version) });
  }

  private leg(exchange: Exchange, { timeoutMs }: Outbound, envelope: Envelope): Leg {
    this.lease ??= this.parts.shared.lease({ ...this.wanted(exchange, envelope), alone: false });
    const { session, link } = this.lease;
    return { exchange, session, link, timeoutMs, quiet: true };
  }

  private wanted(exchange: Exchange, envelope: Envelope): Omit<Wanted, "alone"> {
    return { exchange, target: this.target, client: helloOf(envelope, this.parts.version), logLevel: envelope.logLevel };
  }
}

/** @throws GatewayError `mcp_header_mismatch` */
function checkParams(era: Era, exchange: Exchange, message: Outbound): void {
  const declared = era.toolHeaders.of(message.name);
  if (declared.length === 0) return;
  const wrong = paramMismatch(declared, paramsOf(message)["arguments"], (field) => exchange.request.headers.getAll(field));
  if (wrong !== undefined) throw rpcError("mcp_header_mismatch", { id: message.id, message: `header mismatch: ${wrong}` });
}

/** The server did not take the greeting, and so nothing else. Refused logins and outages are no such thing. */
function refusedGreeting(thrown: unknown): thrown is TargetFailure {
  if (!(thrown instanceof TargetFailure) || thrown.outage !== undefined || thrown.cause !== undefined) return false;
  const status = thrown.reply?.status;
  return status === undefined || status === 400 || status === 404 || status === 405;
}

function paramsOf({ bytes }: Outbound): JsonObject {
  return objectIn(parseObject(bytes) ?? {}, "params");
}

function hasAbilities({ clientCapabilities }: Envelope): boolean {
  return ["elicitation", "sampling", "roots"].some((name) => clientCapabilities[name] !== undefined);
}

function isWanted(notification: Buffer, { logLevel }: Envelope): boolean {
  const method = parseObject(notification)?.["method"];
  return method === "notifications/progress" || (method === "notifications/message" && logLevel !== undefined);
}

/** The client's own words about itself, as a greeting. */
function helloOf({ clientCapabilities, clientInfo }: Envelope, version: string): ClientHello {
  const protocolVersion = latestRevision.name;
  const params = { protocolVersion, capabilities: clientCapabilities, clientInfo: clientInfo ?? { name: "turnpike", version } };
  return { protocolVersion, params: Buffer.from(JSON.stringify(params)) };
}

/** What a server that was greeted would say of itself if it were asked. Its tasks are not those of the extension. */
function discoverResult(hello: ServerHello | undefined): object {
  const { tasks: _, ...capabilities } = hello?.capabilities ?? {};
  const { instructions, serverInfo, protocolVersion = latestRevision.name } = hello ?? {};
  return {
    resultType: "complete",
    supportedVersions: [statelessRevision.name, protocolVersion],
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
    ttlMs: 0,
    cacheScope: "private",
    ...(serverInfo === undefined ? {} : { _meta: { [metaKeys.serverInfo]: serverInfo } }),
  };
}

/** Members that are another in every request of a call. */
const perRequest = new Set(["_meta", "inputResponses", "requestState"]);

/** What a call is about: a retry must be of the same. */
function subjectOf(target: string, { method }: Outbound, params: JsonObject): string {
  const subject = Object.entries(params).filter(([name]) => !perRequest.has(name));
  return createHash("sha256")
    .update(JSON.stringify([target, method, subject]))
    .digest("base64url");
}

function refusal({ id }: Outbound, code: number, message: string): Reply {
  return new Reply(code === methodNotFound ? 404 : 400, jsonHeaders(), errorResponse(id as RpcId, code, message));
}

/**
 * Errors of the protocol have HTTP statuses of their own where there are no sessions. What a server says of its session, or of
 * its address, means nothing to the client.
 * @throws Error
 */
async function withStatus(reply: Reply): Promise<Reply> {
  if (reply.status === 400 || reply.status === 404 || reply.status === 405) {
    reply.body = await readBody(reply.body, maxErrorBytes).catch(() => "");
    if (!Buffer.isBuffer(reply.body) || !isJsonObject(parseObject(reply.body)?.["error"])) throw new Error(`HTTP status ${reply.status}`);
  }
  const { body } = reply;
  if (!Buffer.isBuffer(body) || !body.includes(errorKey)) return reply;
  const code = objectIn(parseObject(body) ?? {}, "error")["code"];
  if (code === methodNotFound) reply.status = 404;
  if (code === errorTable.mcp_capability_missing.rpc) reply.status = errorTable.mcp_capability_missing.status;
  return reply;
}

function jsonHeaders(): HeaderList {
  return new HeaderList(["content-type", "application/json"]);
}

/** Of an error's body; errors are short. */
const maxErrorBytes = 65_536;
const methodNotFound = -32601;
const errorKey = Buffer.from('"error"');
const resultKey = Buffer.from('"result"');
const resultType = Buffer.from('"resultType"');
