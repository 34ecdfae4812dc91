import { within } from "../../base/deadline.ts";
import { parseJsonObject } from "../../base/json.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Exchange } from "../../contract/exchange.ts";
import { bearerChallenge } from "./challenge.ts";
import { originOf, protectedResourcePath } from "./metadata.ts";

/** Bytes of a request that are read to learn the id that its refusal answers to, and milliseconds that may take. */
const maxBodyBytes = 1_048_576;
const deadlineMs = 5_000;

/** Fixed by the reference, for bad tokens and missing ones alike; why a token is bad is in the log. */
const unauthorized = { contentType: "application/json", text: '{"error":"unauthorized","error_description":"JWT token required"}' };

/** Refuses with a challenge that tells MCP clients where to read how to log in, and for what. */
export class Refusals {
  private readonly origin: string | undefined;
  private readonly scope: string | undefined;

  /**
   * @param origin by which clients reach us, where that cannot be told from the request
   * @param scopes that every request needs
   */
  constructor(origin: string | undefined, scopes: readonly string[]) {
    this.origin = origin;
    this.scope = scopes.length === 0 ? undefined : scopes.join(" ");
  }

  /** Some clients only begin to log in when there is no `error`, so a request without a token gets none: RFC 6750 section 3.1. */
  missingToken(exchange: Exchange, cause: Error): GatewayError {
    return this.unauthenticated(exchange, undefined, cause);
  }

  badToken(exchange: Exchange, cause: Error): GatewayError {
    return this.unauthenticated(exchange, "invalid_token", cause);
  }

  /** @param scopes all that this request needs, not only those that are missing: clients ask for what they are told */
  async insufficientScope(exchange: Exchange, scopes: readonly string[]): Promise<GatewayError> {
    const scope = scopes.join(" ");
    const challenge = bearerChallenge({ error: "insufficient_scope", scope, resource_metadata: this.resourceMetadata(exchange) });
    const advice = `This needs permissions that your login does not include: ${scope}. Log in to this server again and grant them; if your application does not ask, disconnect the server there and connect it anew.`;
    const error = new GatewayError("insufficient_scope");
    const id = await requestId(exchange);
    const refusal =
      id === undefined
        ? { error: "insufficient_scope", error_description: advice, scope }
        : { jsonrpc: "2.0", id, error: { code: error.row.rpc, message: advice, data: { error: "insufficient_scope", scope } } };
    return new GatewayError("insufficient_scope", {
      headers: fields(exchange, challenge),
      body: { contentType: "application/json", text: JSON.stringify(refusal) },
    });
  }

  private unauthenticated(exchange: Exchange, error: string | undefined, cause: Error): GatewayError {
    const challenge = bearerChallenge({ resource_metadata: this.resourceMetadata(exchange), error, scope: this.scope });
    return new GatewayError("mcp_unauthenticated", { body: unauthorized, headers: fields(exchange, challenge), cause });
  }

  private resourceMetadata(exchange: Exchange): string {
    return (this.origin ?? originOf(exchange)) + protectedResourcePath + exchange.incoming.path;
  }
}

/** Pages of other origins see a challenge only when told so; whether they may see the reply at all is up to `cors`. */
function fields(exchange: Exchange, challenge: string): Record<string, string> {
  const exposed = exchange.incoming.headers.has("origin") ? { "access-control-expose-headers": "WWW-Authenticate" } : {};
  return { "www-authenticate": challenge, ...exposed };
}

/** The id of a JSON-RPC request; undefined when the request is none, or is not read in time. */
async function requestId({ body, incoming }: Exchange): Promise<string | number | undefined> {
  if (incoming.method !== "POST") return undefined;
  let bytes: Buffer;
  try {
    bytes = await within(deadlineMs, body.collect(maxBodyBytes), () => new Error("the request did not come in time"));
  } catch {
    return undefined; // refused all the same, only without an id
  }
  const { jsonrpc, id, method } = parseJsonObject(bytes) ?? {};
  return jsonrpc === "2.0" && typeof method === "string" && (typeof id === "string" || typeof id === "number") ? id : undefined;
}
