import { GatewayError } from "../../contract/errors.ts";
import { definePolicy } from "../../contract/policy.ts";
import { type CsrfConfig, csrfConfig } from "./config.ts";

/**
 * Refuses changing requests that a page of another origin makes a browser send. Browsers say so in Sec-Fetch-Site
 * (https://w3c.github.io/webappsec-fetch-metadata/); older ones only in Origin. A request with neither did not come from
 * a page, and passes.
 */
export const csrf = definePolicy<CsrfConfig>({
  name: "csrf",
  config: csrfConfig,
  compile(config) {
    const trusted = new Set(config.additionalOrigins);
    return (exchange, next) => {
      const { method, headers, scheme, authority } = exchange.request;
      if (method === "GET" || method === "HEAD" || method === "OPTIONS") return next();

      const origin = headers.get("origin");
      const isTrusted = origin !== undefined && origin !== "null" && trusted.has(origin);
      const site = headers.get("sec-fetch-site");
      if (site !== undefined) {
        if (site === "same-origin" || site === "none" || isTrusted) return next();
        throw new GatewayError("csrf_failed");
      }
      if (origin === undefined || origin === "null" || isTrusted) return next();
      if (origin === `${scheme}://${authority}`) return next();
      throw new GatewayError("csrf_failed");
    };
  },
});
