import type { Exchange } from "../contract/exchange.ts";
import type { Reply } from "../contract/reply.ts";
import { Bridge } from "./bridge/bridge.ts";
import { callerKey } from "./bridge/caller-key.ts";
import type { Call } from "./call.ts";
import { Catalogue, type ListRequest } from "./catalogue.ts";
import { createDecision, type Decision } from "./decision.ts";
import { Delivery, type Leg } from "./delivery.ts";
import { discoverAll, withAllVersions } from "./discover.ts";
import { executeCall, unknownItem } from "./execute.ts";
import { fanOut, type FanOutSettings, Patience } from "./fan-out.ts";
import { Guardrails } from "./guardrails/guardrails.ts";
import { Health } from "./health.ts";
import { createIntegrity } from "./integrity/create.ts";
import type { AskedCall } from "./integrity/integrity.ts";
import type { Item, ItemKind } from "./item.ts";
import { insertMembers, JsonView, splice } from "./json-view.ts";
import { LastLists } from "./last-lists.ts";
import { ListChanges, listKinds } from "./list-changes.ts";
import type { ListeningSettings } from "./listening.ts";
import { LoginRequests } from "./login-required.ts";
import { mergeInitialize } from "./merge-initialize.ts";
import { parseObject } from "./message.ts";
import { createNames, type Names, type OnlyListed } from "./names.ts";
import { holdsNames, publishResult } from "./publish-result.ts";
import { holdsState, RequestStates } from "./request-states.ts";
import { ServerResponse } from "./read-response.ts";
import { replyWith } from "./relay.ts";
import { resultResponse, rpcError } from "./rpc-error.ts";
import type { Link, Session } from "./session.ts";
import { defaultLimits, type McpBackendSettings, type McpContext, type McpLimits } from "./settings.ts";
import { subscribeToAll } from "./subscriptions.ts";
import { TargetFailure } from "./target-failure.ts";
import { type Rewrite, TargetReplies } from "./target-replies.ts";
import { createTarget } from "./upstream/index.ts";
import type { Target } from "./upstream/target.ts";
import { forThisCallerOnly } from "./wire/2026-07-28/cache-hints.ts";
import { revisionFor } from "./wire/index.ts";
import type { EveryoneMethod, ItemMethod, ItemReference, ListMethod, Method } from "./wire/revision.ts";

/** Many servers as one: where each request of a client goes, and how several answers become one. */
export class Federation {
  readonly targets: readonly Target[];
  readonly names: Names;
  readonly delivery: Delivery;
  readonly limits: McpLimits;
  readonly fanOut: FanOutSettings;
  readonly decision: Decision;
  readonly bridge: Bridge;
  readonly guardrails: Guardrails | undefined;
  readonly replies: TargetReplies;
  /** undefined where there is no key that all replicas have. */
  private readonly states: RequestStates | undefined;
  private readonly catalogue: Catalogue;
  readonly logins: LoginRequests;
  private readonly lastLists: LastLists;
  private readonly changes: ListChanges;
  readonly version: string;
  private readonly stateful: boolean;
  private readonly byName: ReadonlyMap<string, Target>;

  constructor(settings: McpBackendSettings, context: McpContext) {
    this.limits = { ...defaultLimits, ...context.limits };
    this.targets = settings.targets.map((target) => createTarget(target, context, this.limits));
    this.byName = new Map(this.targets.map((target) => [target.name, target]));
    const { prefixMode, maxNameLength, pageSize } = settings;
    this.names = createNames({ prefixMode, targets: [...this.byName.keys()], maxNameLength });
    const { clock, log } = context;
    const health = new Health({ clock, log, ...this.limits });
    this.lastLists = new LastLists(clock, this.limits.staleListMs);
    this.delivery = new Delivery({
      clock,
      log,
      limits: this.limits,
      lists: this.lastLists,
      health: settings.failureMode === "failOpen" ? health : undefined,
      onJoin: (leg) => this.joined(leg),
      isTold: (leg, message) => this.changes.take(leg, message),
    });
    const { targets, delivery: deliver, limits: bounds } = this;
    this.bridge = new Bridge({ backend: settings.name, targets, delivery: deliver, limits: bounds }, context);
    const integrity = createIntegrity(settings, context, this.names, (call) => this.look(call));
    this.decision = createDecision(settings.authorize, integrity);
    this.guardrails = settings.guardrails && new Guardrails(settings.guardrails, [...this.byName.keys()], this.limits.maxMessageBytes);
    this.states = context.sessionKey && new RequestStates(context.sessionKey, settings.name, context.clock);
    this.version = context.version;
    this.stateful = settings.statefulMode === "stateful";
    const { openDeadlineMs, closedDeadlineMs, shortDeadlineMs } = this.limits;
    const { failureMode } = settings;
    const patience =
      failureMode === "failOpen"
        ? new Patience({ deadlineMs: openDeadlineMs, shortMs: shortDeadlineMs, clock })
        : new Patience({ deadlineMs: closedDeadlineMs, shortMs: closedDeadlineMs, clock });
    this.fanOut = { failureMode, patience, health, log };
    const { names, decision, delivery, fanOut, limits, lastLists: lists } = this;
    const { changeWindowMs: windowMs, maxPages, openDeadlineMs: timeoutMs, keptListMs: maxAgeMs, maxKeptBytes: maxBytes } = limits;
    const logins = new LoginRequests(delivery);
    this.logins = logins;
    this.catalogue = new Catalogue({
      names,
      decision,
      delivery,
      fanOut,
      lists,
      clock,
      log,
      maxPages,
      pageSize,
      maxAgeMs,
      maxBytes,
      logins,
    });
    const forget = (session: Session): void => this.catalogue.forget(session.id);
    this.changes = new ListChanges({ clock, delivery, lists, windowMs, timeoutMs, maxPages, forget });
    const { changes } = this;
    this.replies = new TargetReplies({ names, delivery, changes, forget, maxMessageBytes: limits.maxMessageBytes });
  }

