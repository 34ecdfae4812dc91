import { GatewayError } from "../contract/errors.ts";
import type { RpcId } from "../contract/mcp.ts";
import type { Reply } from "../contract/reply.ts";
import { rpcError } from "./rpc-error.ts";

/** What went wrong with one target. Says which: with several behind one address nobody could tell otherwise. */
export class TargetFailure extends Error {
  readonly target: string;
  /** The server's own HTTP error, which the client gets as it is (a 401 carries the way to log in). */
  readonly reply: Reply | undefined;

  constructor(target: string, problem: string, details: { readonly reply?: Reply; readonly cause?: unknown } = {}) {
    super(`target "${target}": ${problem}`, { cause: details.cause });
    this.name = "TargetFailure";
    this.target = target;
    this.reply = details.reply;
  }

  /** For anything thrown while talking to a target. */
  static of(target: string, thrown: unknown): TargetFailure {
    if (thrown instanceof TargetFailure) return thrown;
    return new TargetFailure(target, thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }

  /** As the client gets it. A refusal by one of the gateway's own policies keeps that policy's status and text. */
  toError(id: RpcId | undefined): GatewayError {
    const { cause } = this;
    if (cause instanceof GatewayError && (cause.row.fault === "client" || cause.row.fault === "policy")) return cause;
    return rpcError("mcp_target_failed", { id, message: `failed to send message: ${this.message}`, cause: this });
  }
}
