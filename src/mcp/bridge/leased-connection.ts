import { HeaderList } from "../../base/headers.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { RpcId } from "../../contract/mcp.ts";
import { Reply } from "../../contract/reply.ts";
import type { Leg } from "../delivery.ts";
import { replyWith } from "../relay.ts";
import { resultResponse } from "../rpc-error.ts";
import type { ClientHello, ServerHello } from "../session.ts";
import type { Connection, Outbound, Target } from "../upstream/target.ts";
import type { BridgeParts } from "./parts.ts";
import { renumber } from "./renumber.ts";
import { mapReply } from "./reply-map.ts";
import { SessionConnection } from "./session-connection.ts";
import type { Lease } from "./shared-sessions.ts";

/** A call of a client without a session, in a session at the server that calls of the same caller share. */
export class LeasedConnection implements Connection {
  readonly lost = false;
  private readonly bridge: BridgeParts;
  private readonly target: Target;
  private readonly client: ClientHello;
  private lease: Lease | undefined;

  constructor(bridge: BridgeParts, target: Target, client: ClientHello) {
    this.bridge = bridge;
    this.target = target;
    this.client = client;
  }

  async post(exchange: Exchange, message: Outbound): Promise<Reply> {
    const leg = this.leg(exchange, message.timeoutMs);
    const { delivery } = this.bridge;
    if (message.kind === "notification") return new Reply(202, new HeaderList()); // there is no session of the client's it could be about
    if (message.kind === "response") return delivery.post(leg, message);
    if (message.method === "initialize") {
      await delivery.ready(leg);
      const hello = resultResponse(message.id as RpcId, Buffer.from(JSON.stringify(helloResult(leg.link.hello))));
      return replyWith("json", hello);
    }
    const id = leg.session.nextId();
    const { bytes, restore } = renumber(message.bytes, id);
    const reply = await delivery.post(leg, { ...message, id, bytes });
    const { maxMessageBytes } = delivery;
    return mapReply(reply, { id: message.id as RpcId, target: this.target.name, maxMessageBytes, onResponse: restore, onMessage: restore });
  }

  async listen(): Promise<Reply> {
    return new Reply(405, new HeaderList());
  }

  /** The session at the server stays for the next call. */
  async close(): Promise<void> {
    this.lease?.release();
    this.lease = undefined;
  }

  private leg(exchange: Exchange, timeoutMs: number): Leg {
    const { target, client } = this;
    this.lease ??= this.bridge.shared.lease({
      exchange,
      target,
      client,
      connect: (to, hello, previous) => SessionConnection.to(this.bridge, to, { client: hello, previous }),
      logLevel: undefined,
      alone: false,
    });
    const { session, link } = this.lease;
    return { exchange, session, link, timeoutMs, quiet: true };
  }
}

function helloResult(hello: ServerHello | undefined): object {
  const { protocolVersion, capabilities = {}, serverInfo, instructions } = hello ?? {};
  return { protocolVersion, capabilities, serverInfo, ...(instructions === undefined ? {} : { instructions }) };
}
