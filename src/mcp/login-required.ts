import { objectIn } from "../base/json.ts";
import type { LoginRequest } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { McpRequest, RpcId } from "../contract/mcp.ts";
import type { Reply } from "../contract/reply.ts";

import { type Delivery, ownRequest } from "./delivery.ts";
import { eventOf } from "./event-stream.ts";
import type { CatalogueEntry } from "./item.ts";
import { loginOf, loginRefusalCode, loginText } from "./login-refusal.ts";
import { parseObject } from "./message.ts";
import { ServerResponse } from "./read-response.ts";
import { type Accepts, replyWith } from "./relay.ts";
import { errorResponse, resultResponse } from "./rpc-error.ts";
import type { Link, Session } from "./session.ts";
import { nameIn } from "./protocol-version.ts";
import { readEnvelope } from "./wire/2026-07-28/envelope.ts";
import { findRevision, latestRevision, supportedVersions } from "./wire/index.ts";
import type { ListMethod } from "./wire/revision.ts";

/*
 * A target that wants its caller to log in (backendAuth.userLogin) fails with `upstream_login_required`. Here that becomes
 * what the client can show to a person, and the target stays a part of the session meanwhile: it is greeted, offers one
 * tool by which to log in, and joins like one that was down when the login is done.
 */

/** A client's request, as the federation has it. */
export interface LoginCall {
  readonly exchange: Exchange;
  readonly session: Session;
  readonly request: McpRequest;
  readonly accepts: Accepts;
}

/** What targets of a backend have asked their callers for. */
export class LoginRequests {
  private readonly delivery: Delivery;
  /** Where the client was last shown the login tool in place of the target's own. */
  private readonly shown = new WeakSet<Link>();

  constructor(delivery: Delivery) {
    this.delivery = delivery;
  }

  /** In place of what a target answers to initialize. @throws what was thrown, when it asks for no login */
  hello(thrown: unknown, link: Link, { session, request }: Pick<LoginCall, "session" | "request">): ServerResponse {
    if (loginOf(thrown) === undefined) throw thrown;
    const { name: protocolVersion } = findRevision(session.client.protocolVersion) ?? latestRevision;
    const listChanged = { listChanged: true };
    // nobody knows yet what it has; it is greeted before it is asked for any of it
    const capabilities = { tools: listChanged, prompts: listChanged, resources: listChanged };
    const { name } = link.target;
    const instructions = `Somebody has to log in to use this server: call the tool ${toolName(name)}.`;
    link.hello = { protocolVersion, capabilities, instructions };
    const result = { protocolVersion, capabilities, serverInfo: { name, version: "0" }, instructions };
    return responseOf(request.id, Buffer.from(JSON.stringify(result)));
  }

  /** In place of a target's part of a list: of tools, the one by which to log in. @throws as `hello` */
  entries(thrown: unknown, link: Link, { item }: ListMethod): CatalogueEntry[] {
    if (loginOf(thrown) === undefined) throw thrown;
    const { name: target } = link.target;
    if (item !== "tool") return [];
    this.shown.add(link);
    const tool = toolOf(target);
    return [{ item: { kind: "tool", target, name: "login" }, published: toolName(target), source: tool, definition: tool, always: true }];
  }

  /** In place of an empty answer. @throws as `hello` */
  empty(thrown: unknown, id: RpcId): ServerResponse {
    if (loginOf(thrown) === undefined) throw thrown;
    return responseOf(id, emptyResult);
  }

  /** The client was shown the target's own list. */
  listed(link: Link): void {
    this.shown.delete(link);
  }

  /**
   * A call of the tool by which to log in. Rules about tools do not apply to it: it is the gateway's.
   * @param links of the session
   * @returns undefined for any other request
   */
  toolCall(call: LoginCall, links: () => readonly Link[]): Promise<Reply> | undefined {
    const { request } = call;
    const name = request.method === "tools/call" ? request.params?.["name"] : undefined;
    if (typeof name !== "string" || !name.endsWith(suffix)) return undefined;
    const link = links().find((one) => toolName(one.target.name) === name && this.shown.has(one));
    return link === undefined ? undefined : this.probe(call, link);
  }

