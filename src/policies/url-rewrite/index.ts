import { definePolicy } from "../../contract/policy.ts";
import { compileAuthorityChange, compilePathChange } from "../location.ts";
import { type UrlRewriteConfig, urlRewriteConfig } from "./config.ts";

/**
 * Changes the URL that the backend sees. Where no authority is given (or `auto`), a backend with a host name gets its own
 * name as Host; any other choice, `none` included, keeps what this policy leaves.
 */
export const urlRewrite = definePolicy<UrlRewriteConfig>({
  name: "urlRewrite",
  config: urlRewriteConfig,
  compile(config) {
    const rewritePath = compilePathChange(config.path);
    const rewriteAuthority = compileAuthorityChange(config.authority, false);
    const chosen = config.authority !== undefined && config.authority.kind !== "auto";
    return (exchange, next) => {
      const { request } = exchange;
      if (rewritePath !== undefined) {
        const { path, search } = rewritePath(request, exchange.route);
        request.path = path;
        request.search = search;
      }
      if (rewriteAuthority !== undefined) request.authority = rewriteAuthority(request.authority, request.scheme);
      if (chosen) exchange.rewriteAuthority = false;
      return next();
    };
  },
});
