import { HeaderList } from "../../base/headers.ts";
import { isHopByHop } from "../../base/hop-by-hop.ts";
import { type JsonObject, parseJsonObject } from "../../base/json.ts";
import { repeatedKey } from "../../base/json-keys.ts";
import { type ErrorCode, GatewayError } from "../../contract/errors.ts";
import type { Exchange, RequestHead } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { asBuffer } from "../read-body.ts";
import { rpcError } from "../rpc-error.ts";
import {
  type HeaderField,
  type Question,
  readRequestResult,
  readResponseResult,
  type RefusalCode,
  type RequestVerdict,
  type Verdict,
  writeRequest,
  writeResponse,
} from "./messages.ts";
import type { GuardrailSettings } from "./settings.ts";

/** The message that a processor is to look at. */
export interface Subject {
  readonly exchange: Exchange;
  readonly id: RpcId;
  readonly method: string;
  /** The targets concerned. */
  readonly targets: readonly string[];
}

/** What a processor made of JSON text; the text itself where it changed nothing. */
export interface Checked {
  readonly json: Buffer;
  /** The new text as data; undefined where nothing changed. */
  readonly mutated: JsonObject | undefined;
}

/** What became of a question: an answer, or why there is no usable one. */
type Outcome<T> = { readonly answer: T } | { readonly problem: string; readonly cause?: unknown };

/** Milliseconds between two lines in the log about one processor. */
const warnEveryMs = 10_000;

/** One external policy server. What it refuses is thrown as the JSON-RPC error that the client gets. */
export class Processor {
  private readonly settings: GuardrailSettings;
  private warnedAt = Number.NEGATIVE_INFINITY;
  private silenced = 0;

  constructor(settings: GuardrailSettings) {
    this.settings = settings;
  }

  /**
   * Has a request looked at, before it goes to its target.
   * @param params JSON text; undefined where none are shown
   * @param fits whether changed params still make a request of the method
   * @throws GatewayError `mcp_guardrail_*`
   */
  async checkRequest(subject: Subject, params: Buffer | undefined, fits: (params: JsonObject) => boolean): Promise<Checked | undefined> {
    const { exchange } = subject;
    const message = (): Buffer => writeRequest(this.question(subject), params, this.fields(exchange.request));
    const outcome = await this.ask(subject, "CheckRequest", message, (bytes) => {
      const answer = readRequestResult(bytes);
      return { ...answer, checked: params === undefined ? undefined : checkedBy(answer.verdict, params, fits) };
    });
    if (outcome === undefined) return undefined;
    refuse(subject, outcome.verdict);
    applyToExchange(exchange, outcome);
    return outcome.checked;
  }

  /** Has a result looked at, before it goes to the client. @param result JSON text @throws GatewayError `mcp_guardrail_*` */
  async checkResponse(subject: Subject, result: Buffer): Promise<Buffer> {
    const message = (): Buffer => writeResponse(this.question(subject), result);
    const outcome = await this.ask(subject, "CheckResponse", message, (bytes) => {
      const verdict = readResponseResult(bytes);
      return { verdict, checked: checkedBy(verdict, result, () => true) };
    });
    if (outcome === undefined) return result;
    refuse(subject, outcome.verdict);
    return outcome.checked.json;
  }

  private question({ exchange, method, targets }: Subject): Question {
    return { targets, method, metadata: this.settings.metadata?.(exchange) };
  }

  private fields({ method, scheme, authority, path, search, headers }: RequestHead): HeaderField[] {
    const pseudo: readonly HeaderField[] = [
      [":method", method],
      [":scheme", scheme],
      [":authority", authority],
      [":path", path + search],
    ];
    return [...pseudo, ...headers.entries()].filter(([name]) => this.settings.showsHeader(name));
  }

  /** @returns undefined when there is no usable answer and messages may pass without one */
  private async ask<T>(subject: Subject, rpc: string, write: () => Buffer, read: (answer: Buffer) => T): Promise<T | undefined> {
    const outcome = await this.converse(subject, rpc, write, read);
    if ("answer" in outcome) return outcome.answer;
    const { name, failureMode, onFailed } = this.settings;
    const { exchange, id, method } = subject;
    if (exchange.aborted !== undefined) throw new GatewayError("client_closed");
    const skipped = failureMode === "failOpen";
    onFailed(skipped);
    this.warn(skipped, { processor: name, method, rpc, error: outcome.problem, cause: outcome.cause });
    if (skipped) return undefined;
    throw rpcError("mcp_guardrail_failed", {
      id,
      message: `mcpGuardrails failed: processor "${name}": ${outcome.problem}`,
      cause: outcome.cause,
    });
  }

