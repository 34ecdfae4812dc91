import { HeaderList } from "../../base/headers.ts";
import type { Exchange, RequestHead } from "../../contract/exchange.ts";
import { definePolicy } from "../../contract/policy.ts";
import { Reply } from "../../contract/reply.ts";
import { compileAuthorityChange, compilePathChange } from "../location.ts";
import { type RequestRedirectConfig, requestRedirectConfig } from "./config.ts";

/** Answers with a redirect instead of asking a backend. */
export const requestRedirect = definePolicy<RequestRedirectConfig>({
  name: "requestRedirect",
  config: requestRedirectConfig,
  compile(config) {
    const redirect = compileRedirect(config);
    return (exchange) => redirect(exchange, exchange.request);
  },
  compileBackend(config) {
    const redirect = compileRedirect(config);
    return (outgoing) => Promise.resolve(redirect(outgoing.exchange, outgoing.head));
  },
});

function compileRedirect(config: RequestRedirectConfig): (exchange: Exchange, head: Readonly<RequestHead>) => Reply {
  const rewritePath = compilePathChange(config.path);
  // a redirect to another scheme leaves the port behind with the old one
  const rewriteAuthority = compileAuthorityChange(config.authority, config.scheme === undefined);
  const status = config.status ?? 302;
  return (exchange, head) => {
    const scheme = config.scheme ?? head.scheme;
    const authority = rewriteAuthority === undefined ? head.authority : rewriteAuthority(head.authority, scheme);
    const { path, search } = rewritePath === undefined ? head : rewritePath(head, exchange.route);
    exchange.reason = "DirectResponse";
    return new Reply(status, new HeaderList(["location", `${scheme}://${authority}${path}${search}`]));
  };
}
