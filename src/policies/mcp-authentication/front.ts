import type { Exchange } from "../../contract/exchange.ts";
import { authorizationServerPath, originOf } from "./metadata.ts";

/** The gateway as the authorization server that clients see: one for each path of a resource. */
export interface Front {
  readonly issuer: string;
  readonly registration: string;
  readonly authorize: string;
  readonly token: string;
  /** Where the provider sends people back to when the gateway relays. */
  readonly callback: string;
}

export type Endpoint = "metadata" | "client-registration" | "authorize" | "token" | "callback";

/**
 * @param path of the resource, or "": what follows the well-known part in the path of the metadata
 * @param origin as configured; undefined = as the client reached us
 */
export function frontOf(exchange: Exchange, path: string, origin: string | undefined): Front {
  const base = origin ?? originOf(exchange);
  const metadata = base + authorizationServerPath + path;
  return {
    issuer: base + path,
    registration: `${metadata}/client-registration`,
    authorize: `${metadata}/authorize`,
    token: `${metadata}/token`,
    callback: `${metadata}/callback`,
  };
}

/** Which endpoint a path below the well-known one is, and of which resource. @param served endpoints beside the metadata */
export function endpointOf(path: string, served: readonly Endpoint[]): { readonly endpoint: Endpoint; readonly resource: string } {
  const below = path.slice(authorizationServerPath.length);
  const found = served.find((endpoint) => below.endsWith(`/${endpoint}`));
  if (found === undefined) return { endpoint: "metadata", resource: below };
  return { endpoint: found, resource: below.slice(0, -found.length - 1) };
}
