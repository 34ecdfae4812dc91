import { definePolicy } from "../../contract/policy.ts";
import { type HttpConfig, httpConfig } from "./config.ts";

/**
 * The deadline of one backend for its headers. It takes the place of the one that the route has for all backends, and only
 * shortens those that the gateway sets by itself, such as for one server of many.
 */
export const http = definePolicy<HttpConfig>({
  name: "http",
  config: httpConfig,
  compileBackend({ requestTimeout = 0 }) {
    if (requestTimeout === 0) return (outgoing, next) => next(outgoing);
    return (outgoing, next) => {
      const { timeoutMs, exchange } = outgoing;
      const isRoutes = timeoutMs === 0 || timeoutMs === exchange.backendTimeoutMs;
      outgoing.timeoutMs = isRoutes ? requestTimeout : Math.min(timeoutMs, requestTimeout);
      return next(outgoing);
    };
  },
});
