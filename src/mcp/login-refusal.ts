import { GatewayError, type LoginRequest } from "../contract/errors.ts";
import type { RpcId } from "../contract/mcp.ts";

/** The login that a failure asks for; undefined for any other failure. */
export function loginOf(thrown: unknown): LoginRequest | undefined {
  const error = thrown instanceof GatewayError ? thrown : thrown instanceof Error ? thrown.cause : undefined;
  return error instanceof GatewayError ? error.details.login : undefined;
}

/**
 * As an HTTP error, where no request of the client can be answered. Not 401: that would have clients log in at the gateway,
 * where they are already.
 */
export function loginRefusal(id: RpcId | undefined, login: LoginRequest): GatewayError {
  const error = { code: loginRefusalCode, message: loginText(login) };
  const text = JSON.stringify({ jsonrpc: "2.0", id: id ?? null, error });
  return new GatewayError("upstream_login_required", { status: 403, login, body: { contentType: "application/json", text } });
}

/** For people who see no URL but in a text. */
export function loginText({ message, url }: LoginRequest): string {
  return `${message} Ask that person to open this address in a browser, and try again when it is done: ${url}`;
}

/** JSON-RPC code where -32042 would mean nothing to the client: that of other refusals. */
export const loginRefusalCode = -32003;
