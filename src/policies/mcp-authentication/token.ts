import type { Exchange } from "../../contract/exchange.ts";
import type { Reply } from "../../contract/reply.ts";
import { type FacadeSettings, tokenEndpoint } from "./facade.ts";
import type { Front } from "./front.ts";
import type { Provider } from "./login.ts";
import { jsonReply, notAllowed, oauthError, openTo, type ProviderCalls, readRequest } from "./replies.ts";

/** Parameters that decide what a request is allowed; RFC 6749 section 3.2: none is sent twice. */
const single = ["grant_type", "client_id", "client_secret", "redirect_uri", "code"];
/** Grants behind which a person stands. With any other, whoever comes here could get tokens on the secret alone. */
const delegated = new Set(["authorization_code", "refresh_token"]);

/** A token request (RFC 6749 section 3.2) on its way to the provider. */
export async function requestToken(
  exchange: Exchange,
  front: Front,
  { mode, metadata }: Provider,
  { settings, calls }: { readonly settings: FacadeSettings; readonly calls: ProviderCalls },
): Promise<Reply> {
  if (exchange.incoming.method !== "POST") return notAllowed("POST");
  const form = new URLSearchParams((await readRequest(exchange)).toString("utf8"));
  const repeated = single.find((name) => form.getAll(name).length > 1);
  if (repeated !== undefined) return openTo("POST, OPTIONS", oauthError(400, "invalid_request", `${repeated} is sent twice`));
  const authorization = exchange.incoming.headers.get("authorization");
  if (settings.profile.proxied !== undefined) {
    form.delete("resource");
    if (authorization === undefined) addSecret(form, settings);
  }
  // the code was issued for the gateway's callback: RFC 6749 section 4.1.3
  if (mode === "relay" && form.get("grant_type") === "authorization_code") form.set("redirect_uri", front.callback);
  const url = tokenEndpoint(metadata, settings);
  const answer = await calls.post(url, "application/x-www-form-urlencoded", form.toString(), authorization);
  return openTo("POST, OPTIONS", jsonReply(answer.status, answer.text));
}

/** The secret is the configured client's: nobody else's request gets it, and none that brings a credential. */
function addSecret(form: URLSearchParams, { clientId, clientSecret }: FacadeSettings): void {
  if (clientSecret === undefined || clientId === undefined || form.get("client_id") !== clientId) return;
  if (form.has("client_secret") || form.has("client_assertion") || !delegated.has(form.get("grant_type") ?? "")) return;
  form.set("client_secret", clientSecret);
}