  /** @throws GatewayError, TargetFailure, AmbiguousKey */
  async request(call: Call): Promise<Reply> {
    const links = (): readonly Link[] => this.links(call.session);
    try {
      return await (this.logins.toolCall(call, links) ?? this.guarded(call));
    } catch (thrown) {
      return this.logins.reply(thrown, call, links);
    }
  }

  private guarded(call: Call): Promise<Reply> {
    const method = call.session.revision.methods.get(call.request.method);
    if (this.guardrails === undefined) return this.route(call, method);
    return this.guardrails.around(call, method, (guarded) => this.route(guarded, method));
  }

  private route(call: Call, method: Method | undefined): Promise<Reply> {
    switch (method?.routing) {
      case "initialize":
        return this.initialize(call);
      case "discover":
        return this.discover(call);
      case "listen":
        return this.listen(call);
      case "item":
        return this.item(call, method);
      case "list":
        return this.list(call, method);
      case "everyone":
        return this.everyone(call, method);
      case undefined:
        return this.unknown(call);
    }
  }

  /** The session's links to all targets. */
  links(session: Session): Link[] {
    return this.targets.map((target) => session.link(target));
  }

  link(session: Session, target: string): Link | undefined {
    const known = this.byName.get(target);
    return known === undefined ? undefined : session.link(known);
  }

  /** What streams of the targets' own messages go by. */
  get listening(): ListeningSettings {
    const { delivery, limits, fanOut, replies, catalogue } = this;
    const { active, integrity } = this.decision;
    return {
      delivery,
      limits,
      fanOut,
      publish: (session, target, message) => replies.publish(session, target, message),
      review: active || integrity !== undefined ? (leg, response) => catalogue.review(leg, response) : undefined,
    };
  }

  private async initialize(call: Call): Promise<Reply> {
    const { exchange, session, request, accepts } = call;
    const answers = await fanOut(this.links(session), this.fanOut, async (link, timeoutMs) => {
      const leg: Leg = { exchange, session, link, timeoutMs };
      const response = await this.delivery
        .open(leg, request, (message) => this.replies.aside(call, link, message))
        .catch((thrown: unknown) => this.logins.hello(thrown, link, call));
      if (link.hello !== undefined || this.names.plain) return response;
      throw new TargetFailure(link.target.name, `initialize was refused: ${response.bytes.toString("utf8", 0, 500)}`);
    });
    const hellos = answers.flatMap(({ link }) => (link.hello === undefined ? [] : [{ target: link.target.name, hello: link.hello }]));
    const [only] = answers;
    if (this.names.plain && only !== undefined) {
      session.agreeOn(hellos[0]?.hello.protocolVersion);
      return replyWith(accepts, only.value.bytes);
    }
    const merged = mergeInitialize(hellos, {
      protocolVersion: revisionFor(session.client.protocolVersion).name,
      version: this.version,
      subscribable: this.stateful,
      incomplete: hellos.length < this.targets.length,
    });
    session.agreeOn(merged.protocolVersion);
    return replyWith(accepts, resultResponse(request.id, Buffer.from(JSON.stringify(merged))));
  }

