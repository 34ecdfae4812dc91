import { GatewayError } from "../contract/errors.ts";
import type { RpcId } from "../contract/mcp.ts";
import type { Reply } from "../contract/reply.ts";
import { loginOf, loginRefusal } from "./login-refusal.ts";
import { rpcError } from "./rpc-error.ts";

/** `own`: only this session's line to the server is broken. */
export type Outage = "down" | "late" | "own";

export interface FailureDetails {
  readonly reply?: Reply;
  readonly cause?: unknown;
  readonly outage?: Outage;
  readonly unreadable?: true;
}

/** What went wrong with one target. Says which: with several behind one address nobody could tell otherwise. */
export class TargetFailure extends Error {
  readonly target: string;
  /** The server's own HTTP error, which the client gets as it is (a 401 carries the way to log in). */
  readonly reply: Reply | undefined;
  readonly problem: string;
  /** The server is not there: it could not be reached (`down`) or did not answer in time (`late`), whoever asks; or for this session alone (`own`). */
  readonly outage: Outage | undefined;
  /** What was to be sent can be read in two ways: its author is at fault. */
  readonly unreadable: boolean;

  constructor(target: string, problem: string, details: FailureDetails = {}) {
    super(`target "${target}": ${problem}`, { cause: details.cause });
    this.name = "TargetFailure";
    this.target = target;
    this.problem = problem;
    this.reply = details.reply;
    this.outage = details.outage;
    this.unreadable = details.unreadable === true;
  }

  /** For anything thrown while talking to a target. */
  static of(target: string, thrown: unknown, outage?: Outage): TargetFailure {
    if (thrown instanceof TargetFailure) return thrown;
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    return new TargetFailure(target, problem, { cause: thrown, ...(outage === undefined ? {} : { outage }) });
  }

  /**
   * As the client gets it. A refusal by one of the gateway's own policies, or by the protocol, keeps its status and text.
   * @param status HTTP status, in place of the error table's
   */
  toError(id: RpcId | undefined, status?: number): GatewayError {
    const { cause } = this;
    const login = loginOf(cause);
    if (login !== undefined) return loginRefusal(id, login);
    if (this.unreadable) return rpcError("mcp_invalid_message", { id, message: `invalid MCP message: ${this.problem}` });
    if (cause instanceof GatewayError && (cause.row.fault === "client" || cause.row.fault === "policy")) return cause;
    return rpcError("mcp_target_failed", { id, message: `failed to send message: ${this.message}`, cause: this, status });
  }
}
