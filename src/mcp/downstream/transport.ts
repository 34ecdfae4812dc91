import type { Exchange } from "../../contract/exchange.ts";
import type { Reply } from "../../contract/reply.ts";

/** How clients reach the gateway: what their HTTP requests mean. */
export interface DownstreamTransport {
  readonly name: string;
  /** Whether a request is in this transport's form. */
  serves(exchange: Exchange): boolean;
  /** Reads what the request carries into `exchange.mcp`. @throws GatewayError for what the transport forbids */
  decode(exchange: Exchange): void | Promise<void>;
  call(exchange: Exchange): Promise<Reply>;
}
