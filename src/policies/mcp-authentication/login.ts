import type { Exchange } from "../../contract/exchange.ts";
import type { Reply } from "../../contract/reply.ts";
import { writeParameter } from "../query.ts";
import { authorizationEndpoint, type FacadeMode, type FacadeSettings } from "./facade.ts";
import type { Front } from "./front.ts";
import { openLogin, packLogin } from "./login-state.ts";
import { notAllowed, pageError, redirectReply } from "./replies.ts";
import type { ServerMetadata } from "../../upstream/server-metadata.ts";

/** What the provider says of itself, and how the gateway stands in front of it. */
export interface Provider {
  readonly mode: FacadeMode;
  readonly metadata: ServerMetadata;
}

const notListed =
  "This application's redirect URI is not on the list of this server. Its operator can add it to mcpAuthentication.redirectUris.";

/**
 * An authorization request (RFC 6749 section 4.1.1), sent on to the provider without `resource` where that refuses it and,
 * when responses are relayed, with the gateway's callback as redirect URI. A redirect URI that is not on the operator's list
 * ends here: nobody is ever sent there, errors included.
 */
export function authorize(exchange: Exchange, front: Front, provider: Provider, settings: FacadeSettings): Reply {
  if (exchange.incoming.method !== "GET") return notAllowed("GET");
  let { search } = exchange.incoming;
  const [redirectUri, ...others] = new URLSearchParams(search).getAll("redirect_uri");
  if (settings.allows !== undefined && (redirectUri === undefined || others.length > 0 || !settings.allows(redirectUri))) {
    return pageError(400, notListed);
  }
  if (settings.profile.proxied !== undefined) search = writeParameter(search, "resource", undefined);
  if (provider.mode === "relay" && redirectUri !== undefined) {
    const state = packLogin({ redirectUri, state: new URLSearchParams(search).get("state") ?? undefined });
    if (state === undefined) return pageError(400, "The application's redirect URI and state are too long.");
    search = writeParameter(writeParameter(search, "redirect_uri", front.callback), "state", state);
    search = writeParameter(search, "response_mode", undefined); // the answer must come in the query
  }
  return redirectReply(withQuery(authorizationEndpoint(provider.metadata, settings), search));
}

/**
 * The provider's authorization response on its way to the client: `state` becomes the client's own again and `iss` the
 * gateway's (RFC 9207), after `iss` was compared with the provider's.
 */
export function relayResponse(exchange: Exchange, front: Front, { metadata }: Provider, settings: FacadeSettings): Reply {
  const { method, search } = exchange.incoming;
  if (method !== "GET") return notAllowed("GET");
  const response = new URLSearchParams(search);
  const login = openLogin(response.get("state") ?? "");
  if (login === undefined)
    return pageError(400, "This login was not started here, or its address was cut short. Start it again in your application.");
  if (settings.allows?.(login.redirectUri) !== true) return pageError(400, notListed);
  if (response.getAll("iss").length !== 1 || response.get("iss") !== metadata["issuer"]) {
    return pageError(
      400,
      "The response does not come from the identity provider of this server. Start the login again in your application.",
    );
  }
  if (login.state === undefined) response.delete("state");
  else response.set("state", login.state);
  response.set("iss", front.issuer);
  return redirectReply(withQuery(login.redirectUri, `?${response.toString()}`));
}

/** Adds parameters to an address that may have some, but has no fragment. @param search with its "?", or "" */
function withQuery(address: string, search: string): string {
  return address.includes("?") && search !== "" ? `${address}&${search.slice(1)}` : address + search;
}
