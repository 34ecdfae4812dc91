import { within } from "../base/deadline.ts";
import { isJsonObject } from "../base/json.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { McpNotification, McpResponse } from "../contract/mcp.ts";
import { HeaderList } from "../base/headers.ts";
import { Reply } from "../contract/reply.ts";
import type { Message } from "./delivery.ts";
import type { Federation } from "./federation.ts";
import { JsonView, replace, splice } from "./json-view.ts";
import { isRpcId } from "./message.ts";
import { drain } from "./read-body.ts";
import { passThrough } from "./relay.ts";
import { rpcError } from "./rpc-error.ts";
import { resolveRequestId } from "./server-message.ts";
import type { Link, Session } from "./session.ts";

/** The answer to everything that is not a request: accepted, nothing to say (streamable HTTP, "Sending Messages"). */
export function accepted(): Reply {
  return new Reply(202, new HeaderList());
}

/**
 * A client's notification goes to whom it concerns: a cancellation to the targets at work on that request, anything else
 * to all. A lone target's refusal is passed on; among several the others have heard it all the same.
 */
export async function notify(federation: Federation, exchange: Exchange, session: Session, notification: McpNotification): Promise<Reply> {
  const isInitialized = notification.method === "notifications/initialized";
  if (isInitialized) session.initialized = true;
  const links = recipients(federation, session, notification).filter(({ phase }) => phase !== "new");
  const replies = links.map((link) => {
    const leg = { exchange, session, link, timeoutMs: federation.fanOut.patience.deadlineMs };
    return isInitialized ? federation.delivery.confirm(leg, notification) : federation.delivery.post(leg, notification);
  });
  if (federation.names.plain) return replies[0] === undefined ? accepted() : acceptedBy(await replies[0]);
  const delivered = Promise.all(replies.map((reply) => settled(federation, notification, reply)));
  // who is slow to take it gets it all the same; the client has other things to do
  await within(federation.limits.shortDeadlineMs, delivered, () => new Error("late")).catch(() => {});
  return accepted();
}

function settled({ fanOut }: Federation, { method }: McpNotification, reply: Promise<Reply>): Promise<void> {
  return reply.then(
    ({ body }) => drain(body),
    (thrown: unknown) => fanOut.log.debug("mcp notification not delivered", { method, error: String(thrown) }),
  );
}

/** A client's answer to a request of a server goes back to that server, under the id it chose. */
export async function answer(federation: Federation, exchange: Exchange, session: Session, response: McpResponse): Promise<Reply> {
  const to = addressee(federation, session, response);
  if (to === undefined) {
    throw rpcError("mcp_not_routable", { id: response.id, message: "failed to send message: the response is to no request of a target" });
  }
  return acceptedBy(await federation.delivery.post({ exchange, session, link: to.link, timeoutMs: 0 }, to.message));
}

function addressee(federation: Federation, session: Session, response: McpResponse): { link: Link; message: Message } | undefined {
  if (federation.names.plain) {
    const [link] = federation.links(session);
    return link === undefined ? undefined : { link, message: response };
  }
  const original = resolveRequestId(response.id);
  const link = original === undefined ? undefined : federation.link(session, original.target);
  const id = new JsonView(response.bytes).member("id");
  if (original === undefined || link === undefined || id === undefined) return undefined;
  const bytes = splice(response.bytes, [replace(id, JSON.stringify(original.id))]);
  return { link, message: { kind: "response", id: original.id, method: undefined, bytes } };
}

function recipients(federation: Federation, session: Session, { method, params }: McpNotification): readonly Link[] {
  const requestId = isJsonObject(params) ? params["requestId"] : undefined;
  if (method === "notifications/cancelled" && isRpcId(requestId) && !federation.names.plain) return session.workingOn(requestId);
  return federation.links(session);
}

function acceptedBy(reply: Reply): Reply {
  if (reply.status >= 300) return passThrough(reply);
  drain(reply.body);
  return accepted();
}
