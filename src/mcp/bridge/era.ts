import type { Clock } from "../../base/clock.ts";
import { isJsonObject, objectIn } from "../../base/json.ts";
import type { Reply } from "../../contract/reply.ts";
import { parseObject } from "../message.ts";
import { asBuffer, completeBody, readBody } from "../read-body.ts";
import { statelessRevision } from "../wire/index.ts";
import { ToolHeaders } from "./tool-headers.ts";

/** Whether a server speaks a revision without sessions: `stateless`, or only older ones: `sessions`. */
export type Verdict = "stateless" | "sessions";

/**
 * What is known of a server's era. It is a property of the server, whoever asks, and is found out by asking. That a server
 * has only sessions is believed for a while: it may be updated, and would go on answering as before.
 */
export class Era {
  private readonly clock: Clock;
  private verdict: Verdict | undefined;
  private until = 0;
  /** It answers `initialize` with a refusal. */
  refusesSessions = false;
  readonly toolHeaders = new ToolHeaders();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get known(): Verdict | undefined {
    return this.clock.monotonic() < this.until ? this.verdict : undefined;
  }

  note(verdict: Verdict | undefined): void {
    if (verdict === undefined) return;
    this.verdict = verdict;
    this.until = verdict === "sessions" ? this.clock.monotonic() + sessionsForMs : Infinity;
  }

  forget(): void {
    this.until = 0;
  }
}

const sessionsForMs = 600_000;
/** Of an error's body; errors are short. */
const maxErrorBytes = 65_536;

/**
 * What a reply to a request without a session says of the server (specification 2026-07-28, "Backward Compatibility").
 * Refused logins, outages and time-outs say nothing. A body that is read here is put back.
 */
export async function verdictOf(method: string | undefined, reply: Reply): Promise<Verdict | undefined> {
  if (reply.status === 400 || reply.status === 404 || reply.status === 405) {
    const body = await readBody(reply.body, maxErrorBytes).catch(() => Buffer.alloc(0));
    reply.body = body;
    return isStatelessError(method, parseObject(body)?.["error"]) ? "stateless" : "sessions";
  }
  if (reply.status >= 300 || !(reply.headers.get("content-type") ?? "").startsWith("application/json")) return undefined;
  const whole = completeBody(reply.body);
  if (whole === undefined) return undefined;
  reply.body = asBuffer(whole);
  if (whole.includes(resultType)) return "stateless";
  // every server of such a revision knows server/discover
  if (method === "server/discover" && objectIn(parseObject(whole) ?? {}, "error")["code"] === methodNotFound) return "sessions";
  return undefined;
}

/**
 * Whether a server that was spoken to in a session says that it has none (any more): it speaks only revisions without. Such
 * a server has done nothing. A body that is read here is put back.
 */
export async function refusesSessions(reply: Reply): Promise<boolean> {
  if (reply.status !== 400) return false;
  const body = await readBody(reply.body, maxErrorBytes).catch(() => Buffer.alloc(0));
  reply.body = body;
  const error = parseObject(body)?.["error"];
  return isJsonObject(error) && error["code"] === versionUnsupported && isStatelessError(undefined, error);
}

function isStatelessError(method: string | undefined, error: unknown): boolean {
  if (!isJsonObject(error)) return false;
  switch (error["code"]) {
    case -32020: // the header fields are not what the body says
    case -32021: // the client lacks a capability
    case -32602: // something about _meta
      return true;
    case versionUnsupported: {
      const { supported } = objectIn(error, "data");
      return Array.isArray(supported) && supported.includes(statelessRevision.name);
    }
    case methodNotFound:
      return method !== "server/discover";
    default:
      return false;
  }
}

const methodNotFound = -32601;
const versionUnsupported = -32022;
const resultType = Buffer.from('"resultType"');
