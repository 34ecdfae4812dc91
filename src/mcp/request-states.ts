import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { spliceJsonMembers } from "../base/json-members.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { McpRequest } from "../contract/mcp.ts";
import { principalOf } from "../contract/principal.ts";
import { JsonView, replace, splice } from "./json-view.ts";
import { rpcError } from "./rpc-error.ts";

/** What a state belongs to, beside its caller: the call that it goes on with. */
export interface StateOf {
  readonly exchange: Exchange;
  readonly target: string;
  readonly method: string;
  /** The item's name at the target. */
  readonly name: string;
}

/**
 * The `requestState` of servers, bound to the caller it was given to. A server binds it to whom it sees, and behind a
 * credential of the gateway that is the same for everybody: one caller could go on with another's call. Encrypted with
 * AES-256-GCM under `config.session.key`, which all replicas have; without it, and for anonymous callers, states stay as
 * they are.
 */
export class RequestStates {
  private readonly key: KeyObject;
  private readonly backend: string;
  private readonly clock: Clock;

  /**
   * @param key 32 bytes
   * @param backend whose targets they are: another one may have a target of the same name
   */
  constructor(key: Buffer, backend: string, clock: Clock) {
    this.key = createSecretKey(key);
    this.backend = backend;
    this.clock = clock;
  }

  /**
   * The request with the state as its server knows it.
   * @throws GatewayError `mcp_invalid_params` for one that is not this caller's, of this call, from the last hour
   */
  open(request: McpRequest, of: StateOf): McpRequest {
    const bound = this.boundTo(of);
    const { requestState: state, ...others } = request.params ?? {};
    if (bound === undefined) return request;
    // readers that ignore case (Go's encoding/json) would take it for the state
    const isAmbiguous = Object.keys(others).some((name) => name.toLowerCase() === "requeststate");
    if (!isAmbiguous && typeof state !== "string") return request;
    const opened = isAmbiguous || typeof state !== "string" ? undefined : this.decrypt(state, bound);
    if (opened === undefined) {
      throw rpcError("mcp_invalid_params", {
        id: request.id,
        message: "invalid params: the requestState is not one of this caller and call",
      });
    }
    const view = new JsonView(request.bytes).member("params");
    if (view === undefined) return request;
    const params = spliceJsonMembers(view.bytes, new Map([["requestState", JSON.stringify(opened)]]));
    const bytes = splice(request.bytes, [replace(view, params.toString())]);
    return { ...request, params: { ...request.params, requestState: opened }, bytes };
  }

  /** How a response's state is bound; undefined where there is nobody to bind it to. */
  sealer(of: StateOf): ((response: Buffer) => Buffer) | undefined {
    const bound = this.boundTo(of);
    if (bound === undefined) return undefined;
    return (response) => {
      const view = holdsState(response) ? new JsonView(response).member("result")?.member("requestState") : undefined;
      const state: unknown = view === undefined ? undefined : JSON.parse(view.bytes.toString());
      return view === undefined || typeof state !== "string"
        ? response
        : splice(response, [replace(view, JSON.stringify(this.encrypt(state, bound)))]);
    };
  }

  private boundTo({ exchange, target, method, name }: StateOf): Buffer | undefined {
    const principal = principalOf(exchange.identity);
    return principal === undefined ? undefined : Buffer.from(JSON.stringify([purpose, principal, this.backend, target, method, name]));
  }

  private encrypt(state: string, bound: Buffer): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.key, nonce).setAAD(bound);
    const text = JSON.stringify([Math.floor(this.clock.wall()), state]);
    return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
  }

  private decrypt(sealed: string, bound: Buffer): string | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length <= nonceBytes + tagBytes) return undefined;
    const decipher = createDecipheriv(algorithm, this.key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(bound)
      .setAuthTag(bytes.subarray(-tagBytes));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString("utf8");
      const [issuedAt, state] = JSON.parse(text) as [number, string]; // authentic, so it is what `encrypt` wrote
      return this.clock.wall() - issuedAt > maxAgeMs ? undefined : state;
    } catch {
      return undefined;
    }
  }
}

/** Whether a response can hold a state: cheap, and wrong only by saying yes. */
export function holdsState(response: Buffer): boolean {
  return response.includes(marker);
}

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** Milliseconds. */
const maxAgeMs = 3_600_000;
const marker = Buffer.from('"requestState"');
/** Keeps states apart from anything else encrypted with the key. */
const purpose = "turnpike mcp request state 2";
