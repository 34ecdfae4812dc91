import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";

/**
 * Keeps web pages of other sites from reaching a server on the user's own machine: a name of theirs that resolves to
 * 127.0.0.1 passes every network barrier, but not this look at Host and Origin (MCP transports, "Security Warning").
 * @throws GatewayError `mcp_dns_rebinding`
 */
export function checkLocalOrigin(exchange: Exchange): void {
  const origins = exchange.incoming.headers.getAll("origin");
  const [origin] = origins;
  if (!isLocal(exchange.incoming.authority) || origins.length > 1) throw new GatewayError("mcp_dns_rebinding");
  if (origin === undefined) return;
  const host = /^https?:\/\/(.+)$/i.exec(origin)?.[1];
  if (host === undefined || !isLocal(host)) throw new GatewayError("mcp_dns_rebinding");
}

function isLocal(authority: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(authority);
}
