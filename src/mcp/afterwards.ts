import { Exchange } from "../contract/exchange.ts";

/**
 * An exchange for what is still to be done when the client has left: ending a session that was opened for it. Same
 * caller, same request; but an aborted exchange lets no call through any more.
 */
export function afterwards(exchange: Exchange): Exchange {
  return exchange.aborted === undefined ? exchange : detached(exchange);
}

/** The same caller and request with a life of its own: for a connection that outlives the request that opened it. */
export function detached(exchange: Exchange): Exchange {
  const { connection, listener, incoming, body, httpVersion, limits, startedAt, startedMonotonic } = exchange;
  const copy = new Exchange({ connection, listener, request: incoming, body, httpVersion, limits, startedAt, startedMonotonic });
  Object.assign(copy.request, exchange.request); // what came in and what policies made of it are told apart later too
  Object.assign(copy.identity, exchange.identity);
  copy.route = exchange.route;
  copy.metadata = exchange.metadata;
  copy.mcp = exchange.mcp;
  copy.rewriteAuthority = exchange.rewriteAuthority;
  copy.trace = exchange.trace;
  copy.backendTimeoutMs = exchange.backendTimeoutMs;
  const attempt = exchange.attempts.at(-1);
  if (attempt !== undefined) copy.attempts.push(attempt); // where it went is told of both
  return copy;
}
