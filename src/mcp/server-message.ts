import type { JsonObject } from "../base/json.ts";
import type { RpcId } from "../contract/mcp.ts";
import { mayHaveMethod } from "./event-stream.ts";
import { type Edit, JsonView, replace, splice } from "./json-view.ts";
import { isRpcId, parseObject } from "./message.ts";
import type { Names } from "./names.ts";

/**
 * Requests and notifications of a server on their way to the client. Where several servers share the client, ids of
 * requests say whose they are (`agw_<target>_<n|s>_<original>`, the reference's form: number and string ids stay apart),
 * and resource URIs get their target's prefix. Progress tokens are the client's own and stay.
 */
export function publishServerMessage(names: Names, target: string, bytes: Buffer): Buffer {
  if (names.plain || !mayHaveMethod(bytes)) return bytes;
  const value = parseObject(bytes);
  if (value === undefined || typeof value["method"] !== "string") return bytes;
  const message = new JsonView(bytes);
  const edits: Edit[] = [];
  if (isRpcId(value["id"])) pushEdit(edits, message.member("id"), publishId(target, value["id"]));
  const params = message.member("params");
  if (value["method"] === "notifications/cancelled") {
    const requestId = memberOf(value, "requestId");
    if (isRpcId(requestId)) pushEdit(edits, params?.member("requestId"), publishId(target, requestId));
  } else if (value["method"] === "notifications/resources/updated") {
    const uri = memberOf(value, "uri");
    if (typeof uri === "string") pushEdit(edits, params?.member("uri"), names.publish({ kind: "resource", target, name: uri }));
  } else if (value["method"] === "notifications/tasks/status") {
    const id = memberOf(value, "taskId");
    if (typeof id === "string") pushEdit(edits, params?.member("taskId"), names.publish({ kind: "task", target, name: id }));
  }
  return splice(bytes, edits);
}

/** Whose request a client answers, and the id that server gave it; undefined when the id is none of ours. */
export function resolveRequestId(id: RpcId): { readonly target: string; readonly id: RpcId } | undefined {
  const parts = typeof id === "string" ? /^agw_([^_]+)_([ns])_(.*)$/s.exec(id) : null;
  if (parts === null) return undefined;
  const [, target, kind, original] = parts as unknown as [string, string, string, string];
  return { target, id: kind === "n" ? Number(original) : original };
}

/** The reply to a call, or what a target says of its own accord. */
export type StreamKind = "reply" | "own";

/** An event's id says whose it is, and in which stream: a client may come back for the rest of that one. */
export function publishEventId(target: string, kind: StreamKind, id: string): string {
  return `${target}+${kind}+${id}`;
}

/** Whose stream a client goes on with, and where in it. */
export function resolveEventId(id: string): { readonly target: string; readonly kind: string; readonly id: string } | undefined {
  const [target = "", kind = "", ...rest] = id.split("+");
  return rest.length === 0 ? undefined : { target, kind, id: rest.join("+") };
}

/** Whether a message of a server is a request or a notification, and no response. */
export function isServerMessage(bytes: Buffer): boolean {
  return mayHaveMethod(bytes) && typeof parseObject(bytes)?.["method"] === "string";
}

/** Whether a message of a server is a request, which somebody has to answer. */
export function serverRequestId(bytes: Buffer): RpcId | undefined {
  const value = mayHaveMethod(bytes) ? parseObject(bytes) : undefined;
  return value !== undefined && typeof value["method"] === "string" && isRpcId(value["id"]) ? value["id"] : undefined;
}

function publishId(target: string, id: RpcId): string {
  return `agw_${target}_${typeof id === "number" ? "n" : "s"}_${id}`;
}

function memberOf(value: JsonObject, name: string): unknown {
  const { params } = value;
  return typeof params === "object" && params !== null && name in params ? (params as JsonObject)[name] : undefined;
}

function pushEdit(edits: Edit[], view: JsonView | undefined, value: string): void {
  if (view !== undefined) edits.push(replace(view, JSON.stringify(value)));
}

/** For a client that was asked directly in a revision in which servers ask nothing. The reference's words. */
export const asksDirectly = "gateway cannot route direct server-to-client requests; return an input_required result instead";
