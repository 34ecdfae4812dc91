import { objectIn } from "../../base/json.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { mayHaveMethod } from "../event-stream.ts";
import { JsonView, replace, splice } from "../json-view.ts";
import { parseObject } from "../message.ts";

/** A request under an id of the gateway's own, and the way back. */
export interface Renumbered {
  readonly bytes: Buffer;
  /** A message about that request as the one who asked for it knows it: response and progress under their own id and token. */
  readonly restore: (message: Buffer) => Buffer;
}

/**
 * Puts an id into a request that is unlike any other in the session it is sent in: callers who share a session choose their
 * ids by themselves. Its progress token, if it has one, becomes the same.
 */
export function renumber(request: Buffer, id: RpcId): Renumbered {
  const view = new JsonView(request);
  const own = view.member("id");
  const token = view.member("params")?.member("_meta")?.member("progressToken");
  const text = JSON.stringify(id);
  const edits = [own, token].flatMap((part) => (part === undefined ? [] : [replace(part, text)]));
  const ownText = own?.bytes.toString() ?? "null";
  const tokenText = token?.bytes.toString();
  return {
    bytes: splice(request, edits),
    restore(message) {
      if (!mayHaveMethod(message)) return put(new JsonView(message).member("id"), message, ownText);
      const value = parseObject(message);
      if (value === undefined) return message;
      if (value["method"] === undefined) return put(new JsonView(message).member("id"), message, ownText);
      if (tokenText === undefined || value["method"] !== "notifications/progress") return message;
      if (objectIn(value, "params")["progressToken"] !== id) return message;
      return put(new JsonView(message).member("params")?.member("progressToken"), message, tokenText);
    },
  };
}

function put(view: JsonView | undefined, message: Buffer, text: string): Buffer {
  return view === undefined ? message : splice(message, [replace(view, text)]);
}
