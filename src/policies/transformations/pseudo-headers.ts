import { normalisePath } from "../../base/path.ts";
import { CelUint } from "../../cel/value.ts";
import type { RequestHead } from "../../contract/exchange.ts";
import type { Reply } from "../../contract/reply.ts";
import { asText } from "../expressions.ts";

/** RFC 9110 sections 5.6.2 and 9.1. */
const methodForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 3986 section 3.2, without user information: that would be a credential in the wrong place. */
const authorityForm = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
const queryForm = /^\?[!-"$-~]*$/;

/**
 * Sets `:method`, `:scheme`, `:authority` or `:path` (with its query). A value that cannot be one changes nothing.
 * @returns whether it was set
 */
export function setRequestPseudo(head: RequestHead, name: string, value: unknown): boolean {
  const text = typeof value === "string" || value instanceof Uint8Array ? asText(value) : undefined;
  if (text === undefined) return false;
  switch (name) {
    case ":method":
      if (!methodForm.test(text)) return false;
      head.method = text;
      return true;
    case ":scheme":
      if (text !== "http" && text !== "https") return false;
      head.scheme = text;
      return true;
    case ":authority":
      if (!authorityForm.test(text)) return false;
      head.authority = text;
      return true;
    case ":path":
      return setPath(head, text);
    default:
      return false;
  }
}

function setPath(head: RequestHead, target: string): boolean {
  const mark = target.indexOf("?");
  const path = normalisePath(mark < 0 ? target : target.slice(0, mark));
  const search = mark < 0 ? "" : target.slice(mark);
  if (path === undefined || (search !== "" && !queryForm.test(search))) return false;
  head.path = path;
  head.search = search === "?" ? "" : search;
  return true;
}

/** Sets `:status` to a number that a final reply can have; anything else changes nothing. */
export function setStatus(reply: Reply, name: string, value: unknown): void {
  if (name !== ":status") return;
  const status = value instanceof CelUint ? Number(value.value) : value;
  if (typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599) reply.status = status;
}