  /** A request that a target did not serve for want of a login, answered. @throws what was thrown, when it asks for none */
  reply(thrown: unknown, call: LoginCall, links: () => readonly Link[]): Reply {
    const login = loginOf(thrown);
    if (login === undefined) throw thrown;
    const { exchange, session, request, accepts } = call;
    const method = session.revision.methods.get(request.method);
    if (method?.routing === "discover") return replyWith(accepts, resultResponse(request.id, discoverResult(session)));
    if (method?.routing === "list") {
      const [link] = links(); // with several targets the catalogue has dealt with it
      const entries = link === undefined ? [] : this.entries(thrown, link, method);
      const { listMembers } = session.revision;
      const list = `{${JSON.stringify(method.member)}:[${entries.map(({ source }) => source.toString()).join(",")}]${listMembers === "" ? "" : `,${listMembers}`}}`;
      return replyWith(accepts, resultResponse(request.id, Buffer.from(list)));
    }
    if (method?.routing === "everyone") return replyWith(accepts, resultResponse(request.id, emptyResult));
    if (exchange.mcp !== undefined) exchange.mcp.error = { code: urlElicitationRequired, message: login.message };
    return replyWith(accepts, refusalOf(session, request, login));
  }

  /** Whether the login is still wanted only the target knows. */
  private async probe({ exchange, session, request, accepts }: LoginCall, link: Link): Promise<Reply> {
    await this.delivery.request({ exchange, session, link, timeoutMs: 0 }, ownRequest(session.nextId(), "ping", emptyResult));
    this.shown.delete(link);
    const text = `You are logged in to ${link.target.name}: list the tools again to see what it offers.`;
    const result = Buffer.from(JSON.stringify({ content: [{ type: "text", text }] }));
    const reply = replyWith(accepts, resultResponse(request.id, result));
    if (accepts === "events") reply.body = Buffer.concat([eventOf(listChanged), reply.body as Buffer]);
    return reply;
  }
}

/**
 * For clients that can show a URL, the error of revision 2025-11-25 ("URL Elicitation Required"), or, where there are no
 * sessions, what is asked for before the call goes on. For others words: a tool's result, which the model reads, or an error.
 */
function refusalOf({ client, revision }: Session, { id, method, params }: McpRequest, login: LoginRequest): Buffer {
  const { url, message, elicitationId } = login;
  const capabilities = revision.stateless
    ? readEnvelope(params).clientCapabilities
    : objectIn(parseObject(client.params) ?? {}, "capabilities");
  if (objectIn(capabilities, "elicitation")["url"] !== undefined) {
    if (!revision.stateless) {
      const data = { elicitations: [{ mode: "url", elicitationId, url, message }] };
      return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, error: { code: urlElicitationRequired, message, data } }));
    }
    if (nameIn(method, params ?? {}) !== undefined) {
      const login = { method: "elicitation/create", params: { mode: "url", url, message } };
      return resultResponse(id, Buffer.from(JSON.stringify({ resultType: "input_required", inputRequests: { login } })));
    }
  }
  if (method !== "tools/call") return errorResponse(id, loginRefusalCode, loginText(login));
  const type = revision.stateless ? { resultType: "complete" } : {};
  return resultResponse(id, Buffer.from(JSON.stringify({ ...type, content: [{ type: "text", text: loginText(login) }], isError: true })));
}

/** What a lone server that nobody can ask yet is taken to be. */
function discoverResult({ revision }: Session): Buffer {
  const listChanged = { listChanged: true };
  const capabilities = { tools: listChanged, prompts: listChanged, resources: listChanged };
  const versions = supportedVersions.toReversed();
  return Buffer.from(
    `{"supportedVersions":${JSON.stringify(versions)},"capabilities":${JSON.stringify(capabilities)},${revision.listMembers}}`,
  );
}

function toolOf(target: string): Buffer {
  const description = `Log in to ${target}. Nothing else of it can be used before; the answer has the address to open in a browser.`;
  return Buffer.from(JSON.stringify({ name: toolName(target), description, inputSchema: { type: "object" } }));
}

/** The same in every prefix mode; targets' names hold no underscore. */
function toolName(target: string): string {
  return target + suffix;
}

function responseOf(id: RpcId, result: Buffer): ServerResponse {
  const bytes = resultResponse(id, result);
  return new ServerResponse(bytes, parseObject(bytes) ?? {});
}

const suffix = "_login";
const urlElicitationRequired = -32042;
const emptyResult = Buffer.from("{}");
const listChanged = Buffer.from('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
