import { repeatedKey } from "../../base/json-keys.ts";
import type { JsonObject } from "../../base/json.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { McpRequest } from "../../contract/mcp.ts";
import type { Reply } from "../../contract/reply.ts";
import type { Item } from "../item.ts";
import { AmbiguousKey, JsonView, replace, splice } from "../json-view.ts";
import { TargetFailure } from "../target-failure.ts";
import type { Method, Revision } from "../wire/revision.ts";
import { guardReply } from "./guard-reply.ts";
import { asksAboutRequest, asksAboutResponse, type MethodPhases } from "./patterns.ts";
import { Processor, type Subject } from "./processor.ts";
import type { GuardrailSettings } from "./settings.ts";

/** A request of a client, as far as guardrails look at it. */
interface GuardedRequest {
  readonly exchange: Exchange;
  readonly request: McpRequest;
}

/** A request that concerns one item of one target. */
interface GuardedCall extends GuardedRequest {
  readonly session: { readonly revision: Revision };
  readonly item: Item;
}

/**
 * The processors of mcpGuardrails around the requests of one backend. They are asked one after the other; each sees what
 * those before it made of the message, and the first refusal is the answer.
 *
 * Calls of one item are shown in the names that its target knows, everything else once for all targets, as clients see it.
 */
export class Guardrails {
  private readonly processors: readonly { readonly methods: MethodPhases; readonly processor: Processor }[];
  private readonly targets: readonly string[];
  private readonly maxMessageBytes: number;

  constructor(settings: readonly GuardrailSettings[], targets: readonly string[], maxMessageBytes: number) {
    this.processors = settings.map((one) => ({ methods: one.methods, processor: new Processor(one) }));
    this.targets = targets;
    this.maxMessageBytes = maxMessageBytes;
  }

  /** Around a request that is not a call of one item; those are guarded where they are executed. */
  async around<Call extends GuardedRequest>(call: Call, method: Method | undefined, route: (call: Call) => Promise<Reply>): Promise<Reply> {
    const { exchange, request } = call;
    if (method?.routing === "item" && method.locate(request.params ?? {}) !== undefined) return route(call);
    const subject: Subject = { exchange, id: request.id, method: request.method, targets: this.targets };
    // as in the reference: what is asked of all targets at once has no parameters that could be changed
    const shared = method?.routing === "list" || method?.routing === "initialize";
    const checked = await this.checkRequest(subject, request.bytes, { shown: !shared, fits: () => true });
    const reply = await route(checked === undefined ? call : { ...call, request: { ...request, ...checked } });
    const [only] = this.targets;
    const lone = this.targets.length === 1 && only !== undefined ? (thrown: unknown) => TargetFailure.of(only, thrown) : undefined;
    return this.checkReply(subject, reply, lone);
  }

  /**
   * Before a call: the call as processors made it, with its item and the bytes to send.
   * @param named the request with the item's name as its target knows it
   * @throws GatewayError `mcp_guardrail_*`
   */
  async beforeCall<Call extends GuardedCall>(call: Call, named: (call: Call) => Buffer): Promise<Call> {
    const { request, item, session } = call;
    if (!this.processors.some(({ methods }) => asksAboutRequest(methods, request.method))) return call;
    const method = session.revision.methods.get(request.method);
    const locate = (params: JsonObject): Item | undefined => {
      const found = method?.routing === "item" ? method.locate(params) : undefined;
      if (found?.kind !== item.kind) return undefined;
      const { arguments: _, ...rest } = item;
      const given = item.kind === "tool" ? params["arguments"] : undefined;
      return { ...rest, name: found.name, ...(given === undefined ? {} : { arguments: given }) };
    };
    const fits = (params: JsonObject): boolean => locate(params) !== undefined;
    const checked = await this.checkRequest(subjectOf(call), named(call), { shown: true, fits });
    if (checked === undefined) return call;
    return { ...call, request: { ...request, ...checked }, item: locate(checked.params) ?? item };
  }

  /** The target's reply to a call, with its result as processors let it pass. */
  afterCall(call: GuardedCall, reply: Reply): Promise<Reply> {
    const { target } = call.item;
    return this.checkReply(subjectOf(call), reply, (thrown) => TargetFailure.of(target, thrown));
  }

  /** @returns the new parameters and the message with them; undefined when nothing was changed */
  private async checkRequest(
    subject: Subject,
    bytes: Buffer,
    { shown, fits }: { readonly shown: boolean; readonly fits: (params: JsonObject) => boolean },
  ): Promise<{ readonly bytes: Buffer; readonly params: JsonObject } | undefined> {
    const asked = this.processors.filter(({ methods }) => asksAboutRequest(methods, subject.method));
    if (asked.length === 0) return undefined;
    refuseAmbiguous(bytes);
    const view = shown ? new JsonView(bytes).member("params") : undefined;
    let json = view?.bytes;
    let params: JsonObject | undefined;
    for (const { processor } of asked) {
      const checked = await processor.checkRequest(subject, json, fits);
      if (checked?.mutated === undefined) continue;
      ({ json, mutated: params } = checked);
    }
    if (view === undefined || json === undefined || params === undefined) return undefined;
    return { bytes: splice(bytes, [replace(view, json.toString("utf8"))]), params };
  }

  private async checkReply(subject: Subject, reply: Reply, unreadable?: (thrown: unknown) => Error): Promise<Reply> {
    const asked = this.processors.filter(({ methods }) => asksAboutResponse(methods, subject.method));
    if (asked.length === 0) return reply;
    const check = async (result: Buffer): Promise<Buffer> => {
      let json = result;
      for (const { processor } of asked) json = await processor.checkResponse(subject, json);
      return json;
    };
    return guardReply(reply, { subject, check, unreadable, maxMessageBytes: this.maxMessageBytes });
  }
}

function subjectOf({ exchange, request, item }: GuardedCall): Subject {
  return { exchange, id: request.id, method: request.method, targets: [item.target] };
}

/** What is shown to processors must be what the target reads. @throws AmbiguousKey */
function refuseAmbiguous(message: Buffer): void {
  const key = repeatedKey(message, 2);
  if (key !== undefined) throw new AmbiguousKey(key);
}
