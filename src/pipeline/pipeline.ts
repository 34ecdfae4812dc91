import { GatewayError } from "../contract/errors.ts";
import type { Exchange } from "../contract/exchange.ts";
import type { Reply } from "../contract/reply.ts";
import type { CompiledListener, CompiledRoute } from "../contract/runtime.ts";
import { toReply } from "./compose.ts";

/**
 * What happens to a request, top to bottom. Start reading here.
 *
 *   listener policies -> match route -> admission policies -> decode body -> route policies
 *     -> pick backend -> backend policies -> backend
 *
 * Policies may answer early, change the exchange, or change the reply on its way back. Their order is the order of
 * policies/index.ts, never the order of the configuration file. The server writes the reply and then calls `finish`.
 */
export function handle(listener: CompiledListener, exchange: Exchange): Promise<Reply> {
  return listener.chain(exchange, () => throughRoute(listener, exchange));
}

function throughRoute(listener: CompiledListener, exchange: Exchange): Promise<Reply> {
  const route = listener.match(exchange);
  if (route === undefined) throw new GatewayError("route_not_found");
  return throughRouteOf(route, exchange);
}

/** From a known route on; a route group's delegation enters here again. */
export function throughRouteOf(route: CompiledRoute, exchange: Exchange): Promise<Reply> {
  return route.admission(exchange, () => throughBody(route, exchange));
}

function throughBody(route: CompiledRoute, exchange: Exchange): Promise<Reply> {
  const decoded = route.decode(exchange); // fills exchange.llm or exchange.mcp: later policies and CEL see the call
  const onward = (): Promise<Reply> => route.chain(exchange, () => throughBackend(route, exchange));
  return decoded === undefined ? onward() : decoded.then(onward);
}

/** Runs once per attempt: the retry policy is the last route policy and may call this again. */
async function throughBackend(route: CompiledRoute, exchange: Exchange): Promise<Reply> {
  const backend = route.pick(exchange);
  exchange.error = undefined; // what an earlier attempt ended in is in its own record
  const attempt = { backend: backend.name, endpoint: undefined, status: 0 };
  exchange.attempts.push(attempt);
  try {
    const reply = await backend.call(exchange);
    attempt.status = reply.status;
    return reply;
  } catch (thrown) {
    const reply = toReply(exchange, thrown);
    attempt.status = reply.status;
    return reply;
  }
}
