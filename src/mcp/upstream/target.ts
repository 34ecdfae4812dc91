import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import type { Reply } from "../../contract/reply.ts";

/** One MCP server as configured. Immutable; a reload makes new ones. */
export interface Target {
  readonly name: string;
  /** Names its settings: what a session holds of a target is of no use once they changed. */
  readonly fingerprint: string;
  /**
   * True when another process can go on with a session: all there is to it is the server's session id. Left out where it
   * hangs on a process or an open connection.
   */
  readonly portable?: true;
  /**
   * A line to the server for one session. Connects to nothing yet.
   * @param scope `session`: this client's alone, server messages included; `call`: for one call, and may share a server
   *   process with other callers
   * @param previous a connection that an older target of the same fingerprint made; its session is taken over
   */
  connect(scope: ConnectionScope, previous?: Connection): Connection;
  /** True when connections of scope `call` share a server's session or process by themselves. */
  readonly shares?: true;
  /** How requests without a session reach it; left out where the transport has only sessions. */
  readonly stateless?: StatelessLine;
}

/** A line to a server that speaks a revision without sessions, for all callers. */
export interface StatelessLine {
  /**
   * Sends one request. The reply is that of an HTTP server of the revision, errors included: 200 with JSON or an event
   * stream, 4xx with a JSON-RPC error. A server that does not speak it answers in another way.
   * @throws Error when it cannot be reached
   */
  post(exchange: Exchange, message: Outbound): Promise<Reply>;
  /** True when the client's header fields get there, and the server itself compares them with the message. */
  readonly seesHeaders: boolean;
}

export type ConnectionScope = "session" | "call";

/**
 * One session's line to one target. Whatever the transport is, it behaves like a streamable HTTP server: that way a
 * reply of a remote server goes through untouched, and federation knows a single shape.
 */
export interface Connection {
  /** True when the server has forgotten the session: the next message must be an initialize. */
  readonly lost: boolean;
  /** The server's own id of the session, of portable targets that gave one; set to go on with one that was opened before. */
  sessionId?: string | undefined;
  /**
   * Sends one message of the client. A request is answered 200 with JSON or an event stream, anything else 202; a
   * remote server's HTTP error comes as it is.
   * @throws GatewayError when the server cannot be reached
   */
  post(exchange: Exchange, message: Outbound): Promise<Reply>;
  /**
   * The stream of messages the server sends of its own accord: 200 with an event stream, or 405.
   * @param lastEventId where to go on, in that stream or another, for servers that can
   */
  listen(exchange: Exchange, lastEventId?: string): Promise<Reply>;
  /** Ends the session at the server, as far as it can be told. Never rejects. */
  close(exchange: Exchange | undefined): Promise<void>;
}

/** A message on its way to a target. */
export interface Outbound {
  readonly kind: "request" | "notification" | "response";
  readonly id: RpcId | undefined;
  readonly method: string | undefined;
  readonly bytes: Buffer;
  /** The name or URI of the item that a call is about, as the server knows it. */
  readonly name?: string | undefined;
  /** More header fields, `[name, value, ...]`; the client's own Mcp-Param-* then stay behind. */
  readonly fields?: readonly string[];
  /** Of a request that wants to hear of its progress. */
  readonly progressToken?: RpcId | undefined;
  /** The revision agreed on with this target; undefined before that: then the client's own header goes on. */
  readonly protocolVersion: string | undefined;
  /** Milliseconds until the reply's head, 0 = as long as the route allows. */
  readonly timeoutMs: number;
}