  private discover(call: Call): Promise<Reply> {
    const links = this.links(call.session);
    const [only] = links;
    return this.names.plain && only !== undefined ? this.forward(call, only, withAllVersions) : discoverAll(this, call, links);
  }

  /** A lone target's stream goes through as it is, where no rules are about what it tells of. */
  private listen(call: Call): Promise<Reply> {
    const links = this.links(call.session);
    const [only] = links;
    const untouched = this.names.plain && !this.decision.active && only !== undefined;
    return untouched ? this.forward(call, only) : subscribeToAll(this, call, links);
  }

  private async item(call: Call, method: ItemMethod): Promise<Reply> {
    const { exchange, session, request } = call;
    const reference = method.locate(request.params ?? {});
    if (reference === undefined) return this.unknown(call);
    const { kind, path, name: published } = reference;
    const resolved = this.names.resolve(kind, published);
    const owner = resolved !== undefined && "among" in resolved ? await this.ownerFromLists(call, reference, resolved) : resolved;
    if (owner === "conflict") throw notRoutable(call, `more than one target offers ${kind} "${published}"`);
    const link = owner === undefined ? undefined : this.link(session, owner.target);
    if (owner === undefined || link === undefined) throw notRoutable(call, `no target for ${kind} "${published}"`);
    const given = kind === "tool" ? request.params?.["arguments"] : undefined;
    const item = { kind, target: owner.target, name: owner.name, ...(given === undefined ? {} : { arguments: given }) };
    const of = { exchange, target: owner.target, method: request.method, name: owner.name };
    const states = session.revision.stateless ? this.states : undefined;
    const asked = states?.open(request, of) ?? request;
    const execute = (): Promise<Reply> => executeCall(this, { exchange, session, link, item, request: asked, path, published });
    return this.replies.relayed(call, link, execute, this.rewriteOf(owner.target, states?.sealer(of)));
  }

  /** What has to be changed in a target's response to a call. */
  private rewriteOf(target: string, seal: ((response: Buffer) => Buffer) | undefined): Rewrite | undefined {
    const { names } = this;
    const publish = names.plain ? undefined : (bytes: Buffer): Buffer => publishResult(names, target, bytes);
    if (publish === undefined) return seal === undefined ? undefined : { apply: seal, touches: holdsState };
    if (seal === undefined) return { apply: publish, touches: holdsNames };
    return { apply: (bytes) => seal(publish(bytes)), touches: (bytes) => holdsNames(bytes) || holdsState(bytes) };
  }

  private async list(call: Call, method: ListMethod): Promise<Reply> {
    const { exchange, session, request, accepts } = call;
    if (!this.names.plain) {
      const page = await this.catalogue.page(this.listRequest(call, request.method, method));
      const list = markStale(this.catalogue.render(method, page), page.stale);
      return replyWith(accepts, resultResponse(request.id, withMembers(list, session.revision.listMembers)));
    }
    const [link] = this.links(session) as [Link];
    if (method.item === "tool") this.logins.listed(link);
    const { active, integrity } = this.decision;
    if (integrity !== undefined) await integrity.ready();
    const place = { exchange, session, continues: request.params?.["cursor"] !== undefined };
    const onResponse =
      active || integrity !== undefined
        ? (bytes: Buffer): Buffer => {
            const value = parseObject(bytes);
            if (value === undefined) return bytes;
            const list = this.catalogue.filter(place, link.target.name, new ServerResponse(bytes, value), method);
            return active && session.revision.stateless ? forThisCallerOnly(list) : list;
          }
        : undefined;
    return this.forward(call, link, onResponse);
  }

  private async everyone(call: Call, method: EveryoneMethod): Promise<Reply> {
    const { exchange, session, request, accepts } = call;
    // nothing outlives a stateless call that a log level or a ping could be about
    if (session.id === undefined) return replyWith(accepts, resultResponse(request.id, emptyResult));
    if (this.names.plain) return this.forward(call, this.links(session)[0] as Link);
    const links = this.links(session).filter((link) => link.offers(method.capability));
    const answers = await fanOut(links, this.fanOut, (link, timeoutMs) =>
      this.delivery
        .request({ exchange, session, link, timeoutMs }, request, (message) => this.replies.aside(call, link, message))
        .catch((thrown: unknown) => this.logins.empty(thrown, request.id)),
    );
    // one who did it is enough; what nobody could do fails in the first one's words
    const succeeded = answers.length === 0 || answers.some(({ value }) => value.value["error"] === undefined);
    const refusal = answers[0]?.value.bytes;
    return replyWith(accepts, succeeded || refusal === undefined ? resultResponse(request.id, emptyResult) : refusal);
  }

