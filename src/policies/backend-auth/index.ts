import { hash } from "node:crypto";
import { HeaderList } from "../../base/headers.ts";
import { RecentMap } from "../../base/recent-map.ts";
import type { FileOrInline } from "../../contract/config/files.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { RequestHead } from "../../contract/exchange.ts";
import type { Outgoing, Send } from "../../contract/outgoing.ts";
import { type BackendPolicy, definePolicy } from "../../contract/policy.ts";
import type { Reply } from "../../contract/reply.ts";
import type { CompileContext } from "../../contract/runtime.ts";
import { CachedToken } from "../../upstream/cached-token.ts";
import { fetchDocument } from "../../upstream/fetch-document.ts";
import { compileCredentialDestination, type CredentialDestination } from "../credential-location.ts";
import { type BackendAuthConfig, backendAuthConfig } from "./config.ts";
import { userLogin } from "./user-login/index.ts";
import { compileGoogleCredential, type GoogleTokenKind, metadataServer } from "./google.ts";

/** Gives each request the credential that the backend wants from us. */
export const backendAuth = definePolicy<BackendAuthConfig>({
  name: "backendAuth",
  config: backendAuthConfig,
  compileBackend(config, context) {
    switch (config.kind) {
      case "key": {
        const { value, ...rest } = config.key;
        const location = "location" in rest ? rest.location : undefined;
        return fixedKey(readSecret(value, context), compileCredentialDestination(location), location !== undefined);
      }
      case "passthrough": {
        const { location } = config.passthrough;
        return passthrough(compileCredentialDestination(location), location !== undefined);
      }
      case "gcp":
        return google(config.gcp, context);
      case "userLogin":
        return userLogin(config.userLogin, (secret) => readSecret(secret, context), context);
    }
  },
});

/** A file's content ends with the line break that editors put there. */
function readSecret(secret: FileOrInline, { readFile }: CompileContext): string {
  return secret.kind === "file" ? readFile(secret.file).trim() : secret.inline;
}

function fixedKey(key: string, place: CredentialDestination, placed: boolean): BackendPolicy {
  const trial: RequestHead = { method: "GET", scheme: "http", authority: "", path: "/", search: "", headers: new HeaderList() };
  if (!place(trial, key)) throw new Error("the key holds a line break or another character that a request cannot carry");
  return (outgoing, next) => {
    put(place, outgoing, key);
    outgoing.credentialPlaced = placed;
    return next(outgoing);
  };
}

/** The caller's own token, which the policy that verified it took out of the request. */
function passthrough(place: CredentialDestination, placed: boolean): BackendPolicy {
  return (outgoing, next) => {
    const { jwt } = outgoing.exchange.identity;
    if (jwt !== undefined) put(place, outgoing, jwt.token);
    outgoing.credentialPlaced = placed;
    return next(outgoing);
  };
}

function put(place: CredentialDestination, outgoing: Outgoing, credential: string): void {
  if (!place(outgoing.head, credential)) {
    throw new GatewayError("backend_auth_failed", { detail: "the credential holds characters that the request cannot carry" });
  }
}

type GoogleConfig = Extract<BackendAuthConfig, { kind: "gcp" }>["gcp"];

/** Audiences whose tokens are kept; a backend has one, a policy shared by many backends has as many. */
const maxAudiences = 256;

function google(config: GoogleConfig, context: CompileContext): BackendPolicy {
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
