import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";

/**
 * Keeps web pages of other sites from reaching a server on the user's own machine: a name of theirs that resolves to
 * 127.0.0.1 passes every network barrier, but not this look at Host and Origin (MCP transports, "Security Warning").
 * @throws GatewayError `mcp_dns_rebinding`
 */
export function checkLocalOrigin(exchange: Exchange): void {
  const origins = exchange.incoming.headers.getAll("origin");
  if (!isLocal(exchange.incoming.authority) || origins.length > 1) throw new GatewayError("mcp_dns_rebinding");
  if (origins[0] !== undefined && !isLocalOrigin(origins[0])) throw new GatewayError("mcp_dns_rebinding");
}

/**
 * The same where nothing is configured: on loopback connections a page of another site is refused unless a `cors` policy
 * allows its origin. Whoever sends no Origin is no page, or a page that only reads (Fetch, "Origin header"). OPTIONS asks
 * for permission and is the cors policy's business.
 * @throws GatewayError `mcp_origin_refused`
 */
export function checkPageOrigin(exchange: Exchange): void {
  const origins = exchange.incoming.headers.getAll("origin");
  const [origin] = origins;
  if (origin === undefined || !isLoopback(exchange.connection.localAddress) || exchange.request.method === "OPTIONS") return;
  if (origins.length > 1 || !(exchange.originAllowed || isLocalOrigin(origin))) throw new GatewayError("mcp_origin_refused");
}

/** 127.0.0.0/8, also mapped into IPv6, and ::1. */
function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.") || address.toLowerCase().startsWith("::ffff:127.");
}

function isLocalOrigin(origin: string): boolean {
  const host = /^https?:\/\/(.+)$/i.exec(origin)?.[1];
  return host !== undefined && isLocal(host);
}

function isLocal(authority: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(authority);
}
