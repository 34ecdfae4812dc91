import { isUtf8 } from "node:buffer";
import { isJsonObject } from "../../../base/json.ts";

/** What a service answered, its content encoding undone. */
export interface RestAnswer {
  readonly status: number;
  /** As sent, or empty. */
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * The result of a tools/call, JSON text. A JSON object is the structured content as the service wrote it, other values
 * stand in `data`, and what is no JSON becomes `{code, message}`. Anything but success is marked as an error, with its
 * status in words: a model must not take a refusal for an answer.
 */
export function toolResult(answer: RestAnswer): Buffer {
  const json = compactJson(answer);
  const structured = json ?? JSON.stringify({ code: answer.status, message: messageOf(answer) });
  const content = [textContent(structured)];
  const failed = answer.status >= 300;
  if (failed) content.unshift(textContent(`HTTP status ${answer.status}`));
  // null is no structured content: clients refuse anything but an object
  const member = structured === "null" ? "" : `,"structuredContent":${structured}`;
  return Buffer.from(`{"content":[${content.join(",")}]${member}${failed ? ',"isError":true' : ""}}`);
}

/** The result when nothing was sent, because of the arguments. JSON text. */
export function refusedResult(message: string): Buffer {
  return Buffer.from(`{"content":[${textContent(message)}],"isError":true}`);
}

/** A server error in words, for a JSON-RPC error. Its beginning is enough: some services answer with whole pages. */
export function failureText(answer: RestAnswer): string {
  const message = messageOf(answer).trim();
  return `HTTP status ${answer.status}${message === "" ? "" : `: ${message.slice(0, 500).toWellFormed()}`}`;
}

function textContent(text: string): string {
  return `{"type":"text","text":${JSON.stringify(text)}}`;
}

/** An object or null as the service wrote it; any other value inside an object. undefined where there is no JSON. */
function compactJson({ body }: RestAnswer): string | undefined {
  if (body.length === 0 || !isUtf8(body)) return undefined;
  const text = body
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .trim();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return value === null || isJsonObject(value) ? text : `{"data":${text}}`;
}

function messageOf({ contentType, body }: RestAnswer): string {
  return isUtf8(body) ? body.toString("utf8") : `${body.length} bytes of ${contentType === "" ? "unknown type" : contentType}`;
}
