import { type JsonObject, parseJsonObject } from "../../base/json.ts";
import type { Exchange } from "../../contract/exchange.ts";
import type { Reply } from "../../contract/reply.ts";
import { type FacadeModes, type FacadeSettings, requiredEndpoint } from "./facade.ts";
import type { Front } from "./front.ts";
import { jsonReply, notAllowed, oauthError, openTo, type ProviderCalls, providerFailure, readRequest } from "./replies.ts";

const methods = "POST, OPTIONS";

/** Registers clients (RFC 7591): all as the configured one, or each with the provider. */
export class Registration {
  private readonly settings: FacadeSettings;
  private readonly modes: FacadeModes;
  private readonly calls: ProviderCalls;

  constructor(settings: FacadeSettings, modes: FacadeModes, calls: ProviderCalls) {
    this.settings = settings;
    this.modes = modes;
    this.calls = calls;
  }

  async answer(exchange: Exchange, front: Front): Promise<Reply> {
    if (exchange.incoming.method !== "POST") return notAllowed("POST");
    const bytes = await readRequest(exchange);
    const wanted = parseJsonObject(bytes);
    const { clientId } = this.settings;
    const refusal = this.refuse(wanted);
    if (refusal !== undefined) return openTo(methods, refusal);
    const reply = clientId === undefined ? await this.atProvider(exchange, front, wanted) : registeredAs(clientId, wanted);
    return openTo(methods, reply);
  }

  private refuse(wanted: JsonObject | undefined): Reply | undefined {
    const { allows, clientId } = this.settings;
    if (allows === undefined) return undefined;
    if (wanted === undefined)
      return clientId === undefined ? oauthError(400, "invalid_client_metadata", "expected a JSON object") : undefined;
    if (wanted["software_statement"] !== undefined) {
      // its claims would take precedence over what is checked here: RFC 7591 section 2.3
      return oauthError(400, "unapproved_software_statement", "software statements are not accepted here");
    }
    const uris = wanted["redirect_uris"] ?? [];
    if (Array.isArray(uris) && uris.every((uri) => typeof uri === "string" && allows(uri))) return undefined;
    return oauthError(
      400,
      "invalid_redirect_uri",
      "a redirect URI is not on this server's list; its operator can add it to mcpAuthentication.redirectUris",
    );
  }

  private async atProvider(exchange: Exchange, front: Front, wanted: JsonObject | undefined): Promise<Reply> {
    const { profile, issuer, allows } = this.settings;
    const fixed = this.fixedUrl(profile.registrationUrl, issuer);
    const current = fixed === undefined || allows !== undefined ? await this.modes.current(front) : undefined;
    const url = fixed ?? requiredEndpoint(current?.metadata ?? {}, "registration_endpoint", issuer);
    const relays = current?.mode === "relay" && wanted !== undefined;
    const body = relays ? { ...wanted, redirect_uris: [front.callback] } : wanted;
    // what was checked is what is sent: not the bytes, which another parser could read differently
    const text = body === undefined ? (exchange.body.collected ?? "").toString() : JSON.stringify(body);
    const answer = await this.calls.post(url, "application/json", text, exchange.incoming.headers.get("authorization"));
    return jsonReply(answer.status, relays ? withRedirectUris(answer.text, wanted["redirect_uris"]) : answer.text);
  }

  private fixedUrl(registrationUrl: (issuer: string) => string | undefined, issuer: string): string | undefined {
    try {
      return registrationUrl(issuer);
    } catch (cause) {
      throw providerFailure((cause as Error).message, cause);
    }
  }
}

/** The document of the reference: nothing is created, so nothing but the redirect URIs is the client's own. */
function registeredAs(clientId: string, wanted: JsonObject | undefined): Reply {
  const uris = wanted?.["redirect_uris"];
  const document = {
    client_id: clientId,
    client_id_issued_at: 0,
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code"],
    response_types: ["code"],
    redirect_uris: Array.isArray(uris) ? (uris as unknown[]) : [],
  };
  return jsonReply(201, JSON.stringify(document));
}

/** The client's own redirect URIs in place of the gateway's. An error is passed on as it is. */
function withRedirectUris(text: string, uris: unknown): string {
  const registered = parseJsonObject(Buffer.from(text));
  return registered?.["client_id"] === undefined ? text : JSON.stringify({ ...registered, redirect_uris: uris ?? [] });
}
