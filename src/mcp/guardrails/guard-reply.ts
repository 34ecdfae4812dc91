import { repeatedKey } from "../../base/json-keys.ts";
import { spliceJsonMembers } from "../../base/json-members.ts";
import { SseParser } from "../../base/sse.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Reply, ReplyStream } from "../../contract/reply.ts";
import { eventOf } from "../event-stream.ts";
import { JsonView, replace, splice } from "../json-view.ts";
import { parseObject } from "../message.ts";
import { completeBody, readBody } from "../read-body.ts";
import { errorResponse, rpcError } from "../rpc-error.ts";
import { GuardedEvents } from "./guarded-events.ts";
import type { Subject } from "./processor.ts";

export interface ReplyGuard {
  readonly subject: Subject;
  /** The result to put in the place of this one; itself when it may pass. JSON text. Throws the JSON-RPC error instead of it. */
  readonly check: (result: Buffer) => Promise<Buffer>;
  /** What it means when the body cannot be read. */
  readonly unreadable: ((thrown: unknown) => Error) | undefined;
  readonly maxMessageBytes: number;
}

/**
 * A reply, JSON or event stream, whose result was checked; notifications and errors in it pass as they are. A refusal takes
 * the place of the result: it is thrown while the reply's head can still be another, and an event of the stream after that.
 * @throws GatewayError `mcp_guardrail_*`, `upstream_invalid`
 */
export async function guardReply(reply: Reply, guard: ReplyGuard): Promise<Reply> {
  if (reply.status >= 300) return reply; // any other status is relayed as a result
  const type = reply.headers.get("content-type") ?? "";
  const isEvents = type.startsWith("text/event-stream");
  if (!isEvents && !type.startsWith("application/json")) return reply;
  const whole = completeBody(reply.body);
  if (isEvents && whole === undefined) {
    const { maxMessageBytes } = guard;
    reply.body = new GuardedEvents(reply.body as ReplyStream, { check: (message) => inStream(guard, message), maxMessageBytes });
    return reply;
  }
  const bytes = whole ?? (await readWhole(reply, guard));
  reply.body = isEvents ? await checkEvents(bytes, guard) : ((await checkMessage(guard, bytes)) ?? bytes);
  reply.headers.remove("content-length");
  return reply;
}

function readWhole(reply: Reply, { maxMessageBytes, unreadable }: ReplyGuard): Promise<Buffer> {
  return readBody(reply.body, maxMessageBytes).catch((thrown: unknown) => {
    throw unreadable?.(thrown) ?? thrown;
  });
}

/** Events that are all here. They go on as bytes when nothing was changed. */
async function checkEvents(bytes: Buffer, guard: ReplyGuard): Promise<Buffer> {
  const messages: Buffer[] = [];
  new SseParser({
    maxEventBytes: bytes.length + 1,
    onEvent: ({ dataBytes }) => {
      if (dataBytes.length > 0) messages.push(dataBytes);
    },
  }).feed(Buffer.from(bytes));
  let changed = false;
  const checked: Buffer[] = [];
  for (const message of messages) {
    const passed = (await checkMessage(guard, message)) ?? message;
    changed ||= passed !== message;
    checked.push(eventOf(passed));
  }
  return changed ? Buffer.concat(checked) : bytes;
}

/** @returns undefined for a message that nobody has to look at; the message itself when nothing was changed */
function checkMessage({ subject, check }: ReplyGuard, message: Buffer): Promise<Buffer> | undefined {
  const value = parseObject(message);
  if (value === undefined) throw unclear(subject, "a message that is no JSON object");
  // whatever else it may be taken for, one with a result could be read as the response
  const found = Object.keys(value).filter((key) => key.toLowerCase() === "result");
  if (found.length === 0) return undefined;
  const key = found.find((spelling) => spelling !== "result") ?? repeatedKey(message, 2);
  const result = key === undefined ? new JsonView(message).member("result") : undefined;
  if (result === undefined) throw unclear(subject, `a response that readers would disagree about, because of its key "${key}"`);
  return check(result.bytes).then((passed) =>
    passed === result.bytes ? message : splice(message, [replace(result, withKind(passed, result.bytes).toString("utf8"))]),
  );
}

/** Members that results have since 2026-07-28, and must have; a processor written for older ones leaves them out. */
const kindMembers = ["resultType", "ttlMs", "cacheScope"];

function withKind(passed: Buffer, original: Buffer): Buffer {
  const before = original.includes(resultType) ? parseObject(original) : undefined;
  const after = before?.["resultType"] === undefined ? undefined : parseObject(passed);
  if (before === undefined || after === undefined || after["resultType"] !== undefined) return passed;
  const kept = kindMembers.filter((name) => before[name] !== undefined && after[name] === undefined);
  // what takes the place of a question is an answer
  const text = (name: string): string => JSON.stringify(name === "resultType" ? "complete" : before[name]);
  return spliceJsonMembers(passed, new Map(kept.map((name) => [name, text(name)])));
}

const resultType = Buffer.from('"resultType"');

function inStream(guard: ReplyGuard, message: Buffer): Promise<Buffer> | undefined {
  try {
    return checkMessage(guard, message)?.catch((thrown: unknown) => refusalMessage(guard, thrown));
  } catch (thrown) {
    return Promise.resolve(refusalMessage(guard, thrown));
  }
}

/** The error response that takes the place of a result, noted for log and metrics. */
function refusalMessage({ subject: { exchange, id } }: ReplyGuard, thrown: unknown): Buffer {
  const text = thrown instanceof GatewayError ? thrown.details.body?.text : undefined;
  const bytes = text === undefined ? errorResponse(id, -32603, "internal error") : Buffer.from(text);
  const error = parseObject(bytes)?.["error"] as { readonly code: number; readonly message: string };
  if (exchange.mcp !== undefined) exchange.mcp.error = { code: error.code, message: error.message };
  return bytes;
}

function unclear({ id }: Subject, what: string): Error {
  return rpcError("upstream_invalid", { id, message: `invalid upstream response: ${what}` });
}
