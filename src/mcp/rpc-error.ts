import { type ErrorCode, errorTable, GatewayError } from "../contract/errors.ts";
import type { RpcId } from "../contract/mcp.ts";

export interface RpcErrorOptions {
  /** Of the request that failed; absent where it cannot be told. */
  readonly id?: RpcId | undefined;
  /** The JSON-RPC message, instead of the error table's text. */
  readonly message?: string;
  readonly data?: unknown;
  /** HTTP status, instead of the error table's. */
  readonly status?: number | undefined;
  /** For the log alone. */
  readonly cause?: unknown;
}

/** An error whose body is a JSON-RPC 2.0 error response, with the error table's HTTP status and JSON-RPC code. */
export function rpcError(code: ErrorCode, options: RpcErrorOptions = {}): GatewayError {
  const { rpc, text } = errorTable[code];
  const message = options.message ?? text;
  const error = { code: rpc, message, ...(options.data === undefined ? {} : { data: options.data }) };
  return new GatewayError(code, {
    ...(message === text ? {} : { detail: message.startsWith(`${text}: `) ? message.slice(text.length + 2) : message }),
    cause: options.cause,
    ...(options.status === undefined ? {} : { status: options.status }),
    body: { contentType: "application/json", text: JSON.stringify({ jsonrpc: "2.0", id: options.id ?? null, error }) },
  });
}

/** A JSON-RPC response. @param result JSON text */
export function resultResponse(id: RpcId, result: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`), result, closeBrace]);
}

/** A JSON-RPC error response, for a server whose request nobody can answer or a call whose server is gone. */
export function errorResponse(id: RpcId, code: number, message: string): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } }));
}

const closeBrace = Buffer.from("}");
