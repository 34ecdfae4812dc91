import type { RequestHead } from "../../contract/exchange.ts";
import { definePolicy } from "../../contract/policy.ts";
import { compileHeaderEdits } from "../header-edits.ts";
import { type RequestHeaderModifierConfig, requestHeaderModifierConfig } from "./config.ts";

/** Changes headers of the request by literal values. `host` changes the authority that the backend sees. */
export const requestHeaderModifier = definePolicy<RequestHeaderModifierConfig>({
  name: "requestHeaderModifier",
  config: requestHeaderModifierConfig,
  compile(config, { warn }) {
    const { apply, host } = compileHeaderEdits(config, warn);
    return (exchange, next) => {
      apply(exchange.editHeaders());
      if (host !== undefined) setAuthority(exchange, exchange.request, host);
      return next();
    };
  },
  compileBackend(config, { warn }) {
    const { apply, host } = compileHeaderEdits(config, warn);
    return (outgoing, next) => {
      apply(outgoing.head.headers);
      if (host !== undefined) setAuthority(outgoing, outgoing.head, host);
      return next(outgoing);
    };
  },
});

function setAuthority(owner: { rewriteAuthority: boolean }, head: RequestHead, host: string): void {
  head.authority = host;
  owner.rewriteAuthority = false;
}