  /** A method no revision has: a lone target may know it, but rules that cannot tell what it touches let nothing pass. */
  private unknown(call: Call): Promise<Reply> {
    const { request, session } = call;
    if (session.revision.stateless) throw notRoutable(call, "the parameters do not say what the call is about");
    if (!this.names.plain || this.decision.active) throw notRoutable(call, `no target for method "${request.method}"`);
    return this.forward(call, this.links(session)[0] as Link);
  }

  private forward(call: Call, link: Link, onResponse?: (bytes: Buffer) => Buffer): Promise<Reply> {
    const { exchange, session, request } = call;
    if (exchange.mcp !== undefined) exchange.mcp.target = link.target.name;
    const rewrite = onResponse === undefined ? undefined : { apply: onResponse };
    return this.replies.relayed(call, link, () => this.delivery.post({ exchange, session, link, timeoutMs: 0 }, request), rewrite);
  }

  /** What a target that joins late, or again, offers may be new to the client. */
  private joined(leg: Leg): void {
    if (leg.session.aside === undefined) return;
    for (const kind of listKinds) if (leg.link.hello?.capabilities[kind] !== undefined) this.changes.changed(leg, kind);
  }

  /** With rules, what does not exist looks like what the caller may not see. */
  private async ownerFromLists(call: Call, { kind, name }: ItemReference, { among }: OnlyListed): Promise<Item | "conflict" | undefined> {
    const found = listOf(call.session, kind);
    if (found === undefined) return undefined;
    const params = ownParams(call.session, call.exchange);
    const request = { ...this.listRequest(call, found.name, found.method), params, cursor: undefined, id: undefined };
    const owner = await this.catalogue.owner(request, name, among);
    if (owner === undefined && this.decision.active) throw unknownItem(call.request.id, kind, name);
    return owner;
  }

  /** Lists what the targets offer the caller of a call, for the decision about it. */
  private async look({ exchange, session, link, item }: AskedCall): Promise<void> {
    const found = listOf(session, item.kind);
    if (found === undefined) return;
    const onMessage = (): void => {};
    const links = this.links(session);
    const own = { params: ownParams(session, exchange), id: undefined, cursor: undefined, caller: undefined };
    await this.catalogue.look({ exchange, session, links, ...found, ...own, onMessage }, link, this.limits);
  }

  private listRequest(call: Call, name: string, method: ListMethod): ListRequest {
    const { exchange, session, request } = call;
    const params = new JsonView(request.bytes).member("params")?.bytes ?? emptyResult;
    const onMessage = (link: Link, message: Buffer): void => this.replies.aside(call, link, message);
    const links = this.links(session);
    const { id, params: { cursor } = {} } = request;
    return { exchange, session, links, name, method, params, cursor, id, caller: session.id ?? callerKey(exchange), onMessage };
  }
}

/** Parameters of a request of the gateway's own for that caller: without sessions each one says who asks. */
function ownParams({ revision }: Session, { mcp }: Exchange): Buffer {
  const asked = revision.stateless ? mcp?.message?.bytes : undefined;
  const meta = asked === undefined ? undefined : new JsonView(asked).member("params")?.member("_meta");
  return meta === undefined ? emptyResult : Buffer.concat([Buffer.from('{"_meta":'), meta.bytes, Buffer.from("}")]);
}

/** The list in which items of a kind are found by name. */
function listOf(session: Session, kind: ItemKind): { readonly name: string; readonly method: ListMethod } | undefined {
  for (const [name, method] of session.revision.methods) {
    if (method.routing === "list" && method.item === kind && method.key === "name") return { name, method };
  }
  return undefined;
}

function withMembers(object: Buffer, members: string): Buffer {
  return members === "" ? object : splice(object, [insertMembers(new JsonView(object), members)]);
}

/** A list in which the parts of some targets are older ones says so in its `_meta`. */
function markStale(list: Buffer, targets: readonly string[]): Buffer {
  if (targets.length === 0) return list;
  return splice(list, [insertMembers(new JsonView(list), `"_meta":${JSON.stringify({ [staleKey]: targets })}`)]);
}

/** Without sessions everything that a name or a parameter is to blame for is an error of the parameters. */
function notRoutable({ request: { id }, session }: Call, why: string): Error {
  const code = session.revision.stateless ? "mcp_invalid_params" : "mcp_not_routable";
  return rpcError(code, { id, message: `${session.revision.stateless ? "invalid params" : "failed to send message"}: ${why}` });
}

const staleKey = "turnpike/stale";
const emptyResult = Buffer.from("{}");
