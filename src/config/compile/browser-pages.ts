import type { RoutePolicy } from "../../contract/policy.ts";
import type { Page } from "../../contract/runtime.ts";

/**
 * Answers for pages that browsers open, ahead of every policy: a browser has none of the credentials that clients have. The
 * map fills while the rest of the configuration is compiled.
 * @param pages by the path that they are below
 */
export function browserPages(pages: ReadonlyMap<string, readonly Page[]>): RoutePolicy {
  return (exchange, next) => {
    if (pages.size === 0) return next();
    const { path } = exchange.incoming;
    for (const [prefix, candidates] of pages) {
      if (!path.startsWith(prefix)) continue;
      for (const page of candidates) {
        const reply = page(exchange, path.slice(prefix.length));
        if (reply === undefined) continue;
        exchange.reason = "DirectResponse";
        return reply;
      }
    }
    return next();
  };
}
