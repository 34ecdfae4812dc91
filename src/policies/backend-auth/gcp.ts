import { hash } from "node:crypto";
import { RecentMap } from "../../base/recent-map.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { Outgoing, Send } from "../../contract/outgoing.ts";
import type { BackendPolicy } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { CachedToken } from "../../upstream/cached-token.ts";
import { fetchDocument } from "../../upstream/fetch-document.ts";
import { compileCredentialDestination } from "../credential-location.ts";
import type { BackendAuthConfig } from "./config.ts";
import { compileGoogleCredential, type GoogleTokenKind, metadataServer } from "./google.ts";
import { put, readSecret } from "./placing.ts";

type GoogleConfig = Extract<BackendAuthConfig, { kind: "gcp" }>["gcp"];

/** Audiences whose tokens are kept; a backend has one, a policy shared by many backends has as many. */
const maxAudiences = 256;

/** A token of Google's. */
export function gcp(config: GoogleConfig, context: CompileContext): BackendPolicy {
  const tokens = googleTokens(config, context);
  const place = compileCredentialDestination(undefined);
  const kindFor = compileKind(config);
  const send = (outgoing: Outgoing, next: Send, token: string): Promise<Reply> => {
    put(place, outgoing, token);
    return next(outgoing);
  };
  return (outgoing, next) => {
    const token = tokens(kindFor(outgoing));
    if (typeof token === "string") return send(outgoing, next, token);
    const refuse = (cause: unknown): never => {
      context.log.warn("no Google token for a backend", { backend: outgoing.backend.name, error: String(cause) });
      throw new GatewayError("backend_auth_failed", { detail: "no token from Google", cause });
    };
    return token.catch(refuse).then((issued) => send(outgoing, next, issued));
  };
}

function compileKind(config: GoogleConfig): (outgoing: Outgoing) => GoogleTokenKind {
  if (config.type === "accessToken") return () => ({ type: "accessToken" });
  const { audience } = config;
  if (audience !== undefined) return () => ({ type: "idToken", audience });
  return ({ backend }) => {
    if (backend.host === undefined) throw new GatewayError("backend_auth_failed", { detail: "idToken needs `audience` for this backend" });
    return { type: "idToken", audience: `https://${backend.host}` };
  };
}

/**
 * Application Default Credentials (https://cloud.google.com/docs/authentication/application-default-credentials): the file
 * that the environment names, or the one that `gcloud auth application-default login` leaves. Undefined = the machine's own.
 */
function applicationDefault({ environment, readFile }: CompileContext): string | undefined {
  const named = environment["GOOGLE_APPLICATION_CREDENTIALS"];
  if (named !== undefined && named !== "") return readFile(named);
  const home = environment["HOME"];
  if (home === undefined) return undefined;
  try {
    return readFile(`${home}/.config/gcloud/application_default_credentials.json`);
  } catch {
    return undefined; // nobody has logged in here
  }
}

/** Tokens of one credential; shared by all policies that use it, also across reloads. */
function googleTokens({ credential }: GoogleConfig, context: CompileContext): (kind: GoogleTokenKind) => string | Promise<string> {
  const { clock } = context;
  const parts = { clock, fetch: fetchDocument };
  const json = credential === undefined ? applicationDefault(context) : readSecret(credential, context);
  const issue = json === undefined ? metadataServer(parts) : compileGoogleCredential(json, parts);
  const key = `google-tokens ${json === undefined ? "metadata server" : hash("sha256", json, "hex")}`;
  const tokens = context.resources.acquire(key, () => new RecentMap<string, CachedToken>(maxAudiences));
  return (kind) => {
    const name = kind.type === "idToken" ? kind.audience : "";
    let token = tokens.get(name);
    if (token === undefined) {
      token = new CachedToken(clock, () => issue(kind));
      tokens.set(name, token);
    }
    return token.get();
  };
}
