import type { Reply } from "../contract/reply.ts";
import type { Call } from "./call.ts";
import type { Delivery } from "./delivery.ts";
import { Final, mayHaveMethod } from "./event-stream.ts";
import type { ListChanges } from "./list-changes.ts";
import type { Names } from "./names.ts";
import { publishResult } from "./publish-result.ts";
import { drain } from "./read-body.ts";
import { relay, type RelayOptions } from "./relay.ts";
import { errorResponse } from "./rpc-error.ts";
import { asksDirectly, publishEventId, publishServerMessage, serverRequestId } from "./server-message.ts";
import type { Link, Session } from "./session.ts";
import { TargetFailure } from "./target-failure.ts";

export interface TargetRepliesSettings {
  readonly names: Names;
  readonly delivery: Delivery;
  readonly changes: ListChanges;
  /** What a session was shown may not be so any more. */
  readonly forget: (session: Session) => void;
  readonly maxMessageBytes: number;
}

/** What becomes of the response in a target's reply. */
export interface Rewrite {
  readonly apply: (response: Buffer) => Buffer;
  /** Whether `apply` could change anything in these bytes, which may hold events; without it, always. */
  readonly touches?: (bytes: Buffer) => boolean;
}

/** What targets reply and say, as clients get it. */
export class TargetReplies {
  private readonly settings: TargetRepliesSettings;

  constructor(settings: TargetRepliesSettings) {
    this.settings = settings;
  }

  /** Sends through `post` and relays the reply, known as under way until its last byte. */
  async relayed(call: Call, link: Link, post: () => Promise<Reply>, rewrite: Rewrite | undefined): Promise<Reply> {
    const { exchange, session, request, accepts } = call;
    const onEnd = session.began(request.id, link);
    const options = {
      accepts,
      maxMessageBytes: this.settings.maxMessageBytes,
      onMessage: this.onMessage(call, link),
      onResponse: rewrite?.apply,
      touches: rewrite?.touches,
      publishId: this.settings.names.plain ? undefined : (id: string) => publishEventId(link.target.name, "reply", id),
      onBroken: this.settings.names.plain ? undefined : (error: Error) => brokenOff(call, link, error),
      onEnd,
    };
    let reply: Reply;
    try {
      reply = await post();
    } catch (thrown) {
      onEnd();
      throw thrown;
    }
    try {
      // to the client a 404 means that its session here is gone, which it is not
      if (reply.status === 404 && session.id !== undefined) {
        drain(reply.body);
        throw new Error("HTTP status 404");
      }
      return await relay(exchange, reply, options);
    } catch (thrown) {
      onEnd();
      throw TargetFailure.of(link.target.name, thrown);
    }
  }

  /** What becomes of requests and notifications that a target sends in its reply; undefined = they go through untouched. */
  private onMessage(call: Call, link: Link): RelayOptions["onMessage"] {
    const { session, accepts } = call;
    if (accepts === "json") return (message) => this.aside(call, link, message);
    if (session.id !== undefined && this.settings.names.plain) return undefined;
    return (message) => {
      if (this.settings.changes.take({ exchange: call.exchange, session, link, timeoutMs: 0 }, message)) return undefined;
      const answerable = session.id !== undefined || serverRequestId(message) === undefined;
      if (!answerable && session.revision.stateless) return new Final(errorResponse(call.request.id, -32603, asksDirectly));
      return answerable ? this.publish(session, link.target.name, message) : this.aside(call, link, message);
    };
  }

  /**
   * A target's message that the reply to the client has no room for goes into the client's other stream. Without one a
   * notification is lost, as the protocol allows, and a request is refused, so that the target does not wait for ever.
   */
  aside({ exchange, session }: Call, link: Link, message: Buffer): undefined {
    if (this.settings.changes.take({ exchange, session, link, timeoutMs: 0 }, message)) return;
    if (session.aside !== undefined) {
      session.aside(this.publish(session, link.target.name, message));
      return;
    }
    this.noteChange(session, message);
    const id = serverRequestId(message);
    if (id === undefined) return;
    const bytes = errorResponse(id, -32601, "the client has no stream on which it could be asked");
    const refusal = { kind: "response", id, method: undefined, bytes } as const;
    this.settings.delivery.post({ exchange, session, link, timeoutMs: 0 }, refusal).then(
      ({ body }) => drain(body),
      () => {}, // a target that cannot be reached has stopped waiting
    );
  }

  /** A target's request or notification as the client gets it. */
  publish(session: Session, target: string, message: Buffer): Buffer {
    this.noteChange(session, message);
    // a response comes in the client's own stream when the client has come back for it
    return mayHaveMethod(message)
      ? publishServerMessage(this.settings.names, target, message)
      : publishResult(this.settings.names, target, message);
  }

  private noteChange(session: Session, message: Buffer): void {
    if (!this.settings.names.plain && message.includes(listChanged)) this.settings.forget(session);
  }
}

/** For a client whose reply had begun when its target failed. */
function brokenOff({ request: { id } }: Call, link: Link, error: Error): Buffer {
  return errorResponse(id, -32603, `failed to send message: ${TargetFailure.of(link.target.name, error).message}`);
}

const listChanged = Buffer.from("/list_changed");