  private async converse<T>({ exchange }: Subject, rpc: string, write: () => Buffer, read: (answer: Buffer) => T): Promise<Outcome<T>> {
    let body: Buffer;
    try {
      const reply = await this.settings.send({
        exchange,
        purpose: { kind: "Policy", subtype: "Guardrail" },
        backend: this.settings.backend,
        head: { method: "POST", scheme: "http", authority: "", path: servicePath + rpc, search: "", headers: new HeaderList() },
        rewriteAuthority: true,
        body: write(),
        credentialPlaced: false,
        timeoutMs: deadlineMs,
        upgrade: undefined,
      });
      body = reply.body instanceof Uint8Array ? asBuffer(reply.body) : Buffer.alloc(0);
    } catch (thrown) {
      return { problem: problemOf(thrown), cause: thrown };
    }
    try {
      return { answer: read(body) };
    } catch (thrown) {
      return { problem: `unusable answer: ${problemOf(thrown)}` };
    }
  }

  private warn(skipped: boolean, fields: Readonly<Record<string, unknown>>): void {
    const { clock, log } = this.settings;
    const now = clock.monotonic();
    if (now - this.warnedAt < warnEveryMs) {
      this.silenced += 1;
      return;
    }
    const repeated = this.silenced === 0 ? {} : { repeated: this.silenced };
    this.warnedAt = now;
    this.silenced = 0;
    const { cause, ...rest } = fields;
    const why = cause instanceof Error && cause.cause instanceof Error ? { cause: cause.cause.message } : {};
    log.warn(`mcp guardrail gave no answer; the message ${skipped ? "passes without it" : "is refused"}`, { ...rest, ...why, ...repeated });
  }
}

const servicePath = "/agentgateway.dev.ext_mcp.ExtMcp/";
/** As in the reference. */
const deadlineMs = 10_000;

/** In words for the client: neither addresses nor what the server said about itself. */
function problemOf(thrown: unknown): string {
  if (!(thrown instanceof GatewayError)) return thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown.code === "upstream_timeout") return `no answer in time`;
  return thrown.code === "upstream_failed" ? (thrown.details.detail ?? thrown.message) : thrown.message;
}

/** @throws Error for a change that is no object, that readers would disagree about, or that does not fit */
function checkedBy(verdict: Verdict, json: Buffer, fits: (value: JsonObject) => boolean): Checked {
  if (verdict.kind !== "mutated") return { json, mutated: undefined };
  const mutated = parseJsonObject(verdict.json);
  if (mutated === undefined) throw new Error("what it changed is no JSON object");
  if (repeatedKey(verdict.json, 1) !== undefined) throw new Error("what it changed has a key twice");
  if (!fits(mutated)) throw new Error("what it changed is no request of this method any more");
  return { json: verdict.json, mutated };
}

const refusals: Readonly<Record<RefusalCode, ErrorCode>> = {
  UNKNOWN: "mcp_guardrail_refused",
  PERMISSION_DENIED: "mcp_guardrail_denied",
  RESOURCE_EXHAUSTED: "mcp_guardrail_exhausted",
  INVALID: "mcp_guardrail_invalid",
};

/** Characters of a reason, and bytes of an error's data, that go to the client. */
const maxReason = 2_000;
const maxDataBytes = 65_536;

function refuse({ id }: Subject, verdict: Verdict): void {
  if (verdict.kind !== "error") return;
  const reason = verdict.reason.slice(0, maxReason);
  const data = verdict.data === undefined || verdict.data.length > maxDataBytes ? undefined : parsed(verdict.data);
  throw rpcError(refusals[verdict.code], { id, ...(reason === "" ? {} : { message: reason }), ...(data === undefined ? {} : { data }) });
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

/** What a processor told of the request: metadata for expressions, header fields for the target. */
function applyToExchange(exchange: Exchange, { metadata, headers }: RequestVerdict): void {
  if (Object.keys(metadata).length > 0) exchange.mcpGuardrails = { ...exchange.mcpGuardrails, ...metadata };
  const replaced = new Set<string>();
  for (const [key, value] of headers.set) {
    const name = key.toLowerCase();
    if (!isSettable(name) || !fieldText.test(value)) continue;
    const fields = exchange.editHeaders();
    if (!replaced.has(name)) fields.remove(name);
    replaced.add(name);
    fields.add(name, value.trim());
  }
  for (const key of headers.remove) if (isSettable(key.toLowerCase())) exchange.editHeaders().remove(key.toLowerCase());
}

/** RFC 9110: a token that is no framing; what MCP itself needs is put over it at the target. */
function isSettable(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && name !== "content-length" && name !== "host" && !isHopByHop(name);
}

const fieldText = /^[\t -~\x80-\xff]*$/;
