import type { Exchange } from "../../contract/exchange.ts";
import { CelDuration } from "../time.ts";
import { fieldTable } from "./field-view.ts";

/** CEL `proxy`. */
export const proxyFields = fieldTable<Exchange>({
  bind: ({ listener }) => listener.bind,
  gateway: ({ listener }) => ({ namespace: "", name: listener.gateway }),
  listener: ({ listener }) => ({ name: listener.listener }),
  route: ({ route }) => (route === undefined ? undefined : { namespace: "", name: route.route, rule: route.routeRule }),
  requestProcessingDuration: (exchange) => between(exchange.startedMonotonic, exchange.upstreamStartedAt),
  upstreamDuration: (exchange) => between(exchange.upstreamStartedAt, exchange.upstreamHeadersAt),
  responseProcessingDuration: (exchange) => between(exchange.upstreamHeadersAt, exchange.repliedAt),
});

/** CEL `backend`; its kind follows from what was recognised in the request. */
export const backendFields = fieldTable<Exchange>({
  name: ({ attempts }) => attempts.at(-1)?.backend,
  type: ({ protocol }) => (protocol === "llm" ? "ai" : protocol === "mcp" ? "mcp" : "static"),
  protocol: ({ protocol }) => protocol,
});

/** Both in monotonic milliseconds; 0 = not reached. */
function between(start: number, end: number): CelDuration | undefined {
  return start === 0 || end === 0 ? undefined : CelDuration.fromMilliseconds(end - start);
}
